"""Calls of the reference agents as the tests make them."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sojourn.core.outcomes import Call, Completed, Failed, Outcome

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)
START = "2026-03-01T00:00:00Z"
JOURNEY = UUID(int=1)

Agent = Callable[[Call], Awaitable[Outcome]]


def call(client: str = "medtronic", now: datetime = NOON, stage: str = "", **given: Any) -> Call:
    """Return a call with the given input."""
    return Call(
        JOURNEY, UUID(int=2), "task-001", "agent", 1, client_id=client, stage=stage,
        input_data=given, now=now,
    )  # fmt: skip


async def done(agent: Agent, **given: Any) -> Completed:
    """Call an agent that is to complete."""
    outcome = await agent(call(**given))
    assert isinstance(outcome, Completed), outcome
    return outcome


async def output(agent: Agent, **given: Any) -> Mapping[str, Any]:
    """Return the output of an agent that is to complete."""
    return (await done(agent, **given)).output


async def refused(agent: Agent, **given: Any) -> str:
    """Return the message of an agent that is to refuse its input for good."""
    outcome = await agent(call(**given))
    assert isinstance(outcome, Failed), outcome
    assert not outcome.retryable
    return outcome.message


def world(*spells: Mapping[str, Any]) -> dict[str, Any]:
    """Return a ``world`` input with troubles."""
    return {"start": START, "spells": list(spells)}
