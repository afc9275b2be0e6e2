from collections.abc import AsyncIterator
from typing import Any

import pytest
from starlette.requests import Request

from sojourn.api.callers import Caller
from sojourn.api.problems import ProblemError
from sojourn.api.stuck import Stuck, Wanted, stuck
from sojourn.control import change, tick
from sojourn.control.keys import Principal
from sojourn.core.commands import HoldJourney
from sojourn.store.postgres import Database
from tests.api.served import Api, serving
from tests.doors import later


@pytest.fixture
async def api(db: Database) -> AsyncIterator[Api]:
    """Three journeys: one late, one held, one in time."""
    async with serving(db) as api:
        await api.start("late", {"contract_signed": True})
        await settled(api)
        later(api.door, days=11)
        await settled(api)
        held = await api.start("held", {"contract_signed": True})
        await api.start("fresh")
        await settled(api)
        command = HoldJourney(actor="ann", reason="budget")
        await change(api.door, held.state.journey_id, command)
        yield api


async def settled(api: Api) -> None:
    while await tick(api.door):
        pass


async def ask(api: Api, role: str = "viewer", client: str | None = None, **given: Any) -> Stuck:
    request = Request({"type": "http", "app": api.app, "headers": []})
    principal = Principal("bot", (role,), client_id=client)
    caller = Caller(principal, api.app.state.context, api.door, request)
    return await stuck(caller, Wanted(**given))


async def test_who_is_stuck_is_listed_with_why_and_what_to_do(api: Api) -> None:
    found = await ask(api)
    assert [j.client_id for j in found.journeys] == ["late", "held"]
    late, held = found.journeys
    assert late.schedule == "stuck"
    assert late.action == "sojourn explain late"
    assert any("limit 10d" in sentence for sentence in late.why)
    assert held.message == "held by ann: budget"
    assert found.text.startswith("2 clients stuck.\nlate (sandbox): ")


async def test_who_waits_in_time_is_listed_where_everything_is_asked_for(api: Api) -> None:
    found = await ask(api, everything=True)
    assert [j.client_id for j in found.journeys] == ["late", "held", "fresh"]
    assert (await ask(api, everything=True, limit=1)).text.endswith("2 more.")
    assert (await ask(api, path="standard")).text == "Nobody."


async def test_a_client_sees_itself_only_and_an_agent_nobody(api: Api) -> None:
    found = await ask(api, "client", "held")
    assert [j.client_id for j in found.journeys] == ["held"]
    assert (await ask(api, "client", "fresh")).count == 0
    with pytest.raises(ProblemError, match="viewer"):
        await ask(api, "agent")
