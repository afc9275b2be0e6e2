from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sojourn.core.outcomes import (
    POLL_LONGEST,
    POLL_SHORTEST,
    Attempt,
    Call,
    Completed,
    Failed,
    Measured,
    Needs,
    Outcome,
    Rejected,
    Settlement,
    Sign,
    Working,
    final,
    number,
    pick,
    settle,
)
from sojourn.core.work import Retry, TaskStatus

T0 = datetime(2026, 1, 5, 9, tzinfo=UTC)
SECOND, DAY = timedelta(seconds=1), timedelta(days=1)
CALL = Call(UUID(int=1), UUID(int=2), "scan", "security-scan-agent", fence=3)
ATTEMPT = Attempt(CALL, max_retries=3, retry=Retry(), deadline_at=T0 + DAY)

HUGE = st.timedeltas()
OUTCOMES: st.SearchStrategy[Outcome] = st.one_of(
    st.builds(Working, st.just({"id": "r-1"}), HUGE),
    st.builds(Needs, st.sampled_from(["input", "auth"]), st.text(), st.just({"id": "r-1"})),
    st.builds(Failed, st.text(), st.booleans(), st.none() | HUGE),
    st.builds(Rejected, st.text()),
    st.builds(Completed, st.dictionaries(st.text(), st.floats() | st.text() | st.none())),
)


def used(retries: int, **more: Any) -> Attempt:
    return replace(ATTEMPT, call=replace(CALL, retry_count=retries), **more)


def test_a_completed_task_keeps_its_output_measurements_and_facts() -> None:
    own = Measured("search_precision", 0.9, n=40, at=T0)
    output = {"critical": 0, "report": {"version": "1.2"}}
    attempt = used(
        2,
        measures={"security_vulnerabilities": "critical"},
        facts={"scanner": "report.version"},
    )
    assert settle(attempt, Completed(output, (own,), {"x": 1}), T0, 0) == Settlement(
        TaskStatus.COMPLETED,
        2,
        output=output,
        measurements=(own, Measured("security_vulnerabilities", 0.0)),
        facts={"x": 1, "scanner": "1.2"},
    )


@pytest.mark.parametrize(
    ("done", "message"),
    [
        (Completed({}), "the answer lacks 'report.critical' (no 'report')"),
        (Completed({"report": {}}), "the answer lacks 'report.critical' (no 'critical')"),
        (Completed({"report": [1]}), "the answer lacks 'report.critical' (no 'critical')"),
        (Completed({"report": {"critical": "none"}}), "a number is needed, not 'none'"),
        (Completed({"report": {"critical": True}}), "a number is needed, not True"),
        (Completed({"report": {"critical": None}}), "a number is needed, not None"),
        (Completed({"report": {"critical": float("nan")}}), "nan is not a measurement"),
        (Completed({"report": {"critical": float("-inf")}}), "-inf is not a measurement"),
        (Completed({"report": {"critical": 10**400}}), "is not a measurement"),
    ],
)
def test_an_answer_of_the_wrong_shape_fails_the_task_and_names_the_place(
    done: Completed, message: str
) -> None:
    attempt = used(1, measures={"security_vulnerabilities": "report.critical"})
    settled = settle(attempt, done, T0, 0)
    assert (settled.status, settled.retry_count) == ("failed", 1)
    assert settled.error is not None
    assert settled.error["kind"] == "bad_answer"
    assert message in settled.error["message"]
    assert (settled.output, settled.measurements, settled.facts) == (None, (), {})


@pytest.mark.parametrize(
    ("done", "message"),
    [
        (Completed({}, (Measured("x", float("nan")),)), "x: nan is not a measurement"),
        (Completed({}, (Measured("x", 1.0, n=0),)), "x: 0 samples"),
        (Completed({"deep": [{"y": float("inf")}]}), "answer.deep[0].y: inf"),
        (Completed({"text": "a\0b"}), "answer.text: the character '\\x00' cannot be kept"),
        (Completed({}, (), {"fact": float("nan")}), "answer.fact: nan"),
    ],
)
def test_what_the_database_cannot_keep_is_never_half_kept(done: Completed, message: str) -> None:
    settled = settle(ATTEMPT, done, T0, 0)
    assert settled.status == "failed"
    assert settled.error is not None
    assert message in settled.error["message"]


