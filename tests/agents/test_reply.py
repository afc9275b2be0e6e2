from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import httpx
import pytest

from sojourn.agents.guard import Forbidden
from sojourn.agents.reply import read, retry_after
from sojourn.core.outcomes import Call, Completed, Failed, Needs, Outcome, Working
from tests.agents.calls import call

HERE = "https://agent.example/run"


def answer(code: int, json: Any = None, **headers: str) -> httpx.Response:
    names = {k.replace("_", "-"): v for k, v in headers.items()}
    request = httpx.Request("POST", HERE)
    return httpx.Response(code, json=json, headers=names, request=request)


def outcome(response: httpx.Response, made: Call | None = None, *, sent: bool = True) -> Outcome:
    return read(response, made or call(), sent=sent, called_back=False)


@pytest.mark.parametrize(
    ("code", "again"),
    [
        (400, False), (401, False), (403, False), (404, False), (408, True), (409, False),
        (410, False), (422, False), (429, True), (500, True), (501, True), (502, True),
        (503, True), (504, True), (599, True), (304, False),
    ],
)  # fmt: skip
def test_which_status_may_be_tried_again(code: int, again: bool) -> None:
    failed = outcome(answer(code))
    assert isinstance(failed, Failed)
    assert failed.retryable is again
    assert str(code) in failed.message


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("120", 120), ("0", 0), ("99999999999999", 86400), ("-5", None), ("soon", None), ("", None)],
)
def test_retry_after_in_seconds(text: str, seconds: int | None) -> None:
    expected = None if seconds is None else timedelta(seconds=seconds)
    assert retry_after({"retry-after": text}) == expected


def test_retry_after_as_a_date() -> None:
    later = format_datetime(datetime.now(UTC) + timedelta(minutes=10), usegmt=True)
    wait = retry_after({"retry-after": later})
    assert wait is not None
    assert timedelta(minutes=9) < wait <= timedelta(minutes=10)
    assert retry_after({"retry-after": "Wed, 21 Oct 2015 07:28:00 GMT"}) == timedelta(0)
    assert retry_after({"retry-after": "Wed, 21 Oct 2115 07:28:00 GMT"}) == timedelta(days=1)


def test_a_reason_is_taken_from_the_body_where_there_is_one() -> None:
    told = outcome(answer(422, {"detail": "no such space"}))
    assert told == Failed("422 Unprocessable Content: no such space", False) or told == Failed(
        "422 Unprocessable Entity: no such space", False
    )
    assert outcome(answer(400, [1])) == Failed("400 Bad Request", False)


def test_urls_are_resolved_against_the_request() -> None:
    relative = outcome(answer(202, {"status_url": "jobs/7"}))
    assert isinstance(relative, Working)
    assert relative.handle == {"status_url": "https://agent.example/jobs/7"}
    located = outcome(answer(202, {}, location="/jobs/8"))
    assert isinstance(located, Working)
    assert located.handle == {"status_url": "https://agent.example/jobs/8"}


@pytest.mark.parametrize("url", ["file:///etc/passwd", "gopher://x/", "//user:pw@x/"])
def test_urls_that_are_none_are_refused(url: str) -> None:
    with pytest.raises(Forbidden):
        outcome(answer(202, {"status_url": url}))


def test_questions_are_counted() -> None:
    asked = {"status": "input-required", "prompt": "which?", "answer_url": "/answers"}
    first = outcome(answer(200, asked))
    assert isinstance(first, Needs)
    assert first.handle == {"answer_url": "https://agent.example/answers", "turn": 1}
    second = outcome(answer(200, asked), call(handle=first.handle))
    assert isinstance(second, Needs)
    assert second.handle["turn"] == 2


def test_a_status_must_be_told_where_it_was_asked_for() -> None:
    made = call(handle={"status_url": HERE})
    assert isinstance(outcome(answer(200, {"rows": 3}), made, sent=False), Failed)
    assert outcome(answer(200, {"rows": 3}), made, sent=True) == Completed({"rows": 3})
    still = outcome(answer(202), made, sent=False)
    assert isinstance(still, Working)
    assert still.handle == made.handle


def test_traces_of_the_last_exchange_are_forgotten() -> None:
    made = call(handle={"status_url": HERE, "lost": 2, "misses": 3, "answer": "x"})
    still = outcome(answer(200, {"status": "running"}), made, sent=False)
    assert isinstance(still, Working)
    assert still.handle == {"status_url": HERE}


def test_an_answer_that_is_no_object() -> None:
    failed = outcome(answer(200, [1, 2]))
    assert isinstance(failed, Failed)
    assert "must be an object, not list" in failed.message
