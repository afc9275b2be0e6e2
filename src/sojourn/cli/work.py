"""Work: submitting units and looking at them."""

import sys
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path as FilePath
from typing import Annotated, Final

import typer

from sojourn.app import App
from sojourn.cli import documents, effects, options, screen, session, times, units
from sojourn.cli.completion import clients
from sojourn.cli.failures import absent, bad
from sojourn.control import submit as control
from sojourn.control.door import resolve
from sojourn.control.unit import LARGEST, UnitForm, parse
from sojourn.core.decision import Decision
from sojourn.store import search
from sojourn.store import work as store
from sojourn.store.sets import Row

group = typer.Typer(help="Units of work: submit them, look at them.")
SPECIFIED: Final = (
    "uow_id", "journey_id", "stage", "tasks", "dependencies", "status",
    "created_at", "started_at", "completed_at",
)  # fmt: skip
"""The keys of a unit in the specification's JSON."""
OF_TASK: Final = (
    "task_id", "name", "agent_id", "input_data", "output_data", "status", "retry_count",
    "max_retries",
)  # fmt: skip
"""The keys of a task in it."""
ForClient = Annotated[
    str | None,
    typer.Option(
        "--client",
        metavar="CLIENT",
        help="The client's name, or the key or id of a journey.",
        autocompletion=clients,
    ),
]


@group.command("submit")
def submit(
    file: Annotated[
        str, typer.Argument(metavar="FILE", help="A JSON file with one unit of work; - is stdin.")
    ],
    client: ForClient = None,
    reason: options.Reason = "",
    who: options.As = None,
    role: options.Roles = None,
    dry_run: options.DryRun = False,
    as_json: options.Json = False,
) -> None:
    """Add a unit of work to the present stage of a journey, whole or not at all.

    The JSON is the specification's. uow_id and journey_id are kept as they are, and
    dependencies name other units of the journey by uow_id, name or id. Without --client the
    journey_id in the file names the journey. A task may also have: depends_on, max_retries,
    timeout, deadline, retry, undo, irreversible, idempotent, measures, facts; a unit also:
    name, purpose, required, every. Texts in input_data may refer to ${client.id},
    ${journey.metadata.x}, ${facts.x}, ${tasks.<task>.output.x} and
    ${units.<unit>.<task>.output.x}; a plain ${ is written $${.

    \b
    Examples:
      sojourn work submit unit.json --client medtronic
      sojourn work submit - --dry-run < unit.json
    """
    by = options.person(who, role)
    form = parse(_bytes(file))

    async def work(app: App) -> tuple[documents.Document, Decision]:
        decision = await control.submit(
            app.door,
            await resolve(app.door, _whose(client, form)),
            form,
            list(app.agents),
            actor=by.actor,
            roles=by.roles,
            reason=reason,
            dry_run=dry_run,
        )
        return documents.changed(decision, app.door.now(), dry_run=dry_run), decision

    document, decision = session.run(work)
    done = f"submit {form.uow_id} to {decision.state.client_id}"
    effects.answer(document, decision, done, as_json=as_json)


def _bytes(file: str) -> bytes:
    try:
        if file == "-":
            return sys.stdin.buffer.read(LARGEST + 1)
        with FilePath(file).open("rb") as opened:
            return opened.read(LARGEST + 1)
    except OSError as error:
        raise bad(f"{file} cannot be read: {error.strerror}") from None


def _whose(client: str | None, form: UnitForm) -> str:
    if client or form.journey_id:
        return client or form.journey_id or ""
    raise bad("the unit names no journey_id", "--client CLIENT")


@group.command("show")
def show(
    unit: Annotated[
        str | None,
        typer.Argument(
            metavar="UNIT", help="The unit's uow_id, id or name; all of the visit if left out."
        ),
    ] = None,
    client: ForClient = None,
    as_json: options.Json = False,
) -> None:
    """Print a unit of work as the specification's JSON, with outputs and statuses.

    With --client alone it prints a list of all units of the present stage. The answer is JSON
    in any case; on a terminal it is in colour without --json.

    \b
    Examples:
      sojourn work show uow-sandbox-medtronic-001
      sojourn work show connectors --client medtronic
    """
    if unit is None and client is None:
        raise bad("name a unit or a client", "sojourn work show UNIT, or --client CLIENT")
    found = session.run(lambda app: _documents(app, unit, client))
    shown = [specified(row) for row in found]
    screen.print_document(shown[0] if unit else shown, plain=as_json)


def specified(row: Row) -> documents.Document:
    """Return a unit exactly as the specification writes it, in its order of keys."""
    tasks = [{key: task[key] for key in OF_TASK} for task in row["tasks"]]
    return {key: row[key] for key in SPECIFIED} | {"tasks": tasks}


async def _documents(app: App, unit: str | None, client: str | None) -> list[Row]:
    journey_id = await resolve(app.door, client) if client else None
    async with app.door.db.connection() as connection:
        if unit is None and journey_id is not None:
            visit = (await session.look_at(app.door, journey_id)).state.visit
            return await store.documents(connection, journey_id, visit=visit)
        rows = await search.units_called(connection, unit or "", journey_id)
        found = _one(rows, unit or "", client)
        key = str(found["uow_id"])
        return await store.documents(connection, found["journey_id"], key)


def _one(rows: Sequence[Row], unit: str, client: str | None) -> Row:
    """Return the unit that is meant: of several of one journey the newest."""
    if not rows:
        see = f"sojourn work list {client or 'CLIENT'}"
        raise absent(f"there is no unit of work {unit!r}{f' of {client}' if client else ''}", see)
    whose = dict.fromkeys(row["client_id"] for row in rows)
    if len({row["journey_id"] for row in rows}) > 1:
        told = f"several journeys have a unit {unit!r}: of {', '.join(list(whose)[:10])}"
        raise bad(told, "say whose: --client CLIENT")
    return rows[0]


@group.command("list")
def list_(
    client: options.Client,
    every: Annotated[
        bool, typer.Option("--all", help="Of all visits of all stages, not only the present one.")
    ] = False,
    limit: options.Limit = 1000,
    as_json: options.Json = False,
) -> None:
    """List a journey's units of work with their tasks.

    \b
    Example:
      sojourn work list medtronic --all
    """

    async def work(app: App) -> tuple[list[Row], datetime]:
        shot = await session.look(app.door, client)
        visit = None if every else shot.state.visit
        async with app.door.db.connection() as connection:
            found = await store.documents(
                connection, shot.state.journey_id, visit=visit, limit=limit
            )
        return found, app.door.now()

    rows, now = session.run(work)
    columns = ("unit", "stage", "#visit", "purpose", "status", "#tasks", "began", "done")
    nothing = f"no work is planned for {client}; see: sojourn explain {client}"
    lines = (_unit_row(row, now) for row in rows)
    screen.answer({"units": rows}, columns, lines, nothing, as_json=as_json)


def _unit_row(row: Row, now: datetime) -> list[object]:
    done = sum(t["status"] == "completed" for t in row["tasks"])
    return [
        row["name"] if row["uow_id"] == str(row["uow_uuid"]) else row["uow_id"],
        row["stage"],
        row["visit"],
        row["purpose"],
        units.status(row["status"]),
        f"{done}/{len(row['tasks'])}",
        times.when(row["started_at"], now),
        times.when(row["completed_at"], now),
    ]
