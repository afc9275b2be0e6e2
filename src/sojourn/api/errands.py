"""What other agents may ask of us, over A2A and MCP alike: each errand with its arguments.

An errand does what the HTTP API does for the same caller, by the same functions and within the same
rights; it answers with a text for people and a document for machines.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Any, Final, get_type_hints

from pydantic import AfterValidator, AwareDatetime, BaseModel, Field

from sojourn.api.actions import OPERATORS
from sojourn.api.callers import Caller
from sojourn.api.documents import Asked, Effects, JsonObject, Line, Text, effects_of
from sojourn.api.gates import Explanation, get_explanation
from sojourn.api.journeys import Journey, changed_by, described
from sojourn.api.problems import ProblemError
from sojourn.api.shelf import path_named
from sojourn.api.stuck import Stuck, Wanted, stuck
from sojourn.control import Line as Recording
from sojourn.control import change, preview, record_lines, start
from sojourn.core import commands
from sojourn.core.commands import Command
from sojourn.core.work import hint

Client = Annotated[Line, Field(description="The client's name, the journey's key or its id.")]


def _said(text: str) -> str:
    if not text.strip():
        raise ValueError("say why")
    return text


Reason = Annotated[
    Text, AfterValidator(_said), Field(description="Why; it stands in the journal.", min_length=1)
]


class Named(Asked):
    """One journey."""

    client: Client


class Because(Named):
    """One journey, and why."""

    reason: Reason


class Start(Asked):
    """A new journey."""

    client: Annotated[Line, Field(description="The client's name.")]
    reason: Reason
    path: Line = Field(default="standard", description="`name`, or `name@version`.")
    facts: JsonObject = Field(default_factory=dict, description="What is known of the client.")
    metadata: JsonObject = Field(default_factory=dict)
    owner: Line | None = None
    until: Line | None = Field(
        default=None, description="A stage: the task goes on until the journey has reached it."
    )


class Approval(Because):
    """An approval of one criterion."""

    criterion: Line
    evidence_hash: Text = Field(
        default="", description="The `evidence_hash` of the explanation that was looked at."
    )


class Rollback(Because):
    """A rollback."""

    target: Line | None = Field(default=None, description="The previous stable stage by default.")
    trigger: Line = "client_request"
    dry_run: bool = Field(default=False, description="Only say what would be undone.")


class Record(Named):
    """A metric or a fact that somebody measured or knows."""

    name: Annotated[Line, Field(description="A metric's or a fact's name.")]
    value: Any = Field(description="A finite number for a metric; any JSON for a fact.")
    reason: Reason
    n: int = Field(default=1, ge=1, le=2**31 - 1, description="Samples behind the value.")
    at: AwareDatetime | None = None


class Status(BaseModel):
    """A journey as it stands, in a sentence and in full."""

    text: str
    journey: Journey


class Done(BaseModel):
    """What came of a change, or in a dry run would come of it."""

    text: str
    dry_run: bool = False
    journey: Journey
    effects: Effects | None = Field(default=None, description="Of a dry run: everything planned.")


class Noted(BaseModel):
    """What was recorded."""

    text: str
    measurements: int
    known: int
    facts: int
    notes: list[str]


Run = Callable[[Caller, Any], Awaitable[BaseModel]]


@dataclass(frozen=True, slots=True)
class Errand:
    """One thing that can be asked for."""

    name: str
    title: str
    description: str
    takes: type[Asked]
    gives: type[BaseModel]
    run: Run
    writes: bool = True
    example: str = ""


async def list_stuck(caller: Caller, asked: Wanted) -> Stuck:
    """Say which clients are stuck, why, and who has to do what."""
    return await stuck(caller, asked)


async def get_journey(caller: Caller, asked: Named) -> Status:
    """Return a journey as it stands."""
    on = await caller.on(asked.client, "status")
    [found] = await described(on.door, [await on.row()])
    return Status(text=sentence(found), journey=found)


async def explain(caller: Caller, asked: Named) -> Explanation:
    """Evaluate the gate now and say what is missing, who has the ball, and when it can move."""
    return await get_explanation(await caller.on(asked.client, "explain"))


async def start_journey(caller: Caller, asked: Start) -> Done:
    """Start a client's journey."""
    caller.may("starting a journey", *OPERATORS)
    path = await path_named(caller.door, caller.context.options.paths, asked.path)
    if asked.until is not None and not (path.has(asked.until) or asked.until == "completed"):
        told = f"path {path.name} has no stage {asked.until!r}{hint(asked.until, path.names)}"
        raise ProblemError(422, told, errors=[("until", told)])
    decision = await start(
        caller.door,
        path,
        asked.client,
        caller.principal.actor,
        metadata=asked.metadata,
        facts=asked.facts,
        owner=asked.owner,
    )
    journey = changed_by(caller.door, decision, dry_run=False).journey
    return Done(text=f"Started {journey.journey_key}. {sentence(journey)}", journey=journey)


async def approve(caller: Caller, asked: Approval) -> Done:
    """Approve a criterion, on the evidence as it stands."""
    on = await caller.on(asked.client, "approve")
    await on.may_rule("approving")
    command = commands.Approve(
        **on.who,
        reason=asked.reason,
        criterion=asked.criterion,
        evidence_hash=asked.evidence_hash,
    )
    return await _carried_out(caller, asked.client, command, f"Approved {asked.criterion}.")


