"""Recording metrics and facts, one by one or in bulk."""

import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Annotated, Any, BinaryIO

import typer
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from sojourn.app import App
from sojourn.cli import bulk, options, screen, session, times, values
from sojourn.cli.failures import bad
from sojourn.control.door import resolve
from sojourn.control.record import Line, Recorded, record_lines

STEP = 5_000
"""Lines between two signs of progress."""


Pairs = Annotated[
    list[str] | None,
    typer.Argument(metavar="NAME=VALUE", help="A metric or a fact and its value."),
]
At = Annotated[
    str | None, typer.Option("--at", metavar="TIME", help="When it was so; now by default.")
]
Count = Annotated[
    int, typer.Option("--n", min=1, max=2**31 - 1, metavar="N", help="Samples behind a metric.")
]
Source = Annotated[
    str,
    typer.Option(
        "--source", metavar="TEXT", help="Where it comes from; you by default.", show_default=False
    ),
]
File = Annotated[
    str | None,
    typer.Option("--file", metavar="FILE", help="Many at once: JSON lines or CSV; - is stdin."),
]
Format = Annotated[
    bulk.Format | None, typer.Option("--format", help="Of the file, where its name says none.")
]


def record(
    client: options.MaybeClient = None,
    pairs: Pairs = None,
    at: At = None,
    n: Count = 1,
    source: Source = "",
    file: File = None,
    kind: Format = None,
    who: options.As = None,
    role: options.Roles = None,
    dry_run: options.DryRun = False,
    as_json: options.Json = False,
) -> None:
    """Record metrics and facts, one by one or in bulk.

    All of it is written or nothing; the engine then looks at the journeys at once. The
    journey's path says which names are metrics and which are facts; any other name is a metric
    where its value is a number. A value is read as JSON where it is JSON; '[a, b]' is a list;
    anything else is text.

    A file has one value a line: client, name (or metric), value, at, n, source, and error
    instead of value where the source had none. CSV begins with the columns' names. CLIENT is
    then whose the values are where a line does not say.

    \b
    Examples:
      sojourn record medtronic contract_signed=true 'data_sources=[confluence, jira]'
      sojourn record medtronic user_satisfaction=4.3 --n 120 --at 2026-05-03T10:00:00Z
      sojourn record --file values.jsonl
      export-metrics | sojourn record medtronic --file - --format csv --dry-run
    """
    by = options.person(who, role)
    if bool(file) == bool(pairs):
        told = "give NAME=VALUE after CLIENT, or --file FILE" + (", not both" if file else "")
        raise bad(told, "sojourn record --help has examples")
    if file:
        lines = _from_file(file, kind, client)
    else:
        lines = _typed(client or "", pairs or [], at, n, source)

    async def work(app: App) -> Recorded:
        if not file:
            await resolve(app.door, client or "")
        return await _write(app, lines, by.actor, dry_run=dry_run)

    _tell(session.run(work), dry_run=dry_run, as_json=as_json)


def _typed(client: str, pairs: Iterable[str], at: str | None, n: int, source: str) -> list[Line]:
    moment = times.moment(at) if at else None
    found = values.pairs(pairs, "argument")
    return [Line(client, name, value, moment, n, source) for name, value in found.items()]


def _from_file(name: str, kind: bulk.Format | None, client: str | None) -> list[Line]:
    with _opened(name) as file, _progress() as progress:
        shown = "stdin" if name == "-" else name
        return list(_counted(bulk.read(file, shown, kind, client), progress))


@contextmanager
def _opened(name: str) -> Iterator[BinaryIO]:
    if name == "-":
        yield sys.stdin.buffer
        return
    try:
        with open(name, "rb") as file:  # noqa: PTH123 -- beside the pipe above
            yield file
    except OSError as error:
        raise bad(f"{name} cannot be read: {error.strerror}") from None


@contextmanager
def _progress() -> Iterator[Progress]:
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    console = screen.err()
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as p:
        p.add_task("reading")
        yield p


def _counted(lines: Iterable[Line], progress: Progress) -> Iterator[Line]:
    for number, line in enumerate(lines, 1):
        if number % STEP == 0:
            progress.update(progress.task_ids[0], description=f"reading, {number:,} lines")
        yield line


async def _write(app: App, lines: list[Line], actor: str, *, dry_run: bool) -> Recorded:
    if not lines:
        return Recorded(0, 0, 0)
    with _progress() as progress:
        progress.update(progress.task_ids[0], description=f"writing {len(lines):,} values")
        return await record_lines(app.door, lines, actor, dry_run=dry_run)


def _tell(recorded: Recorded, *, dry_run: bool, as_json: bool) -> None:
    counts: dict[str, Any] = {
        "dry_run": dry_run,
        "measurements": recorded.measurements,
        "known": recorded.known,
        "facts": recorded.facts,
        "notes": list(recorded.notes),
    }
    if as_json:
        return screen.print_json(counts)
    for remark in recorded.notes:
        screen.note(f"note: {remark}")
    done = f"{recorded.measurements:,} measurements and {recorded.facts:,} facts"
    known = f" ({recorded.known:,} more were known already)" if recorded.known else ""
    said = "dry run, nothing was written; it would record" if dry_run else "recorded"
    return screen.say(f"{said} {done}{known}")
