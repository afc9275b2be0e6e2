"""Starting a journey."""

from collections.abc import Iterator, Mapping
from pathlib import Path as FilePath
from typing import Annotated, Any

import typer

from sojourn.app import App
from sojourn.cli import documents, effects, options, screen, session, shelf, values
from sojourn.cli.completion import paths
from sojourn.cli.failures import bad, named
from sojourn.control.start import start as begin
from sojourn.core.criteria import Observe, verdict_of, words
from sojourn.core.decision import Decision
from sojourn.core.paths import Path, lists_of, subjects
from sojourn.core.work import hint

LONGEST_KEY = 200
NewClient = Annotated[
    str, typer.Argument(metavar="CLIENT", help="The client's name, such as medtronic.")
]
OnPath = Annotated[
    str,
    typer.Option(
        "--path",
        metavar="PATH",
        help="A path's name, NAME@VERSION, or a YAML file.",
        autocompletion=paths,
    ),
]
Fact = Annotated[
    list[str] | None,
    typer.Option("--fact", metavar="NAME=VALUE", help="What is the case already; may be repeated."),
]
Meta = Annotated[
    list[str] | None,
    typer.Option("--meta", metavar="NAME=VALUE", help="Metadata of the journey; may be repeated."),
]
MetaFile = Annotated[
    FilePath | None,
    typer.Option("--meta-file", metavar="FILE", help="A JSON object with metadata."),
]
Owner = Annotated[
    str | None, typer.Option("--owner", metavar="NAME", help="Who looks after this client.")
]
Key = Annotated[
    str,
    typer.Option(
        "--key",
        metavar="KEY",
        help="The journey's name outside; journey-CLIENT-YEAR by default.",
        show_default=False,
    ),
]


def start(
    client: NewClient,
    path: OnPath = "standard",
    fact: Fact = None,
    meta: Meta = None,
    meta_file: MetaFile = None,
    owner: Owner = None,
    key: Key = "",
    who: options.As = None,
    role: options.Roles = None,
    dry_run: options.DryRun = False,
    as_json: options.Json = False,
) -> None:
    """Start a journey for a client.

    It says what the entry gate still waits for, and how to record it. A value is read as JSON
    where it is JSON (true, 25, 0.87); '[a, b]' is a list, of texts where its items are bare
    words; anything else is text. Quote the brackets for your shell.

    \b
    Examples:
      sojourn start medtronic
      sojourn start medtronic --path healthcare --owner ann \\
          --fact contract_signed=true --fact 'data_sources=[confluence, sharepoint]'
      sojourn start acme --path ./my-path.yaml --meta-file acme.json --dry-run
    """
    by = options.person(who, role)
    facts = values.pairs(fact or [], "fact")
    metadata = values.json_object(meta_file, "--meta-file") if meta_file else {}
    metadata |= values.pairs(meta or [], "meta")
    for word, option in ((owner, "--owner"), (key, "--key")):
        _check_word(word, option)
    given: dict[str, Any] = {
        "journey_key": key,
        "metadata": metadata,
        "facts": facts,
        "owner": owner,
    }

    async def work(app: App) -> tuple[documents.Document, Decision]:
        found = await shelf.find(app, path)
        _check_facts(found, facts)
        decision = await begin(app.door, found, client, by.actor, **given, dry_run=dry_run)
        return documents.changed(decision, app.door.now(), dry_run=dry_run), decision

    document, decision = session.run(work)
    effects.answer(document, decision, f"start {client}", as_json=as_json)
    if not as_json:
        screen.say(*_waits(decision))


def _check_word(word: str | None, option: str) -> None:
    bad_one = word and not (
        word.isprintable() and word.strip() == word and len(word) <= LONGEST_KEY
    )
    if bad_one or (word == "" and option == "--owner"):
        told = f"{option}: {(word or '')[:40]!r} is no name"
        raise bad(told, f"1 to {LONGEST_KEY} printable characters, no space at the ends")


def _check_facts(path: Path, facts: Mapping[str, Any]) -> None:
    """Refuse a metric given as a fact; mention what nothing looks at."""
    wanted, metrics = subjects(path, Observe.FACT), subjects(path, Observe.METRIC)
    lists = lists_of(path)
    for name, value in facts.items():
        if name in metrics:
            remedy = f"start without it, then: sojourn record CLIENT {name}={value}"
            raise bad(f"{name} is a metric of path {path.name}, not a fact", remedy)
        if name not in wanted | lists:
            screen.note(
                f"note: no criterion of path {path.name} looks at {name}{hint(name, wanted)}"
            )


def _waits(decision: Decision) -> Iterator[str]:
    client = decision.state.client_id
    yield f"{client} is in {decision.state.current_stage}; its key is {decision.state.journey_key}"
    failing = decision.result.failing if decision.result else ()
    if decision.state.admitted_at is None and failing:
        yield "its entry gate waits for:"
        for check in failing:
            yield f"  {check.name} ({words(verdict_of(check))}): {named(check.remedy, client)}"
    yield f"next: sojourn explain {client}"
