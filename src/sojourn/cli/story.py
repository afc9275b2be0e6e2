"""What became of a demonstration, as data: stages, gates, rollbacks, agents, audit, verdict."""

import re
from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any, Final

from sojourn.cli.picture import Leg, legs, spent
from sojourn.cli.play import Played
from sojourn.cli.tales import Tale, Turn
from sojourn.cli.times import days
from sojourn.control.audit import Verified, verify
from sojourn.control.change import snapshot
from sojourn.control.door import Door
from sojourn.core.explain import explain
from sojourn.core.journeys import active_time, held_time
from sojourn.core.paths import Path, criteria_of
from sojourn.core.snapshot import Snapshot, span
from sojourn.core.stages import JourneyStage
from sojourn.store import gates, journal, rollback
from sojourn.store.sets import Row

Story = dict[str, Any]
AIM: Final = timedelta(days=30)
"""How long onboarding is to take in all (the specification: 30 days instead of 90)."""
DURATION: Final = re.compile(r"(?:(-?\d+) days?, )?(\d+):(\d\d):(\d\d(?:\.\d+)?)")
"""A duration as a check's value is kept."""


async def tell(door: Door, played: Played) -> Story:
    """Return the whole story of a journey that was played, from the rows."""
    key = played.journey_id
    async with door.db.connection() as connection:
        shot = await snapshot(connection, door, key, door.now())
        moves = await journal.of_journey(connection, key, type="transition")
        attempts = await gates.results(connection, key)
        turns = await rollback.history(connection, key)
    audit = [found async for batch in verify(door, key) for found in batch]
    until = shot.state.ended_at or door.now()
    story = {
        "scenario": played.tale.name,
        "about": played.tale.about,
        "seed": played.seed,
        "speed": played.speed,
        "real_seconds": round(played.seconds, 1),
        "client": shot.state.client_id,
        "journey": shot.state.journey_key,
        "path": f"{shot.path.name}@{shot.path.version}",
        "started_at": shot.state.started_at,
        "ended_at": shot.state.ended_at,
        "stage": shot.state.current_stage,
        "stages": [_stage(leg) for leg in legs(shot, moves, until)],
        "total": _total(shot, moves),
        "gates": [_attempt(shot.path, row) for row in attempts],
        "rollbacks": [_turn(row) for row in turns],
        "agents": _agents(played),
        "taken_over": played.taken_over,
        "audit": _audit(audit),
        "stopped": played.stopped,
    }
    points = [*_points(played.tale, story)]
    failed = not all(point["ok"] for point in points)
    now = explain(shot, door.now()) if failed else None
    return story | {
        "expected": points,
        "ok": not failed,
        "explanation": list(now.sentences) if now else [],
    }


def _stage(leg: Leg) -> Story:
    plan = leg.plan
    return {
        "stage": plan.name,
        "title": plan.title or plan.name,
        "visits": leg.visits,
        "days": days(leg.spent),
        "earliest_days": days(plan.earliest),
        "target_days": days(plan.target),
        "limit_days": days(plan.limit),
        "baseline_days": days(plan.baseline) if plan.baseline else None,
        "done": leg.done,
    }


def _total(shot: Snapshot, moves: Sequence[Row]) -> Story:
    state = shot.state
    until = state.ended_at or moves[-1]["at"]
    baselines = [plan.baseline for plan in shot.path.stages if plan.baseline]
    return {
        "days": days(active_time(state, state.started_at, until)),
        "held_days": days(held_time(state, state.started_at, until)),
        "rollback_days": days(spent(state, moves, JourneyStage.ROLLBACK, until)),
        "holds": len(state.holds) + (state.hold is not None),
        "aim_days": days(AIM),
        "baseline_days": days(sum(baselines, timedelta(0))),
    }


def _attempt(path: Path, row: Row) -> Story:
    stage, _, kind = row["gate"].partition("/")
    known = criteria_of(path.stage(stage)) if path.has(stage) else []
    following = path.following(stage) if path.has(stage) else None
    known += criteria_of(following) if following and kind == "exit" else []
    titles = {c.name: c.title for place, c in reversed(known) if place in ("entry", "exit")}
    named = ("gate", "kind", "visit", "attempt", "passed", "verdict", "summary", "actor")
    return {name: row[name] for name in named} | {
        "at": row["evaluated_at"],
        "checks": [_check(titles, check) for check in row["checks"]],
    }


