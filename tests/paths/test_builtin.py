"""The paths that come with Sojourn, against the specification and against the reference agents."""

import importlib
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path as FilePath
from typing import Any
from uuid import UUID

import pytest
import yaml

import sojourn.sandbox
from sojourn.core.criteria import STAGE_METRICS, Criterion, Observe, Operator
from sojourn.core.outcomes import Call, Completed
from sojourn.core.paths import Path, RollbackTrigger, StagePlan, TaskPlan
from sojourn.core.references import resolve
from sojourn.core.stages import TRANSITIONS
from sojourn.core.work import Purpose
from sojourn.paths import builtin, load_file
from sojourn.paths.diff import diff
from sojourn.paths.lint import Level, lint, units

DAY = timedelta(days=1)
PATHS = {name: load_file(file) for name, file in builtin().items()}
STANDARD = PATHS["standard"]
SANDBOX, PILOT, PRODUCTION = STANDARD.stages


def named(criteria: tuple[Criterion, ...]) -> dict[str, Criterion]:
    """Return criteria by name."""
    return {c.name: c for c in criteria}


def bare(criterion: Criterion) -> tuple[Observe, str, Operator, Any]:
    """Return what a criterion looks at and its condition."""
    return criterion.observe, criterion.subject, criterion.operator, criterion.threshold


def test_the_standard_path_has_the_specifications_transitions() -> None:
    assert STANDARD.table == TRANSITIONS


@pytest.mark.parametrize("stage", [SANDBOX, PILOT], ids=str)
def test_sandbox_and_pilot_take_10_to_15_days_where_they_took_30(stage: StagePlan) -> None:
    assert (stage.earliest, stage.target, stage.baseline) == (10 * DAY, 15 * DAY, 30 * DAY)
    assert stage.limit == 30 * DAY


def test_the_whole_journey_is_planned_for_about_30_days_where_it_took_90() -> None:
    assert sum((s.earliest for s in STANDARD.stages), timedelta(0)) <= 30 * DAY
    assert sum((s.baseline or DAY for s in STANDARD.stages), timedelta(0)) == 90 * DAY


def test_each_stage_has_the_specifications_purpose() -> None:
    assert [s.purpose for s in STANDARD.stages] == [
        "Initial client setup and validation in isolated environment",
        "Limited production deployment with real users",
        "Full deployment to all users",
    ]


def test_entry_criteria_are_the_specifications() -> None:
    fact, equal = Observe.FACT, Operator.EQ
    assert [bare(c) for c in SANDBOX.entry.criteria] == [
        (fact, "contract_signed", equal, True),
        (fact, "infrastructure_provisioned", equal, True),
        (fact, "data_sources", Operator.EXISTS, True),
    ]
    assert [bare(c) for c in PILOT.entry.criteria] == [
        (fact, "pilot_cohort_size", Operator.GE, 10),
        (fact, "pilot_cohort_size", Operator.LE, 50),
        (fact, "production_infrastructure_ready", equal, True),
    ]
    assert [bare(c) for c in PRODUCTION.entry.criteria] == [
        (Observe.APPROVAL, "rollout_plan_approved", equal, True),
        (fact, "monitoring_configured", equal, True),
    ]


METRIC = Observe.METRIC


@pytest.mark.parametrize(
    ("stage", "name", "operator", "threshold"),
    [
        (SANDBOX, "connector_sync_rate", Operator.GE, 1.0),
        (SANDBOX, "search_precision", Operator.GE, 0.80),
        (SANDBOX, "security_vulnerabilities", Operator.EQ, 0),
        (PILOT, "search_precision", Operator.GE, 0.85),
        (PILOT, "user_satisfaction", Operator.GE, 4.0),
        (PILOT, "bug_count", Operator.EQ, 0),
        (PILOT, "p95_latency_ms", Operator.LE, 500),
        (PRODUCTION, "user_adoption", Operator.GE, 0.70),
        (PRODUCTION, "search_satisfaction", Operator.GE, 4.5),
    ],
)
def test_exit_gates_hold_every_threshold_of_the_specification(
    stage: StagePlan, name: str, operator: Operator, threshold: float
) -> None:
    criterion = named(stage.exit.criteria)[name]
    assert bare(criterion) == (METRIC, name, operator, threshold)
    assert STAGE_METRICS[stage.name][name] == {"threshold": threshold, "operator": operator.value}


def test_the_sandbox_waits_for_its_work_and_for_the_stakeholders() -> None:
    found = named(SANDBOX.exit.criteria)
    assert bare(found["work"]) == (Observe.WORK, "required", Operator.EQ, True)
    assert found["stakeholder_demo"].observe == Observe.APPROVAL


def test_seven_days_without_critical_bugs_are_seven_observed_days() -> None:
    bugs = named(PILOT.exit.criteria)["bug_count"]
    assert (bugs.aggregate, bugs.window) == ("max", 7 * DAY)
    assert bugs.evidence.coverage == 0.95
    watch = next(u for u in PILOT.work if u.name == "issues")
    assert watch.every is not None
    assert bugs.evidence.every is not None
    assert watch.every <= bugs.evidence.every


