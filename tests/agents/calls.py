"""Calls as the tests make them, and the way from a call to its last outcome."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import orjson

from sojourn.agents.agent import Agent
from sojourn.core.outcomes import Call, Outcome, Working

NOW = datetime(2026, 3, 4, 12, tzinfo=UTC)


def call(behaviour: str = "success", *, seconds: float = 5.0, **given: Any) -> Call:
    """Return a new attempt whose input tells the peer how to behave."""
    fields: dict[str, Any] = {
        "journey_id": uuid4(),
        "uow_id": uuid4(),
        "task_id": "task-001",
        "agent_id": "peer",
        "fence": 3,
        "name": "Install Confluence connector",
        "client_id": "medtronic",
        "stage": "sandbox",
        "input_data": {"behaviour": behaviour},
        "now": NOW,
        "timeout": timedelta(seconds=seconds),
    }
    return Call(**{**fields, **given})


async def finish(agent: Agent, made: Call, polls: int = 100) -> Outcome:
    """Send a call and poll until the outcome is another than working."""
    return await follow(agent, made, await agent.send(made), polls)


async def follow(agent: Agent, made: Call, outcome: Outcome, polls: int = 100) -> Outcome:
    """Poll from an outcome on until it is another than working."""
    for _ in range(polls):
        if not isinstance(outcome, Working):
            return outcome
        await asyncio.sleep(0.01)
        outcome = await agent.poll(replace(made, handle=stored(outcome.handle)))
    raise AssertionError(f"still working after {polls} polls: {outcome}")


def stored(handle: Any) -> Any:
    """Return a handle as it comes back from the database."""
    return orjson.loads(orjson.dumps(handle))
