from datetime import timedelta

from sojourn.core.paths import (
    Action,
    Gate,
    Mode,
    RollbackTrigger,
    StagePlan,
)
from sojourn.core.stages import JourneyStage
from sojourn.core.work import Purpose
from sojourn.paths import load

DAY = timedelta(days=1)
UNIT = "{name: serve, tasks: [{name: t, agent: a}]}"


def last(text: str) -> StagePlan:
    """Return the stage that a text describes, after a sandbox."""
    first = "{name: sandbox, exit: {criteria: [{fact: f}]}}"
    return load(f"name: demo\nstages: [{first}, {{{text}}}]").stages[1]


def test_a_bare_stage_takes_the_defaults_of_core() -> None:
    found = last("name: pilot, exit: {criteria: [{fact: done}]}")
    assert found == StagePlan(JourneyStage.PILOT, Gate(), Gate(found.exit.criteria))
    assert isinstance(found.name, JourneyStage)


def test_a_stage_of_ones_own_is_a_plain_name() -> None:
    assert type(last("name: go_live, exit: {criteria: [{fact: done}]}").name) is str


def test_lengths_and_words_of_a_stage() -> None:
    found = last(
        "name: pilot, title: Pilot, purpose: Few users, target: 10d..15d, limit: 3w, "
        "baseline: 30d, exit: {criteria: [{fact: done}]}"
    )
    assert (found.earliest, found.target) == (10 * DAY, 15 * DAY)
    assert (found.limit, found.baseline) == (21 * DAY, 30 * DAY)
    assert (found.title, found.purpose) == ("Pilot", "Few users")


def test_a_gate_says_who_passes_it_and_who_may_waive() -> None:
    gate = "{mode: manual, waiver_roles: [officer], criteria: [{fact: done}]}"
    found = last(f"name: pilot, entry: {gate}, exit: {{criteria: [{{fact: x}}]}}")
    assert (found.entry.mode, found.entry.waiver_roles) == (Mode.MANUAL, ("officer",))
    assert (found.exit.mode, found.exit.waiver_roles) == (Mode.AUTO, ("approver", "admin"))


def test_everything_of_a_trigger_may_be_said() -> None:
    (found,) = last(
        "name: pilot, exit: {criteria: [{fact: x}]}, triggers: [{kind: critical_bug, "
        "when: {metric: bug_count, is: '> 0'}, target: sandbox, for: 6h, cooldown: 1d}]"
    ).triggers
    assert (found.kind, found.action) == (RollbackTrigger.CRITICAL_BUG, Action.ROLLBACK)
    assert found.target is JourneyStage.SANDBOX
    assert (found.lasting, found.cooldown) == (DAY / 4, DAY)


def test_waves_take_the_stages_thresholds() -> None:
    found = last(
        "name: production, exit: {criteria: [{rollout: 100}]}, rollout: {waves: [{percent: 10, "
        f"soak: 2d, criteria: [{{metric: user_adoption}}]}}, {{percent: 100}}], unit: {UNIT}}}"
    ).rollout
    assert found is not None
    assert found.waves[0].criteria[0].threshold == 0.70
    assert [(w.percent, w.soak) for w in found.waves] == [(10, 2 * DAY), (100, 0 * DAY)]
    assert found.unit.purpose == Purpose.ROLLOUT


def test_success_metrics_take_them_too() -> None:
    found = last(
        "name: production, exit: {criteria: [{fact: x}]}, success: [{metric: user_adoption}]"
    )
    assert found.success[0].threshold == 0.70