def test_a_missing_fact_fails_the_task_like_a_missing_measure() -> None:
    settled = settle(used(0, facts={"region": "where"}), Completed({}), T0, 0)
    assert settled.error == {
        "kind": "bad_answer",
        "message": "the answer lacks 'where' (no 'where')",
    }


def test_work_that_goes_on_elsewhere_is_polled_within_bounds() -> None:
    def due(wait: timedelta, now: datetime = T0) -> datetime | None:
        settled = settle(used(1), Working({"id": "r-1"}, wait), now, 0)
        assert (settled.status, settled.retry_count, settled.handle) == (
            "running", 1, {"id": "r-1"},
        )  # fmt: skip
        return settled.due_at

    assert due(7 * SECOND) == T0 + 7 * SECOND
    assert due(timedelta.max) == T0 + POLL_LONGEST
    assert due(timedelta(0)) == due(-DAY) == T0 + POLL_SHORTEST
    assert due(DAY, T0 + DAY - SECOND) == T0 + DAY


def test_a_question_waits_for_a_person_until_the_deadline() -> None:
    asked = Needs("auth", "Sign in to Confluence", {"id": "r-1"})
    settled = settle(used(1), asked, T0, 0)
    assert (settled.status, settled.retry_count, settled.due_at) == ("running", 1, T0 + DAY)
    assert settled.handle == {"id": "r-1"}
    assert settled.question == {
        "kind": "auth",
        "prompt": "Sign in to Confluence",
        "since": T0.isoformat(),
    }


@pytest.mark.parametrize("outcome", [Working({}), Needs("input", "Which region?")])
def test_nothing_waits_beyond_the_deadline(outcome: Outcome) -> None:
    settled = settle(ATTEMPT, outcome, T0 + DAY, 0)
    assert settled.error == {"kind": "deadline", "message": "not done by its deadline"}


def test_a_failure_is_retried_after_the_backoff_while_retries_are_left() -> None:
    for retries, wait in enumerate((SECOND, 2 * SECOND, 4 * SECOND)):
        settled = settle(used(retries), Failed("timeout"), T0, 0.5)
        assert (settled.status, settled.retry_count) == ("pending", retries + 1)
        assert settled.due_at == T0 + wait * 0.75
        assert settled.error == {"kind": "retrying", "message": "timeout"}


def test_a_retry_waits_at_least_as_long_as_the_agent_asked() -> None:
    def due(after: timedelta) -> datetime | None:
        return settle(used(0), Failed("busy", retry_after=after), T0, 0).due_at

    assert due(timedelta(minutes=5)) == T0 + timedelta(minutes=5)
    assert due(timedelta(0)) == due(-DAY) == T0 + SECOND / 2


def test_a_failure_without_retries_left_is_final_and_says_how_often_it_was_tried() -> None:
    settled = settle(used(3), Failed("timeout"), T0, 0)
    assert (settled.status, settled.retry_count, settled.due_at) == ("failed", 3, None)
    assert settled.error == {"kind": "failed", "message": "failed after 4 attempts: timeout"}
    once = settle(used(0, max_retries=0), Failed("timeout"), T0, 0)
    assert once.error == {"kind": "failed", "message": "failed after 1 attempt: timeout"}


def test_a_failure_that_no_retry_can_mend_is_final_at_once() -> None:
    settled = settle(used(1), Failed("404", retryable=False), T0, 0)
    assert (settled.status, settled.retry_count) == ("failed", 1)
    assert settled.error == {"kind": "failed", "message": "404"}


