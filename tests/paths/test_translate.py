import pytest

from tests.paths.conftest import Problems

TASK = "tasks: [{name: t, agent: a}]"


def path(more: str = "", name: str = "demo") -> str:
    """Return a path with something more in its stage."""
    return f"name: {name}\nstages: [{{name: one, exit: {{criteria: [{{fact: f}}]}}, {more}}}]"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (path("title: [a]"), "title: a text is needed, not a list"),
        (path("title: {a: b}"), "title: a text is needed, not a mapping"),
        (path("title: true"), "title: a text is needed, not true: put it in quotes"),
        (path(f"title: {'x' * 201}"), "is too long: at most 200 characters"),
        (path("work: {}"), "work: a list is needed (each item begins with a dash), not a mapping"),
        (path("work: [x]"), "work[0]: a mapping is needed (lines of key: value), not 'x'"),
        (path(f"work: [{{name: u, required: 'yes', {TASK}}}]"), "true or false is needed, not 'yes'"),
        (path("work: [{name: u, tasks: []}]"), "tasks: a unit of work needs at least one task"),
        (path("work: [{name: u, tasks: [{name: t, agent: ''}]}]"), "agent: '' must not be empty"),
        (
            path("work: [{name: u, tasks: [{name: t, agent: a, max_retries: 1.5}]}]"),
            "max_retries: a whole number is needed, not 1.5",
        ),
        (
            path("work: [{name: u, tasks: [{name: t, agent: a, retry: {factor: x}}]}]"),
            "factor: a number is needed, not 'x'",
        ),
        (
            path("work: [{name: u, tasks: [{name: t, agent: a, measures: {A B: x}}]}]"),
            "measures.A B: 'A B' is not allowed here: a name begins with a-z and holds only",
        ),
        (
            path("work: [{name: u, tasks: [{name: t, agent: a, facts: {a: b..c}}]}]"),
            "facts.a: 'b..c' is not allowed here: a place in the output is needed, such as",
        ),
        (path("mode: auto"), "unknown key 'mode' (allowed: name, title, purpose, target"),
        (path("tittle: x"), "unknown key 'tittle'; did you mean 'title'? (allowed: name, title"),
        (path("<<: {title: x}"), "merge keys (<<) are not supported; write the keys out"),
        (path(name="Demo Path"), "name: 'Demo Path' is not allowed here: a name begins with a-z"),
        ("name: demo\nstages: x", "stages: a list is needed (each item begins with a dash), not 'x'"),
        ("name: demo\nstages: [{name: a, exit: {criteria: []}}]",
         "exit.criteria: a gate without criteria never opens, so no journey could ever leave"),
        ("name: demo\nstages: [{name: a, exit: {mode: auto}}]",
         "exit: 'criteria' is missing: what must hold; all are judged, always, and all must hold"),
    ],
)  # fmt: skip
def test_errors_are_said_in_words_with_what_is_allowed(
    text: str, told: str, problems: Problems
) -> None:
    (found,) = problems(text)
    assert told in found


def test_each_key_that_is_missing_is_told_where_its_mapping_begins(problems: Problems) -> None:
    told = problems("title: x\nstages:\n  - title: y\n")
    assert [line.partition(" is missing: ")[0] for line in told] == [
        "1:1: 'name'",
        "3:5: stages[0]: 'name'",
        "3:5: stages[0]: 'exit'",
    ]
    assert told[0].endswith("a changed file of the same name is a new version of it")
    assert told[2].endswith("so no journey could ever leave the stage")
