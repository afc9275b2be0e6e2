"""Which clients are stuck and why: late or in trouble, each with its explanation."""

from datetime import datetime
from typing import Any, Final

from pydantic import BaseModel, Field

from sojourn.analytics.attention import Reason, reason
from sojourn.api.auth import forbidden, reads
from sojourn.api.callers import Caller
from sojourn.api.documents import Asked, Line
from sojourn.api.journeys import Ball, Schedule
from sojourn.control.door import Door
from sojourn.control.write import observed
from sojourn.core.explain import explain
from sojourn.store import journeys, portfolio

MOST: Final = 50
LOOK: Final = 10_000
"""Journeys that are looked through for those that are stuck."""


class Wanted(Asked):
    """Which of the journeys that need somebody to list."""

    everything: bool = Field(
        default=False,
        description="Also those that are in time and wait for somebody, such as an approver.",
    )
    path: Line | None = None
    owner: Line | None = None
    limit: int = Field(default=20, ge=1, le=MOST)


class StuckJourney(BaseModel):
    """A journey that does not move: why, since when, who has to act, and what to do."""

    client_id: str
    journey_key: str
    path: str
    stage: str
    schedule: Schedule
    severity: str
    reason: str = Field(description="Stable for machines: `stuck`, `task_failed`, `held` ...")
    message: str
    since: datetime
    ball: Ball
    waiting_for: str
    action: str = Field(description="One thing to do about it.")
    why: list[str] = Field(description="The explanation, as `explain` gives it.")


class Stuck(BaseModel):
    """The journeys that do not move, the most urgent first."""

    text: str
    count: int
    journeys: list[StuckJourney]


async def stuck(caller: Caller, wanted: Wanted) -> Stuck:
    """Return the journeys that are late or in trouble, each with its explanation."""
    own = caller.principal.client_id
    if not (reads(caller.principal) or own):
        raise forbidden(caller.principal, "looking at all journeys", "viewer")
    door = caller.door
    async with door.db.connection() as connection:
        rows = await portfolio.attention(
            connection, door.now(), LOOK, path=wanted.path, owner=wanted.owner
        )
    found = [(row, reason(row)) for row in rows if own in (None, row["client_id"])]
    if not wanted.everything:
        found = [(row, why) for row, why in found if is_stuck(row, why)]
    return await _told(door, found, wanted.limit)


def is_stuck(row: dict[str, Any], why: Reason) -> bool:
    """Say whether a journey that needs somebody is late, held or in trouble."""
    return row["schedule"] in ("behind", "stuck") or why.severity != "digest"


async def _told(door: Door, found: list[tuple[dict[str, Any], Reason]], limit: int) -> Stuck:
    shown = found[:limit]
    why = await _explained(door, [row for row, _ in shown])
    listed = [_one(row, because, why) for row, because in shown]
    lines = [f"{one.client_id} ({one.stage}): {one.message}. {one.action}" for one in listed]
    head = f"{len(found)} client{'' if len(found) == 1 else 's'} stuck." if found else "Nobody."
    rest = [f"{len(found) - limit} more."] if len(found) > limit else []
    return Stuck(text="\n".join([head, *lines, *rest]), count=len(found), journeys=listed)


def _one(row: dict[str, Any], because: Reason, why: dict[Any, list[str]]) -> StuckJourney:
    same = ("client_id", "journey_key", "schedule", "waiting_for")
    return StuckJourney(
        **{name: row[name] for name in same},
        path=row["path_name"],
        stage=row["current_stage"],
        ball=row["ball_with"],
        severity=because.severity,
        reason=because.kind,
        message=because.message,
        since=because.since,
        action=because.action,
        why=why[row["journey_id"]],
    )


async def _explained(door: Door, rows: list[dict[str, Any]]) -> dict[Any, list[str]]:
    """Return the explanations of journeys, all read at once."""
    now = door.now()
    async with door.db.connection() as connection:
        shots = await journeys.load(connection, [row["journey_id"] for row in rows], door.shelf)
        shots = await observed(connection, shots, now)
    return {key: list(explain(shot, now).sentences) for key, shot in shots.items()}
