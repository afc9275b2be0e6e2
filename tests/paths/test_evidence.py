import pytest

from sojourn.paths import load
from sojourn.paths.evidence import FITTING
from tests.paths.conftest import Problems

KINDS = {
    "metric": '{metric: m, is: "> 0"}',
    "fact": "{fact: f}",
    "approval": "{approval: p}",
    "work": "{work: required}",
    "soak": "{soak: 1d}",
    "rollout": "{rollout: 100}",
}
PLACES = {
    "entry": "entry: {criteria: [%s]}",
    "exit": "exit: {criteria: [%s]}",
    "wave": "rollout: {waves: [{percent: 100, criteria: [%s]}], unit: %%s}",
    "trigger": "triggers: [{kind: critical_bug, when: %s}]",
    "success": "success: [%s]",
}
UNIT = "{name: r, tasks: [{name: t, agent: a}]}"


def path(use: str, criterion: str) -> str:
    """Return a path with one criterion in one place, and a rollout in its stage."""
    if use == "checks":
        stage = "name: production, exit: {criteria: [{fact: done}]}"
        return (
            f"name: demo\nrollback: {{checks: {{criteria: [{criterion}]}}}}\nstages: [{{{stage}}}]"
        )
    lines = {"name": "name: production", "exit": PLACES["exit"] % "{fact: done}"}
    lines["wave"] = PLACES["wave"] % "" % UNIT
    written = PLACES[use] % criterion
    lines[use] = written % UNIT if use == "wave" else written
    return f"name: demo\nstages: [{{{', '.join(lines.values())}}}]"


@pytest.mark.parametrize("use", FITTING)
@pytest.mark.parametrize("kind", KINDS)
def test_each_place_takes_the_kinds_that_can_be_judged_there(
    use: str, kind: str, problems: Problems
) -> None:
    text = path(use, KINDS[kind])
    if kind in FITTING[use]:
        load(text)
    else:
        (told,) = problems(text)
        assert f"{kind!r} does not fit" in told
        assert " or ".join(FITTING[use]) in told


@pytest.mark.parametrize(
    ("criterion", "told"),
    [
        ("{metric: m}", "'is' is missing: the specification has no threshold for m here (it has"),
        ("{metric: m, is: true}", "is: a metric is compared with a number, not True"),
        ("{metric: m, is: eu}", "is: a metric is compared with a number, not 'eu'"),
        ('{metric: m, is: ">= .nan"}', "is: .nan is not a threshold: nothing can be compared"),
        ("{metric: m, is: .nan}", "is: .nan is not a number that can be used here"),
        ('{metric: m, is: "> +5%"}', "is: a change such as +20% needs a baseline"),
        ("{metric: m, is: 0, aggregate: mean}", "aggregate: 'aggregate' needs 'window'"),
        ("{metric: m, is: 0, coverage: 0.9, every: 1h}", "coverage: 'coverage' needs 'window'"),
        ("{metric: m, is: 0, coverage: 0.9, window: 1d}", "coverage: 'coverage' needs 'every'"),
        ("{metric: m, is: 0, every: 1h, window: 1d}", "every: 'every' needs 'coverage'"),
        ("{metric: m, is: 0, spread: 0.1}", "spread: 'spread' needs 'window'"),
        ("{metric: m, is: 0, slope: 0.1}", "slope: 'slope' needs 'window'"),
        ("{metric: m, is: 0, coverage: 1, every: 2d, window: 1d}",
         "every: 'every' is longer than the window that it should fill"),
        ("{metric: m, is: 0, baseline: {kind: first, window: 1d}, consecutive_passes: 2}",
         "consecutive_passes: single values have no change to judge"),
        ("{metric: m, is: 0, baseline: {kind: first}}", "baseline: 'window' is missing"),
        ("{metric: m, is: 0, baseline: 30d}", "baseline: a mapping is needed"),
        ("{metric: m, is: 0, coverage: 1.1, every: 1h, window: 1d}",
         "coverage: 1.1 must be at most 1"),
        ("{metric: m, is: 0, min_samples: 0}", "min_samples: 0 must be at least 1"),
        ("{metric: m, is: 0, spread: 0, window: 1d}", "spread: 0 must be greater than 0"),
        ("{metric: m, is: 0, aggregate: median, window: 1d}",
         "aggregate: 'median' is not allowed here; did you mean 'mean'? (allowed: latest, mean, p50,"),
        ("{approval: p, quorum: 0}", "quorum: 0 must be at least 1"),
        ("{approval: p, roles: []}", "roles: needs at least one item, or leave the key out"),
        ("{fact: f, metric: m, is: 1}", "fact: a criterion looks at one thing only; this one has 'metric'"),
        ("{name: x}", "a criterion needs one of metric, fact, approval, work, soak or rollout"),
        ("5", "a criterion is a mapping with one of metric, fact, approval, work, soak or rollout"),
    ],
)  # fmt: skip
def test_a_criterion_says_what_it_lacks(criterion: str, told: str, problems: Problems) -> None:
    (found,) = problems(path("exit", criterion))
    assert told in found


@pytest.mark.parametrize("use", ["trigger", "checks"])
def test_a_trigger_and_a_check_state_their_own_condition(use: str, problems: Problems) -> None:
    (told,) = problems(path(use, "{metric: user_adoption}"))
    assert "'is' is missing: " in told
    assert told.endswith("states its own condition")


def test_a_rollout_criterion_needs_a_rollout(problems: Problems) -> None:
    (told,) = problems("name: demo\nstages: [{name: one, exit: {criteria: [{rollout: 100}]}}]")
    assert told.endswith("this stage has no rollout, so this could never hold")
