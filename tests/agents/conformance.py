"""What every agent must do, over whichever protocol it is called.

A protocol's tests derive a class from :class:`Conformance` and give it a fixture ``peer``: a real
agent on the other side that behaves as the call's input says.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from time import monotonic
from typing import ClassVar

import pytest

from sojourn.agents.agent import Agent
from sojourn.core.outcomes import Call, Completed, Failed, Needs, Outcome, Rejected, Working
from tests.agents.calls import call, finish, follow, stored
from tests.agents.servers import raw, reply, unproven


@dataclass
class Peer:
    """The agent under test, and what happened on its other side."""

    agent: Agent
    executed: Counter[str] = field(default_factory=Counter)
    """How often each attempt's work was really begun, by key."""
    forbidden: list[str] = field(default_factory=list)
    """Requests that reached what must not be reached."""
    sent_bytes: int = 0
    """Bytes that the huge answer managed to send."""
    doubled: Callable[[], Awaitable[Agent]] | None = None
    """Makes an agent whose answers to ``twice`` come twice."""
    at: Callable[[str], Agent] | None = None
    """Makes an agent of this protocol at a URL."""


class Conformance:
    """The suite; ``cannot`` says which behaviours a protocol cannot show by its nature, and why."""

    cannot: ClassVar[Mapping[str, str]] = {}

    def able(self, behaviour: str) -> None:
        if behaviour in self.cannot:
            pytest.skip(f"{behaviour}: {self.cannot[behaviour]}")

    async def test_success(self, peer: Peer) -> None:
        made = call("success")
        outcome = await finish(peer.agent, made)
        assert isinstance(outcome, Completed), outcome
        assert outcome.output["said"] == "hello"
        assert outcome.output["count"] == 3
        assert peer.executed == {made.key: 1}

    async def test_the_agent_knows_attempt_and_fence(self, peer: Peer) -> None:
        outcome = await finish(peer.agent, call("success"))
        assert isinstance(outcome, Completed), outcome
        assert outcome.output["fence"] == 3
        assert outcome.output["task_id"] == "task-001"

    async def test_long_work_is_polled_and_done_once(self, peer: Peer) -> None:
        self.able("working")
        made = call("working")
        first = await peer.agent.send(made)
        assert isinstance(first, Working), first
        assert stored(first.handle) == first.handle
        assert timedelta(0) < first.poll_after <= timedelta(hours=1)
        outcome = await follow(peer.agent, made, first)
        assert isinstance(outcome, Completed), outcome
        assert outcome.output["said"] == "at last"
        assert peer.executed == {made.key: 1}

    async def test_a_question_is_asked_and_its_answer_continues(self, peer: Peer) -> None:
        self.able("needs")
        made = call("needs")
        question = await finish(peer.agent, made)
        assert isinstance(question, Needs), question
        assert question.kind == "input"
        assert "which space" in question.prompt
        answered = replace(made, handle=stored(question.handle), answer="ENG")
        outcome = await follow(peer.agent, answered, await peer.agent.send(answered))
        assert isinstance(outcome, Completed), outcome
        assert outcome.output["space"] == "ENG"
        assert peer.executed == {made.key: 1}

    async def test_credentials_are_asked_for(self, peer: Peer) -> None:
        self.able("auth")
        question = await finish(peer.agent, call("auth"))
        assert isinstance(question, Needs), question
        assert question.kind == "auth"
        assert "log in" in question.prompt

    async def test_a_failure_that_may_pass(self, peer: Peer) -> None:
        outcome = await finish(peer.agent, call("retryable"))
        assert isinstance(outcome, Failed), outcome
        assert outcome.retryable
        assert "try later" in outcome.message

    async def test_a_failure_that_will_not_pass(self, peer: Peer) -> None:
        outcome = await finish(peer.agent, call("terminal"))
        assert isinstance(outcome, Failed | Rejected), outcome
        assert not (isinstance(outcome, Failed) and outcome.retryable)
        assert "no such space" in outcome.message

    async def test_garbage(self, peer: Peer) -> None:
        self.able("garbage")
        assert_final(await finish(peer.agent, call("garbage")))

    async def test_a_huge_answer_is_refused(self, peer: Peer) -> None:
        self.able("huge")
        begun = monotonic()
        outcome = await finish(peer.agent, call("huge"))
        assert_final(outcome)
        assert "larger than" in message(outcome)
        assert monotonic() - begun < 5
        assert peer.sent_bytes < 20 << 20

    async def test_a_deep_answer_is_refused(self, peer: Peer) -> None:
        self.able("deep")
        assert_final(await finish(peer.agent, call("deep")))

    async def test_a_slow_answer_does_not_hold_the_worker(self, peer: Peer) -> None:
        self.able("slow")
        made = call("slow", seconds=0.2)
        begun = monotonic()
        first = await peer.agent.send(made)
        assert monotonic() - begun < 1.5
        assert not isinstance(first, Completed)
        assert isinstance(await follow(peer.agent, made, first), Failed | Needs)

    async def test_an_agent_that_never_answers(self, peer: Peer) -> None:
        self.able("silent")
        made = call("silent", seconds=0.2)
        begun = monotonic()
        outcome = await follow(peer.agent, made, await peer.agent.send(made))
        assert monotonic() - begun < 5
        assert isinstance(outcome, Failed), outcome
        assert outcome.retryable

    async def test_a_redirect_to_a_forbidden_address_is_not_followed(self, peer: Peer) -> None:
        self.able("redirect")
        assert_final(await finish(peer.agent, call("redirect")))
        assert peer.forbidden == []

    async def test_an_agent_that_dies_mid_answer_is_not_asked_to_work_twice(
        self, peer: Peer
    ) -> None:
        self.able("dying")
        made = call("dying")
        outcome = await finish(peer.agent, made)
        assert isinstance(outcome, Completed), outcome
        assert outcome.output["said"] == "survived"
        assert peer.executed == {made.key: 1}

    async def test_a_second_answer_does_not_become_anothers(self, peer: Peer) -> None:
        self.able("twice")
        assert peer.doubled is not None
        agent = await peer.doubled()
        for number in range(3):
            twice, once = call("twice", task_id=f"a-{number}"), call(task_id=f"b-{number}")
            assert said(await finish(agent, twice), "task_id") == twice.task_id
            assert said(await finish(agent, once), "task_id") == once.task_id

    async def test_who_cannot_prove_to_be_the_agent_is_told_nothing(
        self, peer: Peer, tmp_path: Path
    ) -> None:
        self.able("tls")
        assert peer.at is not None
        async with unproven(tmp_path) as (url, heard):
            agent = peer.at(url)
            outcome = await agent.send(call())
            await closed(agent)
        assert_final(outcome)
        assert "CERTIFICATE_VERIFY_FAILED" in message(outcome)
        assert not any(heard)

    async def test_who_does_not_speak_tls_may_learn_it(self, peer: Peer) -> None:
        self.able("tls")
        assert peer.at is not None
        async with raw(plain_text) as url:
            agent = peer.at(url.replace("http:", "https:"))
            outcome = await agent.send(call())
            await closed(agent)
        assert isinstance(outcome, Failed), outcome
        assert outcome.retryable

    async def test_an_answer_after_cancel_is_still_only_an_outcome(self, peer: Peer) -> None:
        self.able("late")
        made = call("late")
        first = await peer.agent.send(made)
        assert isinstance(first, Working), first
        cancelled = replace(made, handle=stored(first.handle))
        begun = monotonic()
        await peer.agent.cancel(cancelled)
        assert monotonic() - begun < 6
        outcome = await follow(peer.agent, made, await peer.agent.poll(cancelled))
        assert isinstance(outcome, Completed | Failed), outcome

    async def test_cancelling_what_was_never_sent_is_no_error(self, peer: Peer) -> None:
        await peer.agent.cancel(call("success"))
        assert not peer.executed

    async def test_secrets_do_not_reach_the_message(self, peer: Peer) -> None:
        outcome = await finish(peer.agent, call("secret"))
        assert isinstance(outcome, Failed | Rejected), outcome
        assert "hunter2" not in outcome.message

    async def test_many_at_once_get_their_own_answers(self, peer: Peer) -> None:
        made = [call("success", task_id=f"task-{n}") for n in range(20)]
        outcomes = await asyncio.gather(*(finish(peer.agent, c) for c in made))
        assert [said(o, "task_id") for o in outcomes] == [c.task_id for c in made]

    async def test_a_takeover_finds_the_work_that_was_sent_before(self, peer: Peer) -> None:
        self.able("takeover")
        made = call("working")
        first = await peer.agent.send(made)
        assert isinstance(first, Working), first
        again = replace(made, fence=4, sent_before=True)
        outcome = await finish(peer.agent, again)
        assert isinstance(outcome, Completed), outcome
        assert outcome.output["said"] == "at last"
        assert peer.executed == {made.key: 1}


async def plain_text(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer in plain text where TLS was expected."""
    writer.write(reply(b"{}", "400 Bad Request"))
    await writer.drain()


async def closed(agent: Agent) -> None:
    """Close an agent's connections, where it keeps any."""
    close = getattr(agent, "aclose", None)
    if close is not None:
        await close()


def assert_final(outcome: Outcome) -> None:
    assert isinstance(outcome, Failed), outcome
    assert not outcome.retryable, outcome


def message(outcome: Outcome) -> str:
    return outcome.message if isinstance(outcome, Failed | Rejected) else ""


def said(outcome: Outcome, name: str) -> object:
    assert isinstance(outcome, Completed), outcome
    return outcome.output[name]


def echo(made: Call) -> dict[str, object]:
    """Return what the peer of a callable says on success."""
    return {"said": "hello", "count": 3, "fence": made.fence, "task_id": made.task_id}
