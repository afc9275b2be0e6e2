import pytest

from sojourn.paths import load
from sojourn.paths.lint import Level, lint

GATE = "exit: {criteria: [{fact: done}]}"
TASK = "tasks: [{name: t, agent: a, idempotent: true}]"


def told(stage: str, level: Level = Level.WARNING, more: str = "", **known: set[str]) -> list[str]:
    """Return what lint says at a level of a path with one stage."""
    path = load(f"name: demo\nstages: [{{name: pilot, {stage}}}]\n{more}")
    return [f"{f.place}: {f.message}" for f in lint(path, **known) if f.level == level]


@pytest.mark.parametrize(
    ("stage", "message"),
    [
        (
            f"{GATE}, work: [{{name: u, {TASK}}}]",
            "pilot.exit: required work (u) that no criterion waits for; add work: required",
        ),
        (
            "exit: {criteria: [{work: required}]}",
            "pilot.exit: waits for required work, and there is none: never opens",
        ),
        (
            f"{GATE}, rollout: {{waves: [{{percent: 100}}], unit: {{name: r, required: false, {TASK}}}}}",
            "pilot.exit: the journey may leave before all users are served; add rollout: 100",
        ),
        (
            "exit: {criteria: [{metric: m, is: 0, window: 40d, coverage: 0.9, every: 1d}]}",
            "pilot.exit.m: takes 36d to hold, the stage is stuck after 30d",
        ),
        (
            "exit: {criteria: [{fact: f}, {soak: 31d}]}",
            "pilot.exit.soak: takes 31d to hold, the stage is stuck after 30d",
        ),
        (
            (
                "exit: {criteria: [{metric: m, is: 0, aggregate: mean, window: 20d, "
                "baseline: {kind: previous, window: 20d}}]}"
            ),
            "pilot.exit.m: takes 40d to hold, the stage is stuck after 30d",
        ),
        (
            f"{GATE}, triggers: [{{kind: critical_bug, when: {{metric: m, is: '> 0'}}}}]",
            (
                "pilot.trigger.critical_bug: old evidence can trip it; say how fresh it must be with "
                "max_age"
            ),
        ),
        (
            (
                "exit: {criteria: [{metric: m, is: '>= 4.0'}]}, triggers: [{kind: critical_bug, "
                "when: {metric: m, is: '< 4.5', max_age: 1d}}]"
            ),
            "pilot.trigger.critical_bug: trips at 4, which the exit gate (m >= 4) accepts",
        ),
        (
            (
                f"{GATE}, work: [{{name: u, required: false, tasks: [{{name: t, agent: a, "
                "idempotent: true, input: {x: '${facts.region}'}}]}]"
            ),
            (
                "pilot.u.t: needs the fact region before it can be planned, and no gate asks for it; "
                "add it to the entry criteria"
            ),
        ),
        (
            (
                f"{GATE}, work: [{{name: u, required: false, tasks: [{{name: t, agent: a, "
                "idempotent: true, input: {x: '${journey.metadata.size}'}}]}]"
            ),
            "pilot.u.t: needs the metadata size, which have no default; add it to defaults",
        ),
    ],
)
def test_what_is_questionable_is_a_warning(stage: str, message: str) -> None:
    assert told(stage) == [message]


@pytest.mark.parametrize(
    ("every", "message"),
    [
        ("every: 6h", []),
        ("every: 1d", [("pilot.exit.m: wants a sample every 8h, and the unit that measures it "
                       "repeats every 1d")]),
        ("title: once", [("pilot.exit.m: wants a sample every 8h, and the unit that measures it "
                         "runs only once")]),
    ],
)  # fmt: skip
def test_coverage_needs_work_that_measures_often_enough(every: str, message: list[str]) -> None:
    gate = "exit: {criteria: [{metric: m, is: 0, window: 7d, coverage: 0.9, every: 8h}]}"
    task = "{name: t, agent: a, idempotent: true, measures: {m: x}}"
    unit = f"{{name: u, required: false, {every}, tasks: [{task}]}}"
    assert told(f"{gate}, work: [{unit}]") == message


