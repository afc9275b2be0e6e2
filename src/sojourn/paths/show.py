"""A whole path in words, as data that a terminal or a page lays out."""

from typing import Any

from sojourn.core.criteria import Criterion
from sojourn.core.paths import Gate, Path, StagePlan, UnitPlan
from sojourn.paths import words


def describe(path: Path) -> dict[str, Any]:
    """Return the path as a JSON value in which everything is said in words."""
    return {
        "name": path.name,
        "title": path.title,
        "description": path.description,
        "version": path.version,
        "digest": path.digest,
        "rollback": _rollback(path),
        "defaults": dict(path.defaults),
        "stages": [_stage(stage) for stage in path.stages],
    }


def _rollback(path: Path) -> dict[str, Any]:
    policy = path.rollback
    return {
        "after": policy.after.value,
        "max_rollbacks": policy.max_rollbacks,
        "timeout": words.span(policy.timeout),
        "checks": [_criterion(c) for c in policy.checks.criteria],
    }


def _stage(stage: StagePlan) -> dict[str, Any]:
    return {
        "name": str(stage.name),
        "title": stage.title,
        "purpose": stage.purpose,
        "schedule": words.schedule(stage),
        "entry": _gate(stage.entry),
        "work": [_unit(unit) for unit in stage.work],
        "rollout": _rollout(stage),
        "exit": _gate(stage.exit),
        "triggers": [
            {"kind": t.kind.value, "title": t.criterion.title, "does": words.trigger(t)}
            for t in stage.triggers
        ],
        "success": [_criterion(c) for c in stage.success],
    }


def _gate(gate: Gate) -> dict[str, Any]:
    return {
        "passing": words.gate(gate),
        "waiver_roles": list(gate.waiver_roles),
        "criteria": [_criterion(c) for c in gate.criteria],
    }


def _criterion(criterion: Criterion) -> dict[str, Any]:
    return {
        "name": criterion.name,
        "title": criterion.title,
        "condition": words.condition(criterion),
        "evidence": words.evidence(criterion),
        "ball": criterion.ball,
    }


def _unit(unit: UnitPlan) -> dict[str, Any]:
    tasks = [{"name": t.task_id, "title": t.name, "does": words.task(t)} for t in unit.tasks]
    return {"name": unit.name, "title": unit.title, "when": words.unit(unit), "tasks": tasks}


def _rollout(stage: StagePlan) -> dict[str, Any] | None:
    if stage.rollout is None:
        return None
    waves = [
        {"does": words.wave(w), "criteria": [_criterion(c) for c in w.criteria]}
        for w in stage.rollout.waves
    ]
    return {"waves": waves, "unit": _unit(stage.rollout.unit)}
