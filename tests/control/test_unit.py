import json
from datetime import timedelta
from typing import Any

import pytest

from sojourn.control.unit import LARGEST, MOST_TASKS, BadUnit, parse
from sojourn.core.work import InvalidWork

TASK: dict[str, Any] = {"task_id": "a", "agent_id": "x"}


def document(**changes: Any) -> dict[str, Any]:
    return {"uow_id": "u", "stage": "sandbox", "tasks": [TASK]} | changes


def problems(data: Any) -> list[tuple[str, str]]:
    text = data if isinstance(data, str | bytes) else json.dumps(data)
    with pytest.raises(BadUnit) as caught:
        parse(text)
    return list(caught.value.problems)


def test_what_a_unit_may_leave_out_has_its_usual_value() -> None:
    form = parse(json.dumps(document()))
    [task] = [t.build() for t in form.tasks]
    assert (task.name, task.max_retries, task.timeout) == ("a", 3, timedelta(seconds=60))
    assert (form.dependencies, form.journey_id, form.required) == ([], None, True)


def test_every_extra_of_a_task_arrives() -> None:
    extra = {
        "name": "A", "input_data": {"x": [1]}, "depends_on": ["b", "b"], "max_retries": 7,
        "timeout": "90s", "deadline": "2d", "retry": {"base": "5s", "factor": 3, "longest": "1h"},
        "undo": {"agent_id": "y", "input_data": {"z": 1}}, "irreversible": True,
        "idempotent": True, "measures": {"m": "o.m"}, "facts": {"f": "o.f"},
    }  # fmt: skip
    [task] = [t.build() for t in parse(json.dumps(document(tasks=[TASK | extra]))).tasks]
    assert (task.name, task.input_data, task.depends_on) == ("A", {"x": [1]}, ("b",))
    assert (task.timeout, task.deadline) == (timedelta(seconds=90), timedelta(days=2))
    assert (task.retry.base, task.retry.factor) == (timedelta(seconds=5), 3.0)
    assert task.undo is not None
    assert (task.undo.agent_id, task.undo.input_data) == ("y", {"z": 1})
    assert task.irreversible
    assert task.idempotent
    assert (task.measures, task.facts) == ({"m": "o.m"}, {"f": "o.f"})


def test_an_undone_unit_as_work_show_prints_it_can_be_submitted_again() -> None:
    shown = document(
        journey_id="j", dependencies=[], status="pending", created_at=None, started_at=None,
        completed_at=None,
        tasks=[TASK | {"output_data": None, "status": "pending", "retry_count": 0,
                       "max_retries": 3, "name": "A", "input_data": {}}],
    )  # fmt: skip
    assert parse(json.dumps(shown)).journey_id == "j"


@pytest.mark.parametrize(
    ("change", "place", "message"),
    [
        ({"uow_id": 5}, "uow_id", "a text is needed, not 5"),
        ({"uow_id": ""}, "uow_id", "must not be empty"),
        ({"uow_id": " a"}, "uow_id", "must be printable, without space at its ends"),
        ({"uow_id": "x" * 201}, "uow_id", "is too long: at most 200 characters"),
        ({"stage": "Sandbox"}, "stage", "'Sandbox' is no name here"),
        ({"stage": None}, "stage", "a text is needed, not null"),
        ({"tasks": {}}, "tasks", "a list is needed, not an object"),
        ({"tasks": [5]}, "tasks[0]", "an object is needed, not 5"),
        ({"tasks": []}, "tasks", "needs at least one task"),
        ({"tasks": [TASK] * (MOST_TASKS + 1)}, "tasks", "has too many items"),
        ({"dependencies": "u"}, "dependencies", "a list is needed, not 'u'"),
        ({"dependencies": [1]}, "dependencies[0]", "a text is needed, not 1"),
        ({"status": "running"}, "status", "'running' is not allowed here; allowed: 'pending'"),
        ({"started_at": "2026-01-01"}, "started_at", "is set by the engine"),
        ({"purpose": "rollback"}, "purpose", "is not allowed here"),
        ({"required": "yes"}, "required", "true or false is needed, not 'yes'"),
        ({"every": "1"}, "every", "'1' has no unit"),
        ({"uow": "u"}, "uow", "unknown key; did you mean 'uow_id'?"),
        ({"tasks": [TASK | {"agent": "x"}]}, "tasks[0].agent", "did you mean 'agent_id'?"),
        ({"tasks": [TASK | {"input_data": []}]}, "tasks[0].input_data", "an object is needed"),
        ({"tasks": [TASK | {"output_data": {}}]}, "tasks[0].output_data", "set by the engine"),
        ({"tasks": [TASK | {"status": "failed"}]}, "tasks[0].status", "allowed: 'pending'"),
        ({"tasks": [TASK | {"retry_count": 1}]}, "tasks[0].retry_count", "at most 0"),
        ({"tasks": [TASK | {"max_retries": -1}]}, "tasks[0].max_retries", "at least 0"),
        ({"tasks": [TASK | {"max_retries": 1.5}]}, "tasks[0].max_retries", "a whole number"),
        ({"tasks": [TASK | {"max_retries": True}]}, "tasks[0].max_retries", "a whole number"),
        ({"tasks": [TASK | {"timeout": 60}]}, "tasks[0].timeout", "60 has no unit"),
        ({"tasks": [TASK | {"undo": {"agent": "x"}}]}, "tasks[0].undo.agent_id", "is missing"),
        ({"tasks": [TASK | {"retry": {"bas": "1s"}}]}, "tasks[0].retry.bas", "mean 'base'?"),
        ({"tasks": [TASK | {"measures": {"M": "x"}}]}, "tasks[0].measures.M", "is no name here"),
    ],
)
def test_what_is_wrong_is_named_by_its_place(
    change: dict[str, Any], place: str, message: str
) -> None:
    found = problems(document(**change))
    assert place in [where for where, _ in found]
    assert message in dict(found)[place]


def test_all_problems_are_told_at_once() -> None:
    found = problems({"uow_id": 5, "tasks": [{"task_id": "a"}]})
    assert [place for place, _ in found] == ["uow_id", "stage", "tasks[0].agent_id"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is not JSON"),
        ("{", "is not JSON"),
        ("[]", "must be one JSON object, the unit of work, not a list"),
        ("null", "not null"),
        ('{"a": 1, "a": 2}', "the key 'a' stands there twice"),
        ('{"a": NaN}', "NaN is not a JSON number"),
        (b"\xff{}", "is not UTF-8 (byte 0)"),
        ("[" * 100_000, "is not JSON"),
        (" " * (LARGEST + 1), "is larger than 1,000,000 bytes"),
        ('{"a": ' + "1" * 5000 + "}", "is not JSON"),
    ],
)
def test_what_is_no_unit_at_all_is_refused(text: str | bytes, message: str) -> None:
    [(place, said)] = problems(text)
    assert place == "unit"
    assert message in said


@pytest.mark.parametrize("value", ["1e999", str(2**70), '"\\u0000"', '"\\ud800"'])
def test_what_the_database_cannot_keep_is_refused_at_its_place(value: str) -> None:
    text = json.dumps(document()).replace(
        '"agent_id": "x"', f'"agent_id": "x", "input_data": {{"k": {value}}}'
    )
    [(place, _)] = problems(text)
    assert place == "unit.tasks[0].input_data.k"


def test_a_bad_unit_is_invalid_work() -> None:
    assert issubclass(BadUnit, InvalidWork)
    assert str(BadUnit([("a", "b"), ("c", "d")])) == "a: b\nc: d"