def test_stable_search_quality_is_a_bounded_spread_over_observed_days() -> None:
    precision = named(PILOT.exit.criteria)["search_precision"]
    assert (precision.aggregate, precision.window) == ("mean", 3 * DAY)
    assert precision.evidence.spread == 0.1
    assert precision.evidence.coverage == 0.9


def test_production_is_left_with_all_users_after_two_healthy_days_without_incident() -> None:
    found = named(PRODUCTION.exit.criteria)
    assert bare(found["rollout"]) == (Observe.ROLLOUT, "rollout", Operator.GE, 100)
    assert bare(found["soak"]) == (Observe.SOAK, "soak", Operator.GE, 2 * DAY)
    assert bare(found["major_incidents"])[2:] == (Operator.EQ, 0)
    assert "work" in found
    assert "query_volume_growth" not in found


def test_success_metrics_are_the_specifications() -> None:
    success = named(PRODUCTION.success)
    assert [c.name for c in PRODUCTION.success] == list(STAGE_METRICS["production"])
    for name, rule in STAGE_METRICS["production"].items():
        assert (success[name].threshold, success[name].operator) == (
            rule["threshold"],
            rule["operator"],
        )
    growth = success["query_volume_growth"]
    assert (growth.subject, growth.aggregate, growth.window) == ("query_volume", "sum", 30 * DAY)
    assert growth.baseline is not None
    assert (growth.baseline.kind, growth.baseline.window) == ("previous", 30 * DAY)


def test_the_rollout_goes_from_10_over_50_to_100_percent() -> None:
    rollout = PRODUCTION.rollout
    assert rollout is not None
    assert [w.percent for w in rollout.waves] == [10, 50, 100]
    assert rollout.unit.purpose == Purpose.ROLLOUT
    assert all(w.criteria for w in rollout.waves)


@pytest.mark.parametrize(
    ("stage", "kind", "subject", "operator", "threshold", "action"),
    [
        (SANDBOX, "security_vulnerability", "security_vulnerabilities", ">", 0, "rollback"),
        (SANDBOX, "data_quality_low", "search_precision", "<", 0.80, "rollback"),
        (SANDBOX, "client_request", "pause_requested", "==", True, "hold"),
        (PILOT, "user_satisfaction_low", "user_satisfaction", "<", 3.5, "rollback"),
        (PILOT, "critical_bug", "bug_count", ">", 0, "rollback"),
        (PILOT, "performance_degradation", "p95_latency_ms", ">", 0.20, "rollback"),
        (PRODUCTION, "major_incident", "major_incidents", ">", 0, "rollback"),
        (PRODUCTION, "user_satisfaction_low", "user_satisfaction", "<", 4.0, "rollback"),
        (PRODUCTION, "performance_degradation", "request_errors", ">", 5, "rollback"),
    ],
)
def test_each_stage_has_the_specifications_triggers(
    stage: StagePlan, kind: str, subject: str, operator: str, threshold: Any, action: str
) -> None:
    (trigger,) = (t for t in stage.triggers if t.kind == kind)
    assert (trigger.criterion.subject, trigger.criterion.operator) == (subject, operator)
    assert (trigger.criterion.threshold, trigger.action) == (threshold, action)


def test_degradation_is_measured_against_the_pilots_first_days() -> None:
    (trigger,) = (t for t in PILOT.triggers if t.kind == RollbackTrigger.PERFORMANCE_DEGRADATION)
    assert trigger.criterion.baseline is not None
    assert trigger.criterion.baseline.kind == "first"


def test_a_security_finding_goes_back_to_the_sandbox_from_anywhere() -> None:
    kind = RollbackTrigger.SECURITY_VULNERABILITY
    found = [t for s in STANDARD.stages for t in s.triggers if t.kind == kind]
    assert [t.target for t in found] == ["sandbox", "sandbox"]


def test_all_seven_triggers_are_in_use() -> None:
    used = {t.kind for s in STANDARD.stages for t in s.triggers}
    assert used == set(RollbackTrigger)


@pytest.mark.parametrize(
    ("stage", "activities"),
    [
        (SANDBOX, {"connectors": "connector-installation-agent",
                   "dataset": "dataset-provisioning-agent",
                   "search_quality": "search-quality-agent",
                   "security": "security-scan-agent"}),
        (PILOT, {"deployment": "deployment-agent", "search_quality": "search-quality-agent",
                 "feedback": "survey-agent", "performance": "performance-agent"}),
        (PRODUCTION, {"rollout": "user-rollout-agent", "search_quality": "search-quality-agent",
                      "optimization": "usage-agent"}),
    ],
)  # fmt: skip
def test_each_activity_of_the_specification_is_a_unit_of_work(
    stage: StagePlan, activities: Mapping[str, str]
) -> None:
    found = {unit.name: unit.tasks[0].agent_id for unit in units(stage)}
    assert activities.items() <= found.items()


