from dataclasses import replace
from datetime import timedelta

import pytest

from sojourn.agents import doubt
from sojourn.core.outcomes import Call, Completed, Needs, Working
from tests.agents.calls import call

ASKED = replace(call(), handle=doubt.ask(call()).handle)


def test_the_question_names_task_and_agent() -> None:
    question = doubt.ask(call())
    assert question.kind == "input"
    assert "'Install Confluence connector' was sent to peer" in question.prompt
    assert doubt.asked(ASKED)
    assert not doubt.asked(call())


@pytest.mark.parametrize("answer", ["yes", " YES ", True, "done"])
def test_what_was_done_is_complete(answer: object) -> None:
    assert doubt.decided(replace(ASKED, answer=answer)) == Completed()


def test_an_output_is_taken_as_it_is_given() -> None:
    assert doubt.decided(replace(ASKED, answer={"id": 1})) == Completed({"id": 1})


@pytest.mark.parametrize("answer", ["no", "No", False, "send again"])
def test_what_was_not_done_is_sent_again(answer: object) -> None:
    again = doubt.decided(replace(ASKED, answer=answer, sent_before=True))
    assert isinstance(again, Call)
    assert again.handle is None
    assert again.answer is None
    assert not again.sent_before


@pytest.mark.parametrize("answer", ["perhaps", "", None, 3])
def test_anything_else_is_asked_again(answer: object) -> None:
    assert isinstance(doubt.decided(replace(ASKED, answer=answer)), Needs)


def test_a_doubt_about_an_answer_keeps_the_answer_and_the_work() -> None:
    answered = replace(call(), handle={"status_url": "http://x/1", "turn": 1}, answer="ENG")
    asked = replace(answered, handle=doubt.ask(answered).handle)
    delivered = doubt.decided(replace(asked, answer="yes"))
    assert isinstance(delivered, Working)
    assert delivered.poll_after == timedelta(seconds=1)
    again = doubt.decided(replace(asked, answer="no"))
    assert isinstance(again, Call)
    assert again.answer == "ENG"
