"""What keeps a journey where it is: the explanation, stages, gate attempts and approvals."""

from datetime import datetime
from typing import Any

from pydantic import BaseModel, Field

from sojourn.api.auth import ASKING, Asking
from sojourn.api.documents import Check, Result, check_of, result_of
from sojourn.api.journeys import Ball, Schedule, StageStanding, standing
from sojourn.api.routes import Page, router
from sojourn.control.change import snapshot
from sojourn.core.criteria import Observe
from sojourn.core.explain import explain
from sojourn.core.gates import door as criteria_at
from sojourn.core.snapshot import Snapshot
from sojourn.store import gates as store
from sojourn.store import rulings

gates = router("gates", prefix="/journeys/{ref}")


class Explanation(BaseModel):
    """Why a journey is where it is, what it waits for, and when it can move."""

    client_id: str
    journey_key: str
    stage: str
    gate: str = Field(description="The gate it stands before; empty where it has ended.")
    sentences: list[str]
    ball: Ball
    waiting_for: str
    schedule: Schedule
    possible_at: datetime | None
    evidence_hash: str = Field(description="Give it with an approval to bind it to this evidence.")
    as_of: datetime
    result: Result
    triggers: list[Check] = Field(description="What would roll it back; `passed` is tripped.")


async def shot_of(asked: Asking) -> Snapshot:
    """Return the journey with everything observed."""
    async with asked.door.db.connection() as connection:
        return await snapshot(connection, asked.door, asked.journey_id, asked.door.now())


@gates.get("/explain", summary="Why is it where it is?")
async def get_explanation(asked: Asking = ASKING) -> Explanation:
    """Evaluate the gate now, by the same predicate that promotes, and say what is missing."""
    now = asked.door.now()
    found = explain(await shot_of(asked), now)
    return Explanation(
        client_id=found.client_id,
        journey_key=found.journey_key,
        stage=found.stage,
        gate=found.gate,
        sentences=list(found.sentences),
        ball=found.view.ball.value,
        waiting_for=found.view.waiting_for,
        schedule=found.view.schedule.value,
        possible_at=found.view.possible_at,
        evidence_hash=found.evidence_hash,
        as_of=now,
        result=result_of(found.result),
        triggers=[check_of(c) for c in found.triggers],
    )


class Stage(StageStanding):
    """A stage of the journey's path with its plan."""

    title: str
    purpose: str
    target_days: float
    limit_days: float
    entry: list[str] = Field(description="Names of the criteria of the entry gate.")
    exit: list[str]
    waves: list[int] = Field(description="Percent of users of each rollout wave.")


@gates.get("/stages", summary="Stages of the path")
async def list_stages(asked: Asking = ASKING) -> list[Stage]:
    """Return the stages of the path version that the journey is pinned to, in order."""
    shot = await shot_of(asked)
    return [
        Stage(
            name=stage.name,
            standing=standing(shot.state, stage.name),
            title=stage.title,
            purpose=stage.purpose,
            target_days=stage.target.total_seconds() / 86400,
            limit_days=stage.limit.total_seconds() / 86400,
            entry=[c.name for c in stage.entry.criteria],
            exit=[c.name for c in stage.exit.criteria],
            waves=[w.percent for w in stage.rollout.waves] if stage.rollout else [],
        )
        for stage in shot.path.stages
    ]


class Attempt(BaseModel):
    """One request to pass a gate, automatic or by a person, with all its checks."""

    gate: str = Field(examples=["pilot/exit"])
    kind: str = Field(description="`auto`, `manual`, `entry` or `rollback`.")
    visit: int
    attempt: int
    passed: bool
    verdict: str
    summary: str
    checks: list[dict[str, Any]]
    actor: str
    evaluated_at: datetime


@gates.get("/attempts", summary="Gate attempts")
async def list_attempts(asked: Asking = ASKING) -> Page[Attempt]:
    """Return the attempts to pass gates, oldest first; a mere look is not an attempt."""
    async with asked.door.db.connection() as connection:
        rows = await store.results(connection, asked.journey_id)
    return Page(items=[Attempt(**row) for row in rows])


class Ruling(BaseModel):
    """An approval, a rejection or a waiver, with what the person saw."""

    approval_id: int
    criterion: str
    answer: str = Field(description="`approve`, `reject` or `waive`.")
    actor: str
    roles: list[str]
    reason: str
    at: datetime
    visit: int
    expires_at: datetime | None
    evidence: dict[str, str]
    evidence_hash: str


class Wanted(BaseModel):
    """An approval that the journey asks for now."""

    criterion: str
    title: str
    roles: list[str]
    quorum: int
    check: Check


class Approvals(BaseModel):
    """What is asked for, and what was given."""

    evidence_hash: str
    asked: list[Wanted]
    given: list[Ruling] = Field(description="Newest first; those of earlier visits are void.")


@gates.get("/approvals", summary="Approvals asked for and given")
async def list_approvals(asked: Asking = ASKING) -> Approvals:
    """Return the approvals that the gate asks for, and every ruling so far."""
    shot = await shot_of(asked)
    async with asked.door.db.connection() as connection:
        rows = await rulings.of_journey(connection, asked.journey_id)
    found = explain(shot, asked.door.now())
    return Approvals(
        evidence_hash=found.evidence_hash,
        asked=list(_wanted(shot, {c.name: check_of(c) for c in found.result.checks})),
        given=[Ruling(**row) for row in rows],
    )


def _wanted(shot: Snapshot, checks: dict[str, Check]) -> list[Wanted]:
    faced = [f.criterion for f in criteria_at(shot.path, shot.state)]
    return [
        Wanted(
            criterion=c.name,
            title=c.title,
            roles=list(c.approval.roles) if c.approval else ["approver"],
            quorum=c.approval.quorum if c.approval else 1,
            check=checks[c.name],
        )
        for c in faced
        if c.observe == Observe.APPROVAL
    ]
