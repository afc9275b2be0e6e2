"""Moving running journeys to another version of their path, or to another path."""

from collections.abc import Iterator, Sequence
from typing import Annotated, Any
from uuid import UUID

import typer

from sojourn.app import App
from sojourn.cli import documents, options, screen, session, shelf
from sojourn.cli.completion import clients
from sojourn.cli.failures import Status, absent, named
from sojourn.cli.paths import called, change
from sojourn.control.change import change as carry_out
from sojourn.control.door import RefusedError, resolve
from sojourn.control.migration import consider
from sojourn.core.commands import Migrate
from sojourn.core.decision import Decision, Refusal
from sojourn.core.paths import Path
from sojourn.core.snapshot import Snapshot
from sojourn.paths.diff import diff
from sojourn.store.journeys import on_path
from sojourn.store.sets import Connection
from sojourn.store.transactions import in_transaction

MOST = 100_000


Name = Annotated[str, typer.Argument(metavar="NAME", help="The path that the journeys are on now.")]
To = Annotated[
    str, typer.Option("--to", metavar="PATH", help="A file, a name, NAME@VERSION or a version.")
]
Clients = Annotated[
    list[str] | None,
    typer.Option(
        "--client",
        metavar="CLIENT",
        help="Only this client's journey; may be repeated.",
        autocompletion=clients,
    ),
]


def migrate(
    name: Name,
    to: To,
    client: Clients = None,
    reason: options.Reason = "",
    who: options.As = None,
    role: options.Roles = None,
    dry_run: options.DryRun = False,
    as_json: options.Json = False,
) -> None:
    """Move running journeys to another version of their path.

    First it says for each journey what would change for it, in its present stage and those to
    come, or why it cannot move; then it moves those that can. What a journey has done stays
    done, work that is planned already stays as it is, and units that the new version adds to
    its stage are planned. Exit status 4 where a journey cannot move.

    \b
    Examples:
      sojourn path migrate standard --to my-standard.yaml --dry-run
      sojourn path migrate standard --to 2 --client medtronic
    """
    by = options.person(who, role)

    async def work(app: App) -> tuple[Path, list[documents.Document]]:
        goal = await shelf.find(app, f"{name}@{to}" if to.isdecimal() else to)
        if not dry_run:
            goal = await _registered(app, goal)
        command = Migrate(actor=by.actor, roles=by.roles, reason=reason, path=goal)
        found = await _considered(app, await _journeys(app, name, client or []), command)
        for one in found if not dry_run else ():
            await _moved(app, one, command)
        return goal, found

    goal, found = session.run(work)
    if as_json:
        screen.print_json({"dry_run": dry_run, "to": called(goal), "journeys": found})
    else:
        screen.say(*_lines(name, found, dry_run=dry_run))
    if any(one["refusal"] for one in found):
        raise typer.Exit(Status.REFUSED)


async def _registered(app: App, goal: Path) -> Path:
    async def register(connection: Connection) -> Path:
        return await app.door.shelf.register(connection, goal)

    return await in_transaction(app.door.db, register)


async def _journeys(app: App, name: str, wanted: Sequence[str]) -> list[UUID]:
    async with app.door.db.connection() as connection:
        running = await on_path(connection, name, None, MOST)
    if not wanted:
        return running
    ids = [await resolve(app.door, one) for one in wanted]
    for one, key in zip(wanted, ids, strict=True):
        if key not in running:
            raise absent(f"{one} has no running journey on path {name}", f"sojourn show {one}")
    return list(dict.fromkeys(ids))


async def _considered(app: App, ids: Sequence[UUID], command: Migrate) -> list[documents.Document]:
    """Say for each journey what moving it would change, or why it cannot be moved."""
    known: dict[tuple[str, str], list[documents.Document]] = {}
    found: list[documents.Document] = []
    async for batch in consider(app.door, ids, command):
        for shot, decision in batch:
            stage = shot.path.digest, shot.state.current_stage
            if stage not in known:
                known[stage] = [change(c) for c in relevant(shot, command.path)]
            found.append(_document(shot, decision, known[stage]))
    return found


def _document(
    shot: Snapshot, decision: Decision, changes: list[documents.Document]
) -> documents.Document:
    state, refusal = shot.state, decision.refusal
    return {
        "journey_id": str(state.journey_id),
        "client_id": state.client_id,
        "journey_key": state.journey_key,
        "stage": state.current_stage,
        "from": f"{shot.path.name}@{shot.path.version}",
        "changes": changes,
        "new_units": [unit.name for unit in decision.plans],
        "refusal": _refusal(refusal, state.client_id) if refusal else None,
        "migrated": False,
    }


def _refusal(refusal: Refusal, client: str) -> documents.Document:
    message, remedy = named(refusal.message, client), named(refusal.remedy, client)
    return {"code": refusal.code, "message": message, "remedy": remedy}


async def _moved(app: App, told: documents.Document, command: Migrate) -> None:
    if told["refusal"] or not told["changes"]:
        return
    try:
        await carry_out(app.door, UUID(told["journey_id"]), command)
        told["migrated"] = True
    except RefusedError as error:
        told["refusal"] = _refusal(error.refusal, told["client_id"])


def relevant(shot: Snapshot, goal: Path) -> list[Any]:
    """Return the differences that the journey will still meet; stages behind it are past."""
    stage = shot.state.current_stage
    names = shot.path.names
    past = names[: names.index(stage)] if stage in names else ()
    return [
        c
        for c in diff(shot.path, goal)
        if not any(c.place == name or c.place.startswith(f"{name}.") for name in past)
    ]


def _lines(name: str, found: Sequence[documents.Document], *, dry_run: bool) -> Iterator[Any]:
    if dry_run:
        yield screen.text("dry run, nothing was changed", "bold")
    if not found:
        yield f"no journey runs on path {name}"
    for one in found:
        who = f"{one['client_id']} ({one['from']}, in {one['stage']})"
        if one["refusal"]:
            yield screen.text(f"✗ {who} cannot: {one['refusal']['message']}", "bad")
        elif not one["changes"]:
            yield screen.text(f"= {who}: nothing changes for it; it stays", "dim")
        else:
            said = "would change" if dry_run else "moved"
            yield screen.text(f"{'·' if dry_run else '✓'} {who} {said}:", "good")
            yield from (_change(c) for c in one["changes"])
            yield from (f"    plan unit {name}" for name in one["new_units"])


def _change(one: documents.Document) -> Any:
    old, new = one["old"], one["new"]
    if one["kind"] == "changed":
        return screen.text(f"    ~ {one['place']}: {old or 'nothing'} -> {new or 'nothing'}")
    sign = "+" if one["kind"] == "added" else "-"
    return screen.text(f"    {sign} {one['place']}: {new if sign == '+' else old}")
