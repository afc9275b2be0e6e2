from typing import Any

import pytest

from sojourn.paths.document import read
from sojourn.paths.outline import Node, Sheet, criteria_of, kind_of, name_of, units_of

TEXT = """\
stages:
  - name: one
    entry: {criteria: [{fact: a}]}
    exit: {criteria: [{fact: b}, 5]}
    work: [{name: u}, null]
    rollout: {waves: [{criteria: [{fact: c}]}], unit: {name: r}}
    triggers: [{when: {fact: d}}, {when: 5}]
    success: [{fact: e}]
  - 7
  - {name: 5, exit: [], work: {}, rollout: x}
rollback: {checks: {criteria: [{fact: f}]}}
"""


def sheet(text: str) -> Sheet:
    """Return a text as the checks see it."""
    document = read(text)
    return Sheet(document, Node((), document.data))


def test_what_has_the_wrong_shape_is_passed_by() -> None:
    found = sheet(TEXT)
    assert [s.place for s in found.stages] == [("stages", 0), ("stages", 2)]
    assert found.stage_names == ["one"]
    assert [u.data["name"] for u in units_of(found.stages[0])] == ["u", "r"]
    assert units_of(found.stages[1]) == []


def test_criteria_are_found_wherever_they_stand() -> None:
    found = [
        (c.use, c.stage, [n.data["fact"] for n in c.criteria]) for c in criteria_of(sheet(TEXT))
    ]
    assert [row for row in found if row[2]] == [
        ("entry", "one", ["a"]),
        ("exit", "one", ["b"]),
        ("wave", "one", ["c"]),
        ("trigger", "one", ["d"]),
        ("success", "one", ["e"]),
        ("checks", None, ["f"]),
    ]


@pytest.mark.parametrize(
    ("data", "kind", "name"),
    [
        ({"metric": "m"}, None, "m"),
        ({"metric": "m", "name": "n"}, None, "n"),
        ({"metric": "m"}, "critical_bug", "critical_bug"),
        ({"soak": "2d"}, None, "soak"),
        ({"work": "required"}, None, "work"),
        ({"metric": 5}, None, None),
        ({}, None, None),
    ],
)
def test_a_criterion_has_a_name_written_or_usual(data: Any, kind: Any, name: str | None) -> None:
    assert name_of(Node((), data), kind) == name


def test_a_line_is_that_of_the_place() -> None:
    assert sheet(TEXT).line("stages", 0, "success") == 8
    assert kind_of(Node((), {"soak": 1, "fact": 2})) == "fact"
