from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from sojourn.agents.outcome import document, pause, returned, spelled
from sojourn.core.outcomes import Completed, Failed, Measured, Needs, Outcome, Rejected, Working
from tests.agents.calls import NOW, call

HANDLE = {"status_url": "http://x/1"}


def read(answer: Any, handle: dict[str, Any] | None = None, *, bare: bool = False) -> Outcome:
    return document(answer, call(), HANDLE if handle is None else handle, bare=bare)


def refused(outcome: Outcome) -> str:
    assert isinstance(outcome, Failed), outcome
    assert not outcome.retryable
    assert outcome.message.startswith("the answer cannot be used: ")
    return outcome.message


def measuring(**fields: Any) -> Outcome:
    return read({"output": {}, "measurements": [{"metric": "m", "value": 1, **fields}]})


@pytest.mark.parametrize("status", ["completed", "Succeeded", "DONE", "finished"])
def test_completed(status: str) -> None:
    assert read({"status": status, "output": {"a": 1}}) == Completed({"a": 1})


@pytest.mark.parametrize("status", ["working", "RUNNING", "in_progress", "queued", "pending"])
def test_working(status: str) -> None:
    answer = {"status": status, "poll_after": 3}
    assert read(answer) == Working(HANDLE, timedelta(seconds=3))
    assert "names no status_url" in refused(read(answer, {}))


def test_failed_says_whether_it_may_be_tried_again() -> None:
    assert read({"status": "failed", "message": "busy"}) == Failed("busy", retryable=True)
    final = read({"status": "error", "error": {"message": "gone"}, "retryable": False})
    assert final == Failed("gone", retryable=False)
    later = read({"status": "failed", "retry_after": 60})
    assert later == Failed("the agent gave no reason", True, timedelta(seconds=60))


def test_cancelled_and_rejected_are_final() -> None:
    for status in ("canceled", "cancelled"):
        outcome = read({"status": status, "reason": "by hand"})
        assert outcome == Failed("the agent cancelled it: by hand", retryable=False)
    assert read({"status": "rejected", "detail": "no"}) == Rejected("no")


def test_questions() -> None:
    assert read({"status": "input-required", "prompt": "which?"}) == Needs(
        "input", "which?", HANDLE
    )
    assert read({"status": "AUTH_REQUIRED", "message": "log in"}) == Needs("auth", "log in", HANDLE)


def test_an_unknown_status_is_never_completed() -> None:
    assert "the status 'odd' is none of" in refused(read({"status": "odd"}))
    assert "the status None is none of" in refused(read({"rows": 3}))
    assert read({"status": "odd", "output": {"a": 1}}) == Completed({"a": 1})


def test_a_bare_output_may_have_a_status_of_its_own() -> None:
    assert read({"status": "open", "rows": 3}, bare=True) == Completed(
        {"status": "open", "rows": 3}
    )
    failed = read({"status": "failed", "rows": 3}, bare=True)
    assert isinstance(failed, Failed)


def test_facts_come_with_the_output() -> None:
    assert read({"output": {}, "facts": {"signed": True}}) == Completed({}, (), {"signed": True})


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        ([1], "the answer must be an object, not list"),
        (None, "the answer must be an object, not null"),
        ({"output": [1]}, "the output must be an object, not list"),
        ({"output": {}, "facts": [1]}, "facts must be an object"),
        ({"output": {}, "measurements": {"m": 1}}, "measurements must be a list, not dict"),
        ({"output": {}, "measurements": [3]}, "measurements[0] must be an object, not int"),
        ({"output": {"a": float("inf")}}, "answer.a: inf is not a JSON number"),
    ],
)
def test_faulty_answers(answer: Any, message: str) -> None:
    assert message in refused(read(answer))


def test_a_measurement() -> None:
    at = NOW - timedelta(hours=1)
    outcome = measuring(n=5, at=at.isoformat())
    assert isinstance(outcome, Completed)
    assert outcome.measurements == (Measured("m", 1.0, 5, at),)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"value": None}, "measurements[0].value: a number is needed"),
        ({"value": "1"}, "measurements[0].value: a number is needed"),
        ({"value": True}, "measurements[0].value: a number is needed"),
        ({"value": float("nan")}, "measurements[0].value: nan is not a measurement"),
        ({"metric": ""}, "measurements[0].metric must be the name"),
        ({"metric": 3}, "measurements[0].metric must be the name"),
        ({"n": 0}, "measurements[0].n must be a whole number"),
        ({"n": 1.5}, "measurements[0].n must be a whole number"),
        ({"n": float("nan")}, "measurements[0].n must be a whole number"),
        ({"n": float("inf")}, "measurements[0].n must be a whole number"),
        ({"n": True}, "measurements[0].n must be a whole number"),
        ({"at": "yesterday"}, "measurements[0].at must be an ISO 8601 instant"),
        ({"at": 1e9}, "measurements[0].at must be an ISO 8601 instant"),
        ({"at": "2026-03-04T11:00:00"}, "measurements[0].at needs a time zone"),
        ({"at": "2026-03-04T13:00:00Z"}, "measurements[0].at lies in the future"),
    ],
)
def test_faulty_measurements(fields: dict[str, Any], message: str) -> None:
    assert message in refused(measuring(**fields))


def test_the_future_begins_after_the_attempt() -> None:
    soon = NOW + timedelta(seconds=30)
    assert isinstance(measuring(at=soon.isoformat()), Completed)
    tomorrow = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    unclocked = call(now=None)
    answer = {"output": {}, "measurements": [{"metric": "m", "value": 1, "at": tomorrow}]}
    assert "lies in the future" in refused(document(answer, unclocked, {}, bare=False))


def test_what_a_callable_returns() -> None:
    made = call()
    assert returned({"a": (1,)}, made) == Completed({"a": [1]})
    assert returned(Rejected("password=x1"), made) == Rejected("password=…")
    assert returned(Working({"id": 1}), made) == Working({"id": 1}, timedelta(seconds=5))
    assert "must be an object" in refused(returned(None, made))
    assert "Event is not JSON" in refused(returned({"a": __import__("threading").Event()}, made))
    assert "only 'input' or 'auth'" in refused(returned(Needs("money", "pay"), made))
    assert "the handle must be an object" in refused(returned(Working([1]), made))  # type: ignore[arg-type]
    assert "nan is not a measurement" in refused(
        returned(Completed({}, (Measured("m", float("nan")),)), made)
    )


@pytest.mark.parametrize(
    ("given", "seconds"),
    [(3, 3), (0, 0.1), (-5, 0.1), (1e12, 3600), ("3", 5), (None, 5), (True, 5), (float("nan"), 5)],
)
def test_waits_are_bounded(given: Any, seconds: float) -> None:
    assert pause(given) == timedelta(seconds=seconds)


def test_states_are_spelled_in_one_way() -> None:
    assert [spelled(s) for s in ("INPUT_REQUIRED", " In Progress ", "canceled")] == [
        "input-required",
        "in-progress",
        "cancelled",
    ]