@pytest.mark.parametrize("after", [2 * DAY, timedelta.max])
def test_a_retry_that_would_come_after_the_deadline_is_not_waited_for(after: timedelta) -> None:
    settled = settle(used(0), Failed("busy", retry_after=after), T0, 0)
    assert settled.error == {"kind": "deadline", "message": "no time for another attempt: busy"}
    just = settle(used(0), Failed("busy", retry_after=DAY), T0, 0)
    assert (just.status, just.due_at) == ("pending", T0 + DAY)


def test_a_rejection_is_final() -> None:
    settled = settle(used(1), Rejected("no such client"), T0, 0)
    assert (settled.status, settled.retry_count) == ("failed", 1)
    assert settled.error == {
        "kind": "rejected",
        "message": "rejected by the agent: no such client",
    }
    assert final(used(2), "lost", "x").retry_count == 2


def test_texts_from_outside_are_kept_readable() -> None:
    for outcome in (Failed("a\0b"), Failed("a\0b", retryable=False), Rejected("a\0b")):
        settled = settle(ATTEMPT, outcome, T0, 0)
        assert settled.error is not None
        assert settled.error["message"].endswith("a\ufffdb")
    asked = settle(ATTEMPT, Needs("input", "\ud800?"), T0, 0).question
    assert asked is not None
    assert asked["prompt"] == "\ufffd?"


@given(
    OUTCOMES,
    st.integers(0, 5),
    st.integers(0, 5),
    st.timedeltas(-DAY, 2 * DAY),
    st.floats(0, 1, exclude_max=True),
)
def test_every_outcome_settles_within_the_task_s_limits(
    outcome: Outcome, retries: int, most: int, late: timedelta, draw: float
) -> None:
    now = T0 + late
    attempt = used(min(retries, most), max_retries=most)
    settled = settle(attempt, outcome, now, draw)
    assert attempt.call.retry_count <= settled.retry_count <= most
    assert (settled.retry_count > attempt.call.retry_count) == (settled.status == "pending")
    assert (settled.error is not None) == (settled.status in ("failed", "pending"))
    if settled.status in ("running", "pending"):
        assert settled.due_at is not None
        assert now < settled.due_at <= attempt.deadline_at
    else:
        assert settled.due_at is None


def test_one_attempt_has_one_key_whoever_holds_it_and_the_next_has_another() -> None:
    taken_over = replace(CALL, fence=9, agent_id="other")
    retried = replace(CALL, retry_count=1)
    assert CALL.key == CALL.message_id == taken_over.key
    assert CALL.context_id == taken_over.context_id != CALL.message_id
    assert len({CALL.key, retried.key, replace(CALL, task_id="x").key}) == 3


def test_each_run_of_repeated_work_has_keys_of_its_own_in_any_zone() -> None:
    first, second = (replace(CALL, begun=T0 + timedelta(hours=h)) for h in (0, 6))
    elsewhere = replace(first, begun=T0.astimezone(timezone(timedelta(hours=2))))
    assert len({CALL.key, first.key, second.key}) == 3
    assert elsewhere.key == first.key


def test_places_are_dotted_and_numbers_are_finite() -> None:
    assert pick({"a": {"b": [1]}}, "a.b") == [1]
    with pytest.raises(LookupError, match="no 'c'"):
        pick({"a": {"b": 1}}, "a.b.c")
    assert number(3, "a") == 3.0
    with pytest.raises(ValueError, match="a: a number is needed"):
        number("3", "a")


@pytest.mark.parametrize(
    ("outcome", "sign"),
    [
        (Completed({"ok": True}), None),
        (Working({"id": 1}), None),
        (Working({"id": 1}, unheard=True), Sign.ILL),
        (Needs("input", "which?"), None),
        (Needs("input", "was it done?", unheard=True), Sign.ILL),
        (Failed("503"), Sign.ILL),
        (Failed("404", retryable=False), Sign.NONE),
        (Rejected("not mine"), None),
    ],
)
@pytest.mark.parametrize("retries", [0, 3])
def test_what_a_settlement_says_of_its_agent(
    outcome: Outcome, sign: Sign | None, retries: int
) -> None:
    made = replace(ATTEMPT, max_retries=retries)
    assert settle(made, outcome, T0, 0.5).sign == sign
