import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from a2a.client import Client
from a2a.utils.errors import InternalError, InvalidParamsError

from sojourn.api import a2a_intake
from sojourn.api.a2a_intake import pulse
from sojourn.api.a2a_work import UnderWay, begin
from sojourn.store.postgres import Database
from tests.api.faced import a2a_client, faced, send
from tests.doors import rows


@pytest.fixture
async def client(db: Database) -> AsyncIterator[Client]:
    async with faced(db) as api, a2a_client(api, "operator") as client:
        await api.start()
        yield client


async def under_way(*_: Any) -> Any:
    raise UnderWay


async def test_what_cannot_be_kept_is_refused_before_anything_is_done(
    db: Database, client: Client
) -> None:
    for part in (
        "hold acme because of \x00",
        {"skill": "hold", "client": "acme", "reason": "\x00"},
    ):
        with pytest.raises(InvalidParamsError):
            await send(client, part)
    assert await rows(db, "SELECT 1 FROM a2a_tasks") == []
    assert await rows(db, "SELECT 1 FROM journey_states WHERE held_by IS NOT NULL") == []


async def test_who_comes_second_gets_the_task_of_the_first(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, go = asyncio.Event(), asyncio.Event()
    real = begin

    async def slow(*given: Any) -> Any:
        begun.set()
        await go.wait()
        return await real(*given)

    monkeypatch.setattr(a2a_intake, "begin", slow)
    first = asyncio.create_task(send(client, "hold acme because once"))
    await begun.wait()
    monkeypatch.setattr(a2a_intake, "begin", under_way)
    second = asyncio.create_task(send(client, "hold acme because once"))
    await asyncio.sleep(0)
    go.set()
    assert await first == await second


async def test_a_task_that_never_appears_is_asked_for_again(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(a2a_intake, "APPEARS", 0.05)
    monkeypatch.setattr(a2a_intake, "begin", under_way)
    with pytest.raises(InternalError, match="ask again"):
        await send(client, "hold acme because once")
    monkeypatch.undo()
    task = await send(client, {"skill": "hold"})
    monkeypatch.setattr(a2a_intake, "go_on", under_way)
    with pytest.raises(InternalError, match="ask again"):
        await send(client, {"client": "acme", "reason": "x"}, name="m-2", task_id=task.id)


async def test_a_pulse_slows_down_and_ends() -> None:
    assert len([None async for _ in pulse(0.25)]) in (3, 4)
    assert len([None async for _ in pulse(0.0)]) == 1