@pytest.mark.parametrize(
    ("good", "bad", "fight"),
    [
        (">= 4.0", "< 3.5", False),
        (">= 4.0", "< 4.0", False),
        (">= 4.0", "<= 4.0", True),
        ("== 0", "> 0", False),
        ("== 0", "!= 0", False),
        ("!= 0", "> 5", True),
        ("<= 500", "> 500", False),
        ("<= 500", "> 400", True),
        ("> 1", "> 2", True),
    ],
)
def test_a_trigger_and_a_gate_fight_where_they_share_a_value(
    good: str, bad: str, fight: bool
) -> None:
    when = f"{{metric: m, is: '{bad}', max_age: 1d}}"
    for action, expected in (("rollback", fight), ("hold", fight), ("alert", False)):
        trigger = f"{{kind: critical_bug, action: {action}, when: {when}}}"
        found = told(f"exit: {{criteria: [{{metric: m, is: '{good}'}}]}}, triggers: [{trigger}]")
        assert bool(found) == expected


def test_other_aggregates_do_not_fight() -> None:
    when = "{metric: m, is: '> 1', aggregate: mean, window: 1d, max_age: 1d}"
    gate = "exit: {criteria: [{metric: m, is: '> 0'}]}"
    assert told(f"{gate}, triggers: [{{kind: critical_bug, when: {when}}}]") == []


def test_unknown_agents_are_errors_and_come_first() -> None:
    unit = "{name: u, tasks: [{name: t, agent: serch, undo: {agent: gone}}]}"
    stage = f"exit: {{criteria: [{{work: required}}]}}, work: [{unit}]"
    assert told(stage, Level.ERROR, agents={"search", "scan"}) == [
        "pilot.u.t: there is no agent 'serch'; did you mean 'search'?",
        "pilot.u.t: there is no agent 'gone'; there is: scan, search",
    ]
    assert told(stage, Level.ERROR) == []


def test_an_approval_that_nobody_can_give_is_a_warning() -> None:
    stage = "exit: {criteria: [{approval: demo, roles: [officer]}]}"
    assert told(stage, roles={"approver"}) == [
        "pilot.exit.demo: nobody has a role that may approve it: officer"
    ]
    assert told(stage, roles={"officer"}) == told(stage) == []


def test_what_comes_from_outside_and_what_stays_after_a_rollback_is_told() -> None:
    unit = "{name: u, tasks: [{name: t, agent: a, measures: {n: x}}]}"
    gate = "exit: {criteria: [{work: required}, {metric: m, is: 0}, {metric: n, is: 0}, {fact: f}]}"
    assert told(f"{gate}, work: [{unit}]", Level.INFO) == [
        (
            "pilot.work: a rollback leaves what these tasks did: u.t; add undo: or irreversible: true, "
            "or idempotent: true where nothing is left"
        ),
        (
            "metrics: no task's output is mapped to m; they come from what agents report themselves, "
            "or from sojourn record"
        ),
        (
            "facts: no task's output is mapped to f; they come from what agents report themselves, "
            "or from sojourn record"
        ),
    ]


def test_facts_of_earlier_gates_and_tasks_are_known_later() -> None:
    one = (
        "{name: one, entry: {criteria: [{fact: a}]}, exit: {criteria: [{work: required}, {fact: b}]}"
        ", work: [{name: u, tasks: [{name: t, agent: a, idempotent: true, facts: {c: x}}]}]}"
    )
    uses = "{x: '${facts.a} ${facts.b} ${facts.c}', y: '${journey.metadata.size}'}"
    two = (
        "{name: two, exit: {criteria: [{work: required}]}, work: [{name: u, tasks: "
        f"[{{name: t, agent: a, idempotent: true, input: {uses}}}]}}]}}"
    )
    path = load(f"name: demo\ndefaults: {{size: 1}}\nstages: [{one}, {two}]")
    assert [f for f in lint(path) if f.level != Level.INFO] == []


def test_a_finding_is_one_line() -> None:
    (first, *_) = lint(load(f"name: demo\nstages: [{{name: pilot, {GATE}}}]"))
    assert str(first).startswith("info: facts: ")