def test_monitoring_goes_on_for_as_long_as_its_stage() -> None:
    watching = ("search_quality", "issues", "performance", "feedback")
    for stage in (PILOT, PRODUCTION):
        assert all(u.every for u in stage.work if u.name in watching)


@pytest.mark.parametrize("path", list(PATHS.values()), ids=PATHS)
def test_each_path_is_without_errors_and_warnings(path: Path) -> None:
    known = yaml.safe_load(agents_file())["agents"]
    found = lint(path, agents=known)
    assert [str(f) for f in found if f.level != Level.INFO] == []


def test_healthcare_proves_compliance_between_sandbox_and_pilot() -> None:
    path = PATHS["healthcare"]
    assert path.names == ("sandbox", "compliance", "pilot", "production")
    compliance = path.stage("compliance")
    gate = named(compliance.exit.criteria)
    assert gate["hipaa_compliance"].approval is not None
    assert gate["hipaa_compliance"].approval.roles == ("compliance_officer",)
    assert gate["phi_exposures"].threshold == 0
    assert [c.subject for c in compliance.entry.criteria] == ["baa_signed", "hipaa_risk_assessment"]
    assert ("sandbox", "promote_to_compliance") in path.table
    assert path.defaults["scenario"] == "healthcare_demo"
    scans = [t for s in path.stages[1:] for u in s.work for t in u.tasks if t.task_id == "phi"]
    assert [t.input_data["profile"] for t in scans] == ["phi", "phi"]


def test_financial_services_is_stricter_and_takes_four_eyes() -> None:
    path = PATHS["financial_services"]
    pilot, production = path.stage("pilot"), path.stage("production")
    gate = named(pilot.exit.criteria)
    assert gate["search_precision"].threshold == 0.90
    assert gate["user_satisfaction"].threshold == 4.2
    assert gate["p95_latency_ms"].threshold == 400
    assert gate["bug_count"].window == 14 * DAY
    rule = named(production.entry.criteria)["production_release"].approval
    assert rule is not None
    assert (rule.quorum, rule.roles) == (2, ("risk_officer", "operations_lead"))
    assert production.rollout is not None
    assert [w.percent for w in production.rollout.waves] == [5, 10, 50, 100]
    assert "data_residency" in named(path.stage("sandbox").entry.criteria)
    assert (pilot.exit.mode, path.rollback.after) == ("manual", "hold")


@pytest.mark.parametrize("name", ["healthcare", "financial_services"])
def test_the_paths_of_industries_really_differ(name: str) -> None:
    assert len(diff(STANDARD, PATHS[name])) > 15


def agents_file() -> str:
    """Return the text of the file that declares the reference agents."""
    (folder,) = sojourn.sandbox.__path__
    return (FilePath(folder) / "agents.yaml").read_text()


def calls(path: Path) -> Iterator[tuple[StagePlan, TaskPlan, str, Mapping[str, Any]]]:
    """Yield every agent that a path calls, undo included, with its input."""
    for stage in path.stages:
        for unit in units(stage):
            for task in unit.tasks:
                yield stage, task, task.agent_id, task.input_data
                if task.undo:
                    yield stage, task, task.undo.agent_id, task.undo.input_data


OUTPUT = {
    "dataset_id": "dataset-1", "deployment_id": "deploy-1", "adoption": 0.8, "precision": 0.9,
    "queries": 64, "critical": 0, "high": 0,
}  # fmt: skip


def scope(path: Path) -> dict[str, Any]:
    """Return something for each reference in a path that comes with Sojourn."""
    names = ("provision", "deploy", "patterns", "review", "scan")
    done = {name: {"output": OUTPUT} for name in names}
    return {
        "client": {"id": "medtronic"},
        "journey": {"metadata": path.defaults},
        "facts": {
            "data_sources": ["confluence", "sharepoint"],
            "pilot_cohort_size": 25,
            "data_residency": "eu",
        },
        "item": "confluence",
        "wave": {"number": 2, "percent": 50, "previous": 10},
        "tasks": done,
        "units": {"phi_scan": done},
    }


@pytest.mark.parametrize("path", list(PATHS.values()), ids=PATHS)
async def test_the_reference_agents_take_what_they_are_asked_and_bring_what_is_mapped(
    path: Path,
) -> None:
    targets = {name: a["target"] for name, a in yaml.safe_load(agents_file())["agents"].items()}
    for number, (stage, task, agent_id, wanted) in enumerate(calls(path)):
        module, _, function = targets[agent_id].partition(":")
        call = Call(
            UUID(int=1),
            UUID(int=number),
            task.task_id,
            agent_id,
            1,
            client_id="medtronic",
            stage=str(stage.name),
            input_data=resolve(wanted, scope(path)),
            now=datetime(2026, 2, 2, 9, tzinfo=UTC),
        )
        outcome = await getattr(importlib.import_module(module), function)(call)
        assert isinstance(outcome, Completed), f"{stage.name}.{task.task_id}: {outcome}"
        if wanted is task.input_data:
            assert set(task.measures.values()) <= set(outcome.output)
