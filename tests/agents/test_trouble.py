from dataclasses import replace

import httpx
import pytest

from sojourn.agents.trouble import backoff, key, lost, missed, unreachable
from sojourn.core.outcomes import Failed, Working
from tests.agents.calls import call


def test_waits_grow_to_minutes() -> None:
    assert [backoff(n).total_seconds() for n in (1, 2, 5, 20)] == [1, 2, 16, 300]


def test_a_lost_reply_is_looked_for_three_times_with_the_answer_it_carried() -> None:
    made = replace(call(), handle={"status_url": "http://x/1", "turn": 2}, answer="ENG")
    outcome = lost(made, "no answer within 5 s")
    assert isinstance(outcome, Working)
    assert outcome.handle == {**(made.handle or {}), "lost": 1, "answer": "ENG"}
    assert isinstance(lost(replace(call(), handle={"lost": 2}), "x"), Working)
    last = lost(replace(call(), handle={"lost": 3}), "gone")
    assert last == Failed("its reply was lost 4 times: gone", retryable=True)


def test_a_missed_poll_waits_as_the_agent_asks_or_longer_each_time() -> None:
    outcome = missed(replace(call(), handle={"status_url": "http://x/1", "misses": 2}), "x")
    assert isinstance(outcome, Working)
    assert outcome.handle["misses"] == 3
    assert outcome.poll_after == backoff(3)


def test_keys_belong_to_the_attempt_and_to_the_question() -> None:
    made = call()
    assert key(made) == key(replace(made, fence=9)) == made.key
    assert key(made) != key(replace(made, retry_count=1))
    first = replace(made, answer="yes", handle={"turn": 1})
    assert key(first) == key(replace(first, answer="other"))
    assert len({key(made), key(first), key(replace(first, handle={"turn": 2}))}) == 3


@pytest.mark.parametrize(
    ("message", "again"),
    [("refused", True), ("[SSL: CERTIFICATE_VERIFY_FAILED] self-signed", False), ("", True)],
)
def test_a_connection_that_never_came_about(message: str, again: bool) -> None:
    failed = unreachable(httpx.ConnectError(message))
    assert failed.retryable is again
    assert (message or "ConnectError") in failed.message
