"""The JSON shapes of the command line; docs/reference/cli.md describes them.

Times are RFC 3339 in UTC, durations are seconds (``..._s``) or days (``..._days``).
"""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from sojourn.core.criteria import CriteriaCheck, ValidationResult, verdict_of
from sojourn.core.decision import Decision, View
from sojourn.core.explain import Explanation
from sojourn.core.journal import Event
from sojourn.core.journeys import JourneyState, active_time
from sojourn.core.paths import Path
from sojourn.core.rollback import irreversible
from sojourn.core.snapshot import GateMemory
from sojourn.core.work import Task, UnitOfWork
from sojourn.paths import Problem

Document = dict[str, Any]


def journey(state: JourneyState, path: Path, view: View, now: datetime) -> Document:
    """Return a journey at a glance: where it is, on which path, against its plan, who acts."""
    return {
        "journey_id": str(state.journey_id),
        "journey_key": state.journey_key,
        "client_id": state.client_id,
        "path": path.name,
        "path_version": path.version,
        "stage": state.current_stage,
        "previous_stage": state.previous_stage,
        "target_stage": state.target_stage,
        "completed_stages": list(state.completed_stages),
        "stages": stages(state, path),
        "visit": state.visit,
        "started_at": state.started_at,
        "stage_started_at": state.stage_started_at,
        "admitted_at": state.admitted_at,
        "ended_at": state.ended_at,
        "held": held(state),
        "rollout_percent": state.rollout_percent,
        "rollbacks": state.rollbacks,
        "owner": state.owner,
        "metadata": dict(state.metadata),
        "schedule": view.schedule,
        "ball": view.ball,
        "waiting_for": view.waiting_for,
        "possible_at": view.possible_at,
        "gate": memory(view.gate),
        **clock(state, path, now),
    }


def stages(state: JourneyState, path: Path) -> list[Document]:
    """Return the stages of the path, each ``done``, ``current`` or ``ahead``."""
    return [{"name": name, "is": _standing(state, name)} for name in path.names]


def _standing(state: JourneyState, stage: str) -> str:
    if stage == state.current_stage:
        return "current"
    return "done" if stage in state.completed_stages else "ahead"


def held(state: JourneyState) -> Document | None:
    """Return the hold of a journey that is held."""
    hold = state.hold
    return {"since": hold.since, "by": hold.actor, "reason": hold.reason} if hold else None


def clock(state: JourneyState, path: Path, now: datetime) -> Document:
    """Return the days a journey has spent, held time left out, against its stage's plan."""
    end = state.ended_at or now
    stage = path.stage(state.current_stage) if path.has(state.current_stage) else None
    return {
        "days": _days(active_time(state, state.started_at, end)),
        "days_in_stage": _days(active_time(state, state.stage_started_at, end)),
        "target_days": _days(stage.target) if stage else None,
        "limit_days": _days(stage.limit) if stage else None,
    }


def _days(value: timedelta) -> float:
    return round(value / timedelta(days=1), 3)


def memory(gate: GateMemory | None) -> Document | None:
    """Return the summary of the gate that a journey stands before."""
    if gate is None:
        return None
    return {
        "place": gate.place,
        "verdict": gate.verdict,
        "passed": gate.passed,
        "total": gate.total,
        "failing": list(gate.failing),
        "attempts": gate.attempts,
    }


def check(found: CriteriaCheck, now: datetime | None = None) -> Document:
    """Return one check; ``age_s`` is how old its newest evidence is."""
    seen = found.observed_at
    return {
        "name": found.name,
        "passed": found.passed,
        "verdict": verdict_of(found),
        "actual_value": found.actual_value,
        "expected_value": found.expected_value,
        "n": found.n,
        "observed_at": seen,
        "age_s": round((now - seen).total_seconds()) if now and seen else None,
        "source": found.source,
        "message": found.message,
        "remedy": found.remedy,
        "possible_at": found.possible_at,
        "ball": found.ball,
    }


def result(found: ValidationResult, now: datetime | None = None) -> Document:
    """Return a gate's result with all its checks."""
    return {
        "passed": found.passed,
        "verdict": found.verdict,
        "summary": found.summary,
        "checks": [check(c, now) for c in found.checks],
    }


