import pytest

from sojourn.paths import load
from tests.paths.conftest import Problems

PATH = """\
name: demo
stages:
  - name: production
    exit: {{criteria: [{{fact: done}}]}}
    work:
      - name: setup
        tasks:
          - {{name: install, agent: a}}
          - {{name: other, agent: a}}
      - name: verify
        depends_on: [setup]
        tasks:
          - {{name: first, agent: a}}
          - {{name: second, agent: a, depends_on: [first]}}
          - name: third
            agent: a
            depends_on: [second]
            {keys}
      - name: later
        tasks: [{{name: t, agent: a}}]
    rollout:
      waves: [{{percent: 100}}]
      unit:
        name: serve
        depends_on: [verify]
        tasks: [{{name: enable, agent: a, {rollout}}}]
"""


def path(keys: str = "title: x", rollout: str = "title: y") -> str:
    """Return a path with something of interest in a task, and in the rollout's."""
    return PATH.format(keys=keys, rollout=rollout)


@pytest.mark.parametrize(
    "text",
    [
        "${client.id}",
        "${journey.id} ${journey.key} ${journey.path} ${journey.stage} ${journey.started_at}",
        "${journey.metadata.scenario.size}",
        "${facts.data_sources}",
        "${tasks.second.output.id}",
        "${tasks.first.output}",
        "${units.setup.install.output.id}",
        "no $${env.HOME}, ${$}5",
    ],
)
def test_a_reference_may_name_what_will_be_there(text: str) -> None:
    load(path(keys=f'input: {{a: [{{b: "{text}"}}]}}'))


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("${tasks.frist.output.id}", "there is no task 'frist'; did you mean 'first'?"),
        ("${tasks.third.output.id}", "this task does not depend on 'third'; add it to depends_on"),
        ("${tasks.first.id}", "is not complete; write tasks.<task>.output.<place>"),
        ("${units.later.t.output}", "this unit does not depend on 'later'; add it to depends_on"),
        (
            "${units.setup.instal.output}",
            "unit 'setup' has no task 'instal'; did you mean 'install'",
        ),
        (
            "${units.nope.t.output}",
            "there is no unit 'nope'; there is: later, serve, setup, verify",
        ),
        ("${item}", "${item} stands for nothing: the task has no for_each"),
        ("${wave.percent}", "stands for nothing: this is not the unit of a rollout"),
        ("${client.name}", "is not complete; write client.id"),
        ("${journey.metadata}", "is not complete; write journey.id"),
        ("${fact.x}", "refers to 'fact'; did you mean 'facts'?"),
        ("${env.HOME}", "refers to 'env'; there is: client, facts"),
        ("${}", "has an empty step"),
        ("${facts.x", "lacks its closing brace; write $${ for a plain ${"),
    ],
)
def test_a_reference_that_cannot_resolve_says_why(text: str, why: str, problems: Problems) -> None:
    (told,) = problems(path(keys=f'input: {{a: [{{b: "{text}"}}]}}'))
    assert told.startswith("18:")
    assert "tasks.third.input.a[0].b: " in told
    assert why in told


@pytest.mark.parametrize("list_", ["${facts.sources}", "${journey.metadata.teams.names}"])
def test_for_each_names_a_list_that_is_known_beforehand(list_: str) -> None:
    keys = f'{{for_each: "{list_}", title: "Do ${{item}}", input: {{a: "${{item.id}}"}}}}'
    loaded = load(path(keys=keys.strip("{}").replace(", title", "\n            title").replace(
        ", input", "\n            input") + "}"))  # fmt: skip
    task = loaded.stages[0].work[1].tasks[2]
    assert (task.for_each, task.name, task.input_data) == (list_, "Do ${item}", {"a": "${item.id}"})


@pytest.mark.parametrize("list_", ["${tasks.first.output}", "facts.x", "[a, b]", "${facts.a} b"])
def test_for_each_takes_nothing_else(list_: str, problems: Problems) -> None:
    (told,) = problems(path(keys=f'for_each: "{list_}"'))
    assert "one reference to a list is needed: ${facts.<name>} or" in told


def test_an_undo_may_name_the_output_of_its_own_task(problems: Problems) -> None:
    own = 'undo: {agent: a, input: {id: "${tasks.third.output.id}"}}'
    load(path(keys=own))
    (told,) = problems(path(keys=own.replace("third", "other")))
    assert "undo.input.id: ${tasks.other.output.id}: there is no task 'other'" in told


def test_a_rollout_may_name_its_wave_and_what_it_depends_on() -> None:
    text = "${wave.percent} ${wave.previous} ${wave.number} ${units.setup.other.output}"
    load(path(rollout=f'title: "to ${{wave.percent}} %", input: {{a: "{text}"}}'))


def test_elsewhere_references_are_refused(problems: Problems) -> None:
    told = problems(path(keys='title: "for ${facts.x}"').replace(
        "name: demo\n", "name: demo\ndefaults: {a: ['${facts.x}']}\n").replace(
        "{name: other, agent: a}", '{name: other, agent: "${facts.x}"}'))  # fmt: skip
    assert [line.partition("}: ")[2] or line.rpartition(": ")[2] for line in told] == [
        "no reference can stand in defaults",
        "no reference can stand here",
        "${facts.x} cannot stand here; only item, wave, client can",
    ]


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ("depends_on: [second]", "depends_on: [third]", "goes in a circle: third -> third"),
        (
            "name: first, agent: a",
            "name: first, agent: a, depends_on: [third]",
            "goes in a circle: first -> third -> second -> first",
        ),
        (
            "depends_on: [first]",
            "depends_on: [frist]",
            "there is no task of this unit 'frist'; did",
        ),
        ("depends_on: [first]", "depends_on: [first, first]", "'first' stands twice"),
        ("depends_on: [setup]", "depends_on: [stup]", "there is no unit of this stage 'stup'; did"),
        (
            "depends_on: [setup]",
            "depends_on: [serve]",
            "'serve' runs once in each wave; nothing can",
        ),
        ("depends_on: [setup]", "depends_on: setup", "a list is needed (each item begins with a"),
    ],
)
def test_dependencies_name_what_is_there_and_never_themselves(
    old: str, new: str, why: str, problems: Problems
) -> None:
    told = problems(path().replace(old, new))
    assert any(why in line for line in told)
