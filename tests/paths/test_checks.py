import pytest

from sojourn.paths import load
from tests.paths.conftest import Problems

EXIT = "exit: {criteria: [{fact: done}]}"
TWICE = """\
4:35: stages.one.entry.criteria[1]: the name 'a' stands twice among criteria that are \
judged together, first in line 4; give this one a name of its own
8:11: stages.one.exit.criteria[1]: the name 'b' stands twice among criteria that are \
judged together, first in line 7; give this one a name of its own
13:55: stages.one.work.u.tasks.t.name: the name 't' stands twice in this unit, \
first in line 13
14:16: stages.one.work.u.name: the name 'u' stands twice in this stage, first in line 13
17:36: stages.one.triggers[1].when: the name 'critical_bug' stands twice among these \
triggers, first in line 16; give this one a name of its own
19:26: stages.one.success[1]: the name 'x' stands twice among criteria that are judged \
together, first in line 19; give this one a name of its own
22:47: stages.one.rollout.waves[0].criteria[1]: the name 'x' stands twice among criteria \
that are judged together, first in line 22; give this one a name of its own
24:20: stages.one.rollout.unit.name: the name 'u' stands twice in this stage, \
first in line 13
26:24: stages.two.entry.criteria[0]: the name 'b' stands twice among criteria that are \
judged together, first in line 7; give this one a name of its own
28:43: rollback.checks.criteria[1]: the name 'y' stands twice among criteria that are \
judged together, first in line 28; give this one a name of its own
28:54: rollback.checks.criteria[2]: the name 'undone' is taken: every rollback is \
checked by it
"""
TASK = "tasks: [{name: t, agent: a}]"


@pytest.mark.parametrize("name", ["rollback", "completed", "cancelled"])
def test_stage_names_that_every_path_has_are_taken(name: str, problems: Problems) -> None:
    (told,) = problems(f"name: demo\nstages:\n  - name: {name}\n    {EXIT}\n")
    assert told == (
        f"3:11: stages.{name}.name: {name!r} is taken: every path has "
        "cancelled, completed, rollback"
    )


@pytest.mark.parametrize(
    ("name", "why"),
    [
        (
            "Sandbox",
            "'Sandbox' is not allowed here: a name begins with a-z and holds only a-z, 0-9",
        ),
        ("go-live", "'go-live' is not allowed here"),
        ("2nd", "'2nd' is not allowed here"),
        ("x" * 41, f"'{'x' * 41}' is too long: at most 40 characters"),
        ("''", "'' is not allowed here"),
        ("7", "a text is needed, not 7: put it in quotes"),
    ],
)
def test_a_stage_name_is_short_and_plain(name: str, why: str, problems: Problems) -> None:
    (told,) = problems(f"name: demo\nstages:\n  - name: {name}\n    {EXIT}\n")
    assert told.startswith("3:11: ")
    assert why in told


def test_a_stage_name_of_forty_characters_is_fine() -> None:
    assert load(f"name: demo\nstages: [{{name: {'x' * 40}, {EXIT}}}]").names == ("x" * 40,)


def test_names_stand_once_where_they_must_tell_things_apart(problems: Problems) -> None:
    told = problems(
        """\
        name: demo
        stages:
          - name: one
            entry: {criteria: [{fact: a}, {fact: a}]}
            exit:
              criteria:
                - fact: b
                - metric: b
                  is: "> 0"
                - soak: 1d
                - {soak: 2d, name: longer}
            work:
              - {name: u, tasks: [{name: t, agent: a}, {name: t, agent: a}]}
              - {name: u, tasks: [{name: t, agent: a}]}
            triggers:
              - {kind: critical_bug, when: {fact: a}}
              - {kind: critical_bug, when: {fact: c}}
              - {kind: critical_bug, when: {fact: c, name: other}}
            success: [{fact: x}, {fact: x}]
            rollout:
              waves:
                - {percent: 10, criteria: [{fact: x}, {fact: x}]}
                - {percent: 100, criteria: [{fact: x}]}
              unit: {name: u, tasks: [{name: t, agent: a}]}
          - name: two
            entry: {criteria: [{fact: b}]}
            exit: {criteria: [{fact: b}]}
        rollback: {checks: {criteria: [{fact: y}, {fact: y}, {fact: undone}]}}
        """
    )
    assert told == TWICE.splitlines()


def target(stage: int, name: str, action: str = "rollback") -> str:
    """Return a path of three stages, one of them with a trigger to a target."""
    text = "name: demo\nstages:\n"
    for index, own in enumerate(("one", "two", "three")):
        text += f"  - name: {own}\n    {EXIT}\n"
        if index == stage:
            when = f"{{kind: critical_bug, when: {{fact: x}}, action: {action}, target: {name}}}"
            text += f"    triggers: [{when}]\n"
    return text


