from collections.abc import AsyncIterator

import pytest
from starlette.requests import Request

from sojourn.api.callers import Caller
from sojourn.api.problems import ProblemError
from sojourn.control.door import NotFoundError, RefusedError
from sojourn.control.keys import Principal
from sojourn.core.decision import Refusal
from sojourn.store.postgres import Database
from tests.api.served import Api, serving
from tests.doors import rows


@pytest.fixture
async def api(db: Database) -> AsyncIterator[Api]:
    async with serving(db) as api:
        await api.start("acme")
        await api.start("other")
        yield api


def caller(api: Api, *roles: str, client: str | None = None) -> Caller:
    request = Request({"type": "http", "app": api.app, "headers": []})
    principal = Principal("bot", roles, client_id=client)
    return Caller(principal, api.app.state.context, api.door, request)


async def refusals(api: Api) -> list[str]:
    found = await rows(
        api.door.db, "SELECT data->>'asked' FROM journey_events WHERE type = 'access.refused'"
    )
    return [asked for (asked,) in found]


async def test_everybody_who_reads_finds_a_journey_by_its_names(api: Api) -> None:
    found = await caller(api, "viewer").on("acme", "status")
    row = await found.row()
    assert row["client_id"] == "acme"
    again = await caller(api, "viewer").on(row["journey_key"], "status")
    assert again.journey_id == found.journey_id
    with pytest.raises(NotFoundError, match="acme"):
        await caller(api, "viewer").on("acmee", "status")


async def test_a_client_finds_its_own_and_learns_of_no_other(api: Api) -> None:
    own = caller(api, "client", client="acme")
    assert (await (await own.on("acme", "status")).row())["client_id"] == "acme"
    for name in ("other", "nobody"):
        with pytest.raises(ProblemError, match=f"no journey of client '{name}'"):
            await own.on(name, "explain")
    assert await refusals(api) == ["explain"]


async def test_an_agents_key_finds_nothing(api: Api) -> None:
    with pytest.raises(ProblemError, match="viewer"):
        await caller(api, "agent").on("acme", "status")


async def test_a_missing_role_is_refused_and_noted(api: Api) -> None:
    with pytest.raises(ProblemError, match="operator"):
        caller(api, "viewer").may("starting a journey", "operator")
    on = await caller(api, "viewer").on("acme", "hold")
    with pytest.raises(ProblemError, match="operator"):
        await on.may("holding", "operator")
    assert await refusals(api) == ["holding"]


async def test_a_role_that_only_the_path_asks_for_is_noted_as_well(api: Api) -> None:
    on = await caller(api, "approver").on("acme", "approve")

    async def refuse(code: str) -> None:
        raise RefusedError(Refusal(code, "needs the role legal"))

    for code in ("role", "gate"):
        with pytest.raises(RefusedError):
            await on.refusing(refuse(code))
    assert await refusals(api) == ["command"]