async def promote(caller: Caller, asked: Because) -> Done:
    """Pass the gate that the journey stands before; refused with its checks where it is shut."""
    command = commands.Promote(**caller.who, reason=asked.reason)
    return await _operate(caller, asked.client, "promoting", command, "Passed its gate.")


async def initiate_rollback(caller: Caller, asked: Rollback) -> Done:
    """Roll a journey back, or in a dry run say exactly what that would undo."""
    command = commands.RollBack(
        **caller.who, reason=asked.reason, trigger=asked.trigger, target=asked.target
    )
    told = "It would roll back." if asked.dry_run else "Rolling back."
    return await _operate(
        caller, asked.client, "rolling back", command, told, dry_run=asked.dry_run
    )


async def hold(caller: Caller, asked: Because) -> Done:
    """Freeze a journey's clocks and dispatch."""
    command = commands.HoldJourney(**caller.who, reason=asked.reason)
    return await _operate(caller, asked.client, "holding", command, "Held.")


async def resume(caller: Caller, asked: Because) -> Done:
    """End a hold."""
    command = commands.Resume(**caller.who, reason=asked.reason)
    return await _operate(caller, asked.client, "resuming", command, "Resumed.")


async def record(caller: Caller, asked: Record) -> Noted:
    """Record a metric or a fact of a journey."""
    on = await caller.on(asked.client, "record")
    await on.may("recording", *OPERATORS)
    line = Recording(str(on.journey_id), asked.name, asked.value, asked.at, asked.n)
    done = await record_lines(on.door, [line], caller.principal.actor)
    kinds = (("measurement", done.measurements), ("fact", done.facts))
    told = ", ".join(f"{count} {kind}" for kind, count in kinds if count) or "nothing new"
    return Noted(
        text=f"Recorded {told} of {asked.client}.",
        measurements=done.measurements,
        known=done.known,
        facts=done.facts,
        notes=list(done.notes),
    )


async def _operate(
    caller: Caller, client: str, asked: str, command: Command, told: str, *, dry_run: bool = False
) -> Done:
    on = await caller.on(client, asked)
    await on.may(asked, *OPERATORS)
    return await _carried_out(caller, client, command, told, dry_run=dry_run)


async def _carried_out(
    caller: Caller, client: str, command: Command, told: str, *, dry_run: bool = False
) -> Done:
    on = await caller.on(client, type(command).__name__)
    decide = preview if dry_run else change
    decision = await on.refusing(decide(on.door, on.journey_id, command))
    journey = changed_by(on.door, decision, dry_run=dry_run).journey
    return Done(
        text=f"{told} {sentence(journey)}",
        dry_run=dry_run,
        journey=journey,
        effects=effects_of(decision) if dry_run else None,
    )


def sentence(found: Journey) -> str:
    """Return a journey's state in a sentence or two."""
    where = f"{found.client_id} ({found.path}@{found.path_version}) is in {found.stage}"
    if found.ended_at is not None:
        return f"{found.client_id} ({found.path}@{found.path_version}) is {found.stage}."
    held = f" Held by {found.held.by}: {found.held.reason}." if found.held else ""
    late = found.schedule.replace("_", " ")
    plan = f" of {found.target_days:g}" if found.target_days is not None else ""
    spent = timedelta(days=found.days_in_stage) / timedelta(days=1)
    waits = f" {found.ball} has the ball: {found.waiting_for}." if found.waiting_for else ""
    return f"{where} for {spent:.1f}{plan} days, {late}.{held}{waits}"


def _errand(
    name: str, title: str, takes: type[Asked], run: Run, example: str, *, writes: bool = True
) -> Errand:
    summary, gives = (run.__doc__ or "").strip(), get_type_hints(run)["return"]
    return Errand(name, title, summary, takes, gives, run, writes, example)


ERRANDS: Final[Mapping[str, Errand]] = {
    e.name: e
    for e in (
        _errand(
            "list_stuck",
            "Which clients are stuck, and why",
            Wanted,
            list_stuck,
            "Which clients are stuck and why?",
            writes=False,
        ),
        _errand("get_journey", "Status", Named, get_journey, "status medtronic", writes=False),
        _errand("explain", "Explain", Named, explain, "explain medtronic", writes=False),
        _errand(
            "start_journey",
            "Start a journey",
            Start,
            start_journey,
            "start medtronic on healthcare until pilot because the contract is signed",
        ),
        _errand(
            "approve",
            "Approve",
            Approval,
            approve,
            "approve medtronic demo_approved because the demo went well",
        ),
        _errand("promote", "Promote", Because, promote, "promote medtronic because all is ready"),
        _errand(
            "initiate_rollback",
            "Roll back",
            Rollback,
            initiate_rollback,
            "roll back medtronic to sandbox because a scan found a leak",
        ),
        _errand("hold", "Hold", Because, hold, "hold medtronic because the client is away"),
        _errand("resume", "Resume", Because, resume, "resume medtronic because they are back"),
        _errand(
            "record",
            "Record",
            Record,
            record,
            "record medtronic search_precision=0.87 because it was measured by hand",
        ),
    )
}