def _check(titles: dict[str, str], check: Row) -> Story:
    return {
        "name": check["name"],
        "title": titles.get(check["name"]) or check["name"],
        "actual": _actual(check["actual_value"]),
        "expected": check["expected_value"],
        "n": check["n"],
        "verdict": check["verdict"],
        "message": check["message"],
    }


def _actual(value: Any) -> Any:
    """Return a value as it was judged; a duration as people read it."""
    found = DURATION.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        return value
    count, hours, minutes, seconds = (float(part or 0) for part in found.groups())
    return span(timedelta(days=count, hours=hours, minutes=minutes, seconds=seconds))


def _turn(row: Row) -> Story:
    names = ("trigger_type", "from_stage", "target_stage", "status", "reason", "actor")
    return {name: row[name] for name in names} | {
        "started_at": row["started_at"],
        "completed_at": row["completed_at"],
    }


def _agents(played: Played) -> list[Story]:
    return [
        {
            "agent": agent,
            "calls": tally.calls,
            "completed": tally.completed,
            "failed": tally.failed,
            "retried": tally.retried,
        }
        for agent, tally in sorted(played.tallies.items())
    ]


def _audit(found: Sequence[Verified]) -> Story:
    faults = [fault for one in found for fault in one.faults]
    count = sum(one.events for one in found)
    return {"events": count, "intact": bool(found) and not faults, "faults": faults}


def _points(tale: Tale, story: Story) -> Iterator[Story]:
    """Yield each thing that the scenario promises, with what was found."""
    yield _point(f"the journey ends {tale.end}", story["stage"] == tale.end, story["stage"])
    found = [_as_turn(turn) for turn in story["rollbacks"] if turn["status"] == "completed"]
    every = len(found) == len(story["rollbacks"])
    said = _said(tale.turns)
    yield _point(said, every and found == list(tale.turns), _said(found))
    holds = story["total"]["holds"]
    yield _point(_counted(tale.holds, "hold"), holds == tale.holds, _counted(holds, "hold"))
    yield from _troubles(tale, story)
    audit = story["audit"]
    told = "; ".join(audit["faults"]) or f"{audit['events']} events"
    yield _point("the audit proves the journal and the row", audit["intact"], told)


def _troubles(tale: Tale, story: Story) -> Iterator[Story]:
    """Yield what the scenario promises of agents and gates that do not do as they should."""
    if tale.retries is not None:
        again = sum(agent["retried"] for agent in story["agents"])
        wanted = "attempts are repeated" if tale.retries else "no attempt is repeated"
        yield _point(wanted, bool(again) == tale.retries, f"{again} repeated")
    if tale.strike:
        taken = story["taken_over"]
        yield _point("a task of the dead worker is taken over", taken > 0, f"{taken} taken over")
    if tale.refusals:
        failed = refused(story)
        wanted = f"the gate refuses: {', '.join(tale.refusals)}"
        yield _point(wanted, failed >= {*tale.refusals}, ", ".join(sorted(failed)) or "nothing")


def refused(story: Story) -> set[str]:
    """Return the names of the checks for which a gate refused somebody."""
    attempts = [attempt for attempt in story["gates"] if not attempt["passed"]]
    checks = [check for attempt in attempts for check in attempt["checks"]]
    return {c["name"] for c in checks if c["verdict"] not in ("passed", "waived")}


def _point(what: str, ok: bool, found: str) -> Story:
    return {"what": what, "ok": ok, "found": str(found)}


def _counted(number: int, word: str) -> str:
    return f"{number or 'no'} {word}{'s' if number > 1 else ''}"


def _as_turn(row: Story) -> Turn:
    return Turn(row["trigger_type"], row["from_stage"], row["target_stage"])


def _said(turns: Sequence[Turn]) -> str:
    told = [f"a rollback from {t.left} to {t.target} ({t.trigger})" for t in turns]
    return ", ".join(told) or "no rollback"