def explanation(found: Explanation, now: datetime) -> Document:
    """Return why a journey is where it is."""
    return {
        "client_id": found.client_id,
        "journey_key": found.journey_key,
        "stage": found.stage,
        "gate": found.gate,
        "sentences": list(found.sentences),
        "ball": found.view.ball,
        "waiting_for": found.view.waiting_for,
        "schedule": found.view.schedule,
        "possible_at": found.view.possible_at,
        "evidence_hash": found.evidence_hash,
        "result": result(found.result, now),
        "triggers": [check(t, now) for t in found.triggers],
    }


def effects(decision: Decision) -> Document:
    """Return everything that a decision writes, or in a dry run would write."""
    return {
        "transitions": [_transition(e) for e in decision.events if e.transition],
        "events": [event(e) for e in decision.events],
        "units": [unit(u) for u in decision.plans],
        "withdrawn": [_name(decision, key) for key in decision.withdraw],
        "sent_again": [
            {"unit": _name(decision, r.uow_id), "task_id": r.task_id} for r in decision.requeue
        ],
        "irreversible": [_task(t) for t in irreversible(decision.before)],
        "alerts_raised": [
            {"kind": a.kind, "subject": a.subject, "severity": a.severity, "message": a.message}
            for a in decision.raised
        ],
        "alerts_resolved": [{"kind": k, "subject": s} for k, s in decision.resolved],
        "gate_attempts": [
            {"gate": g.place, "kind": g.kind, "attempt": g.attempt, **result(g.result)}
            for g in decision.gates
        ],
    }


def _transition(found: Event) -> Document:
    left, name, entered = found.transition or (None, "", "")
    return {"from": left, "event": name, "to": entered, "reason": found.reason}


def _name(decision: Decision, uow_id: str) -> str:
    units = decision.before.units
    return next((u.name for u in units if u.uow_id == uow_id), uow_id)


def event(found: Event) -> Document:
    """Return an event that is about to be written."""
    left, name, entered = found.transition or (None, None, None)
    return {
        "type": found.type,
        "at": found.at,
        "actor": found.actor,
        "reason": found.reason,
        "cause": found.cause,
        "from": left,
        "event": name,
        "to": entered,
        "data": dict(found.data),
    }


def recorded(row: Mapping[str, Any]) -> Document:
    """Return an event of the journal as it was written."""
    wanted = ("event_id", "journey_id", "client_id", "seq", "type", "at", "actor", "reason")
    left = None if row["from_stage"] == "none" else row["from_stage"]
    return {name: row[name] for name in wanted if name in row} | {
        "cause": row["cause"],
        "from": left,
        "event": row["event"],
        "to": row["to_stage"],
        "data": row["data"],
    }


def unit(found: UnitOfWork) -> Document:
    """Return a unit that is planned, with its tasks."""
    return {
        "uow_id": found.external_id or found.uow_id,
        "name": found.name,
        "stage": found.stage,
        "purpose": found.purpose,
        "dependencies": list(found.dependencies),
        "tasks": [_task(t) for t in found.tasks],
    }


def _task(found: Task) -> Document:
    return {
        "task_id": found.task_id,
        "name": found.name,
        "agent_id": found.agent_id,
        "input_data": dict(found.input_data),
        "depends_on": list(found.depends_on),
    }


def changed(decision: Decision, now: datetime, *, dry_run: bool) -> Document:
    """Return what every command that changes a journey prints."""
    return {
        "dry_run": dry_run,
        "journey": journey(decision.state, decision.before.path, decision.view, now),
        "effects": effects(decision),
        "gate": result(decision.result, now) if decision.result else None,
    }


def problem(found: Problem) -> Document:
    """Return a problem of a path file."""
    return {
        "file": found.file,
        "line": found.line,
        "column": found.column,
        "place": found.place,
        "message": found.message,
    }


def without(row: Mapping[str, Any], names: Iterable[str]) -> Document:
    """Return a row without some of its columns."""
    dropped = set(names)
    return {key: value for key, value in row.items() if key not in dropped}