@pytest.mark.parametrize(("stage", "name"), [(0, "one"), (1, "one"), (2, "one"), (2, "two")])
def test_a_rollback_goes_back(stage: int, name: str) -> None:
    assert load(target(stage, name)).stages[stage].triggers[0].target == name


@pytest.mark.parametrize(
    ("stage", "name", "why"),
    [
        (0, "two", "'two' is not an earlier stage; from one back to: one"),
        (1, "two", "'two' is not an earlier stage; from two back to: one"),
        (2, "three", "'three' is not an earlier stage; from three back to: one, two"),
        (2, "on", "there is no stage 'on'; did you mean 'one'?"),
        (2, "sandbox", "there is no stage 'sandbox'; there is: one, three, two"),
    ],
)
def test_a_rollback_goes_nowhere_else(stage: int, name: str, why: str, problems: Problems) -> None:
    (told,) = problems(target(stage, name))
    assert told.endswith(f"triggers[0].target: {why}")


@pytest.mark.parametrize("action", ["hold", "alert"])
def test_only_a_rollback_has_a_target(action: str, problems: Problems) -> None:
    (told,) = problems(target(1, "one", action))
    assert told.endswith("triggers[0].target: only the action rollback goes to a target")


@pytest.mark.parametrize(
    ("waves", "told"),
    [
        ("{percent: 10}", ["the last wave must have 100 percent"]),
        ("{percent: 100}, {percent: 100}", ["100 does not come after 100: waves ascend"]),
        (
            "{percent: 50}, {percent: 10}, {percent: 90}",
            ["10 does not come after 50: waves ascend", "the last wave must have 100 percent"],
        ),
        ("{percent: 0}, {percent: 101}, {percent: 100}",
         ["0 must be at least 1", "101 must be at most 100",
          "100 does not come after 101: waves ascend"]),
        ("{percent: true}", ["a whole number is needed, not true"]),
        ("", ["a rollout needs at least one wave, the last with percent: 100"]),
    ],
)  # fmt: skip
def test_waves_ascend_and_end_with_everyone(
    waves: str, told: list[str], problems: Problems
) -> None:
    rollout = f"rollout: {{waves: [{waves}], unit: {{name: r, {TASK}}}}}"
    text = f"name: demo\nstages:\n  - name: one\n    {EXIT}\n    {rollout}\n"
    found = problems(text)
    assert len(found) == len(told)
    assert [want for line, want in zip(found, told, strict=True) if want not in line] == []


@pytest.mark.parametrize(
    ("stage", "task", "why"),
    [
        ("target: 40d", "", "target: target (40d) is longer than limit (30d)"),
        ("limit: 1w", "", "limit: target (15d) is longer than limit (7d)"),
        ("target: 5d..9d, limit: 8d", "", "target: target (9d) is longer than limit (8d)"),
        ("", "timeout: 4d", "timeout: timeout (4d) is longer than deadline (3d)"),
        ("", "deadline: 30s", "deadline: timeout (1m) is longer than deadline (30s)"),
        ("", "retry: {longest: 0.5s}", "longest: base (1s) is longer than longest (0.5s)"),
        ("", "timeout: 0s", "timeout: must be longer than 0"),
        ("limit: 20y", "", "limit: '20y' is not a duration; a duration is needed, such as 30s"),
    ],
)
def test_lengths_bound_each_other(stage: str, task: str, why: str, problems: Problems) -> None:
    inner = f"{{name: t, agent: a, {task}}}"
    text = f"name: demo\nstages: [{{name: one, {EXIT}, work: [{{name: u, tasks: [{inner}]}}], {stage}}}]"
    (told,) = problems(text)
    assert why in told


def test_what_is_irreversible_has_no_undo(problems: Problems) -> None:
    task = "{name: t, agent: a, irreversible: true, undo: {agent: a}}"
    text = f"name: demo\nstages: [{{name: one, {EXIT}, work: [{{name: u, tasks: [{task}]}}]}}]"
    (told,) = problems(text)
    assert told.endswith("t.irreversible: a task has an undo or is irreversible, not both")


def test_a_key_without_a_value_is_an_oversight_except_in_free_json(problems: Problems) -> None:
    told = problems(
        f"""\
        name: demo
        title:
        defaults: {{a: null}}
        stages:
          - name: one
            {EXIT}
            entry:
            work: [null, {{name: u, tasks: [{{name: t, agent: a, input: {{b: [null]}}, undo: }}]}}]
        """
    )
    assert [line.split(": nothing")[0] for line in told] == [
        "2:7: title",
        "7:11: stages.one.entry",
        "8:12: stages.one.work[0]",
        "8:81: stages.one.work.u.tasks.t.undo",
    ]
