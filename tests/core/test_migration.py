from dataclasses import replace
from typing import Any

import pytest

from sojourn.core.commands import Approve, HoldJourney, Migrate
from sojourn.core.decide import decide
from sojourn.core.migration import migration_refusal
from sojourn.core.paths import Path, Rollout, Wave
from sojourn.core.snapshot import Fact
from tests.core.driver import Driver, begin
from tests.core.scenes import (
    DAY,
    HOUR,
    NOW,
    approval,
    draft,
    fact,
    metric,
    path,
    shot,
    small,
    stage,
    state,
    unit_plan,
    work,
)

INES: dict[str, Any] = {"actor": "ines", "reason": "new version"}


def newer(plan: Path, **changes: Any) -> Path:
    """Return another version of a path, its first stage changed."""
    first = replace(plan.stages[0], **changes)
    return replace(plan, stages=(first, *plan.stages[1:]), version=2, digest="d2")


def test_a_journey_goes_on_on_the_new_version() -> None:
    journey = begin(replace(small(), version=1))
    journey.run()
    exit_ = replace(small().stages[0].exit, criteria=(work(), metric("precision", ">=", 0.95)))
    decision = journey.decide(Migrate(**INES, path=newer(small(), exit=exit_)))
    assert decision.before.path.version == 2
    event = decision.events[0]
    assert (event.type, event.actor, event.reason) == ("path.migrated", "ines", "new version")
    assert event.data == {"from": "small@1", "to": "small@2", "units": []}
    journey.live(DAY)
    assert journey.moves == ["sandbox"]
    journey.feed["precision"] = 0.96
    journey.live(HOUR)
    assert journey.moves[-1] == "pilot"
    assert journey.called.count(("setup", "install")) == 1


def test_work_that_is_new_to_the_stage_is_planned_and_what_was_done_stays_done() -> None:
    journey = begin(small())
    journey.settle_down()
    more = (*small().stages[0].work, unit_plan("audit", depends_on=("setup",)))
    decision = journey.decide(Migrate(**INES, path=newer(small(), work=more)))
    assert [u.name for u in decision.plans] == ["audit"]
    assert decision.release == (decision.plans[0].uow_id,)
    assert decision.events[0].data["units"] == ["audit"]
    journey.settle_down()
    assert journey.called[-1] == ("audit", "audit-task")
    assert journey.called.count(("setup", "install")) == 1


def test_before_admission_nothing_is_planned() -> None:
    journey = Driver(small())
    journey.start()
    decision = journey.decide(Migrate(**INES, path=newer(small(), work=(unit_plan("b"),))))
    assert (decision.refusal, decision.plans) == (None, ())


def test_new_work_waits_for_the_end_of_a_hold() -> None:
    journey = begin(small())
    journey.decide(HoldJourney(**INES))
    more = (*small().stages[0].work, unit_plan("audit"))
    decision = journey.decide(Migrate(**INES, path=newer(small(), work=more)))
    assert decision.refusal is not None
    assert decision.refusal.message == "new work (audit) waits for the end of the hold"
    assert journey.decide(Migrate(**INES, path=newer(small()))).refusal is None


def test_new_work_that_cannot_be_planned_refuses_the_migration() -> None:
    unit = unit_plan("audit")
    each = replace(unit, tasks=(replace(unit.tasks[0], for_each="${facts.regions}"),))
    plan = newer(small(), work=(*small().stages[0].work, each))
    journey = begin(small())
    decision = journey.decide(Migrate(**INES, path=plan))
    assert decision.refusal is not None
    assert decision.refusal.message.startswith("its new work cannot be planned: ")
    assert journey.path.version == 0


def test_approvals_given_on_the_old_version_are_void() -> None:
    plan = path(stage("sandbox", [approval(quorum=2)]))
    journey = Driver(plan)
    journey.start()
    journey.decide(Approve(actor="ada", roles=("approver",), criterion="sign_off"))
    journey.decide(Migrate(**INES, path=newer(plan)))
    assert journey.last is not None
    assert journey.last.result is not None
    assert "another version of the path" in journey.last.result.checks[0].message


def stages(*names: str, **more: Any) -> Path:
    return path(*(stage(n, [metric()], **more) for n in names))


PILOT = {"current_stage": "pilot", "completed_stages": ("sandbox",)}


@pytest.mark.parametrize(
    ("changes", "plan", "message"),
    [
        ({}, stages("sandbox", "pilot"), None),
        (PILOT, stages("sandbox", "pilot", "production"), None),
        (PILOT, stages("pilot"), "small has no stage 'sandbox', where the journey is or has been"),
        (PILOT, stages("sandbox"), "small has no stage 'pilot', where the journey is or has been"),
        (PILOT, stages("sandbox", "compliance", "pilot"), "small puts 'compliance' before pilot"),
        (PILOT, stages("pilot", "sandbox"), "small puts 'sandbox' after pilot; it was done before"),
        ({"current_stage": "rollback"}, stages("sandbox"), "a journey in rollback cannot change"),
        ({"current_stage": "completed"}, stages("sandbox"), "a journey in completed cannot"),
        ({"wave": 2}, stages("sandbox"), "small has fewer rollout waves than the journey has"),
        (
            {"wave": 2}, stages("sandbox", rollout=Rollout((Wave(100),), unit_plan("r"))),
            "small has fewer rollout waves than the journey has begun",
        ),
        (
            {"wave": 1}, stages("sandbox", rollout=Rollout((Wave(100),), unit_plan("r"))), None,
        ),
    ],
)  # fmt: skip
def test_why_a_journey_cannot_change_its_path(
    changes: dict[str, Any], plan: Path, message: str | None
) -> None:
    told = migration_refusal(draft(shot(state=state(**changes))), Migrate(**INES, path=plan))
    assert (told is None) == (message is None)
    assert (told or "").startswith(message or "")


def test_a_migration_that_opens_the_gate_lets_the_journey_through() -> None:
    at = shot(fact("size", ">=", 10), facts={"size": Fact(5, NOW)})
    easy = newer(at.path, exit=replace(at.path.stages[0].exit, criteria=(fact("size", ">=", 5),)))
    assert decide(at, NOW, Migrate(**INES, path=easy)).state.current_stage == "completed"
