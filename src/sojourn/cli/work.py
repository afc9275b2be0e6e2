"""Work: submitting units, looking at them, sending failed tasks again, answering agents."""

import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path as FilePath
from typing import Annotated, Any, Final

import typer
from rich.table import Table

from sojourn.app import App
from sojourn.cli import documents, effects, options, screen, session, times, values
from sojourn.cli.changing import carry_out
from sojourn.cli.completion import clients
from sojourn.cli.failures import absent, bad
from sojourn.control import submit as control
from sojourn.control.door import resolve
from sojourn.control.unit import LARGEST, UnitForm, parse
from sojourn.core.commands import AnswerQuestion, RetryFailed
from sojourn.core.decision import Decision
from sojourn.core.work import Progress, UnitOfWorkStatus
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
OWN: Final = ("agent_id", "name", "status", "retry_count", "max_retries", "depends_on")
TIMES: Final = ("started_at", "completed_at", "deadline_at", "due_at")
MARKS: Final[Mapping[str, tuple[str, str]]] = {
    "pending": ("·", "dim"),
    "running": ("▶", "bold"),
    "completed": ("✓", "good"),
    "failed": ("✗", "bad"),
    "rolled_back": ("↩", "warn"),
}
COLUMNS: Final = ("unit, task", "!status", "#done", "#retries", "", "!agent")
LIVELY: Final = ("running", "failed")
ForClient = Annotated[
    str | None,
    typer.Option(
        "--client",
        metavar="CLIENT",
        help="The client's name, or the key or id of a journey.",
        autocompletion=clients,
    ),
]


def retry(
    client: options.Client,
    unit: options.Unit = "",
    task: options.TaskId = "",
    reason: options.Reason = "",
    who: options.As = None,
    role: options.Roles = None,
    dry_run: options.DryRun = False,
    as_json: options.Json = False,
) -> None:
    """Send failed tasks again.

    All of the visit, or those of one unit, or one task. Work goes on from the failed task; what
    is done stays done.

    \b
    Examples:
      sojourn retry medtronic
      sojourn retry medtronic --unit connectors --task install-confluence
    """
    by = options.person(who, role)
    command = RetryFailed(actor=by.actor, roles=by.roles, reason=reason, unit=unit, task=task)
    carry_out(client, command, f"retry {client}", dry_run=dry_run, as_json=as_json)


def answer(
    client: options.Client,
    text: Annotated[
        str, typer.Argument(metavar="ANSWER", help="JSON where it is JSON, text otherwise.")
    ],
    unit: options.Unit = "",
    task: options.TaskId = "",
    reason: options.Reason = "",
    who: options.As = None,
    role: options.Roles = None,
    dry_run: options.DryRun = False,
    as_json: options.Json = False,
) -> None:
    """Answer what an agent asked.

    Its task goes on with the answer. --unit and --task say which question, where several are
    open (sojourn show CLIENT).

    \b
    Examples:
      sojourn answer medtronic "use the EU tenant"
      sojourn answer medtronic --unit connectors --task install-jira '{"tenant": "eu"}'
    """
    by = options.person(who, role)
    command = AnswerQuestion(
        actor=by.actor,
        roles=by.roles,
        reason=reason,
        answer=values.value(text, "the answer"),
        unit=unit,
        task=task,
    )
    carry_out(client, command, f"answer for {client}", dry_run=dry_run, as_json=as_json)


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
    if as_json:
        return screen.print_json({"units": rows})
    if not rows:
        return screen.say(f"no work is planned for {client}; see: sojourn explain {client}")
    columns = ("unit", "stage", "#visit", "purpose", "status", "#tasks", "began", "done")
    return screen.say(screen.table(columns, (_unit_row(row, now) for row in rows)))


def _unit_row(row: Row, now: datetime) -> list[object]:
    done = sum(t["status"] == "completed" for t in row["tasks"])
    return [
        row["name"] if row["uow_id"] == str(row["uow_uuid"]) else row["uow_id"],
        row["stage"],
        row["visit"],
        row["purpose"],
        status(row["status"]),
        f"{done}/{len(row['tasks'])}",
        times.when(row["started_at"], now),
        times.when(row["completed_at"], now),
    ]


def status(word: str) -> Any:
    """Return the status of a unit or task with its icon."""
    icon, style = MARKS[word]
    return screen.text(f"{icon} {word.replace('_', ' ')}", style)


def described(unit: Progress, tasks: Iterable[Row]) -> documents.Document:
    """Return a unit of the present visit as JSON, with all that is known of its tasks."""
    return {
        "uow_id": unit.uow_id,
        "name": unit.name,
        "purpose": unit.purpose,
        "status": unit.status,
        "required": unit.required,
        "every_s": unit.every.total_seconds() if unit.every else None,
        "runs": unit.runs,
        "dependencies": list(unit.dependencies),
        "tasks": [_described(t) for t in tasks if str(t["uow_id"]) == unit.uow_id],
    }


def _described(task: Row) -> documents.Document:
    kept = {key: task[key] for key in ("task_id", *OWN, *TIMES, "question", "error")}
    return kept | {"output_data": task["output_data"]}


def listed(
    units: Sequence[Progress], tasks: Sequence[Row], now: datetime, *, brief: bool = False
) -> Table:
    """Return units and their tasks as one table; ``brief`` has only tasks that run or failed."""
    rows: list[list[object]] = []
    for unit in units:
        count = f"{unit.completed}/{unit.total}"
        name = screen.text(unit.name, "bold")
        rows.append([name, status(_standing(unit)), count, "", _repeats(unit), ""])
        mine = [t for t in tasks if str(t["uow_id"]) == unit.uow_id]
        rows += [_task_row(t, now) for t in mine if not brief or t["status"] in LIVELY]
    shown = len(COLUMNS) - screen.narrow()
    return screen.table(COLUMNS[:shown], (row[:shown] for row in rows))


def _standing(unit: Progress) -> str:
    """Return how a unit stands; one that repeats has completed once it has run."""
    again = unit.runs and unit.status == UnitOfWorkStatus.PENDING
    return UnitOfWorkStatus.COMPLETED if again else unit.status


def _repeats(unit: Progress) -> str:
    optional = "" if unit.required else "optional"
    ran = f"ran {unit.runs} times" if unit.every and unit.runs else ""
    return ", ".join(word for word in (optional, ran) if word)


def _task_row(task: Row, now: datetime) -> list[object]:
    retries = f"{task['retry_count']}/{task['max_retries']}" if task["retry_count"] else ""
    shown = f"  {task['name']}"
    return [shown, status(task["status"]), "", retries, _told(task, now), task["agent_id"]]


def _told(task: Row, now: datetime) -> str:
    if task["question"]:
        asked, agent = task["question"].get("prompt", ""), task["agent_id"]
        return f"asks: {asked} ({agent} waits)"
    if task["error"]:
        return str(task["error"].get("message", ""))
    if task["status"] == "pending" and task["timed"] and task["due_at"]:
        return f"again {times.ago(task['due_at'], now)}"
    return ""
