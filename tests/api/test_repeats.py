import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest
from starlette.requests import Request

from sojourn.api.callers import Caller
from sojourn.api.context import Context
from sojourn.api.problems import ProblemError
from sojourn.api.repeats import once_only
from sojourn.control import Line, record_lines
from sojourn.control.keys import Principal
from sojourn.store.postgres import Database
from tests.api.served import Api, serving
from tests.doors import rows

ASKED = {"errand": "record", "arguments": {"value": 1}}


@pytest.fixture
async def api(db: Database) -> AsyncIterator[Api]:
    async with serving(db) as api:
        await api.start()
        yield api


def caller(api: Api, actor: str = "bot") -> Caller:
    context: Context = api.app.state.context
    request = Request({"type": "http", "app": api.app, "headers": []})
    return Caller(Principal(actor, ("operator",)), context, api.door, request)


async def note(own: Caller, value: float = 1.0) -> dict[str, Any]:
    done = await record_lines(own.door, [Line("acme", "found", value)], own.principal.actor)
    return {"measurements": done.measurements}


async def count(api: Api) -> int:
    [(found,)] = await rows(api.door.db, "SELECT count(*) FROM measurements")
    return int(found)


async def test_a_repetition_is_answered_and_not_carried_out_again(api: Api) -> None:
    assert await once_only(caller(api), "k", ASKED, note) == {"measurements": 1}
    await rows(api.door.db, "DELETE FROM measurements")
    assert await once_only(caller(api), "k", ASKED, note) == {"measurements": 1}
    assert await count(api) == 0


async def test_a_key_is_its_owners_and_for_one_thing(api: Api) -> None:
    await once_only(caller(api), "k", ASKED, note)
    await once_only(caller(api, "other"), "k", ASKED, lambda own: note(own, 2.0))
    with pytest.raises(ProblemError, match="something else") as found:
        await once_only(caller(api), "k", {**ASKED, "errand": "hold"}, note)
    assert found.value.code == "key_reused"


async def test_of_many_at_once_one_is_carried_out(api: Api) -> None:
    begun = asyncio.Event()

    async def slow(own: Caller) -> dict[str, Any]:
        await begun.wait()
        return await note(own)

    first = asyncio.create_task(once_only(caller(api), "k", ASKED, slow))
    while not await rows(api.door.db, "SELECT 1 FROM idempotency_keys"):
        await asyncio.sleep(0.01)
    others = [once_only(caller(api), "k", ASKED, slow) for _ in range(5)]
    for refused in await asyncio.gather(*others, return_exceptions=True):
        assert isinstance(refused, ProblemError)
        assert refused.code == "in_flight"
    begun.set()
    assert await first == {"measurements": 1}
    assert await count(api) == 1


async def test_a_refusal_is_repeated_a_failure_of_ours_is_not(api: Api) -> None:
    tries = 0

    async def refused(_: Caller) -> dict[str, Any]:
        nonlocal tries
        tries += 1
        raise ProblemError(409, "shut", code="gate", remedy="wait")

    for _ in range(2):
        with pytest.raises(ProblemError, match="shut") as found:
            await once_only(caller(api), "k", ASKED, refused)
        assert (found.value.code, found.value.remedy) == ("gate", "wait")
    assert tries == 1

    async def broken(_: Caller) -> dict[str, Any]:
        raise RuntimeError("oh")

    with pytest.raises(RuntimeError):
        await once_only(caller(api), "j", ASKED, broken)
    assert await once_only(caller(api), "j", ASKED, note) == {"measurements": 1}


async def test_what_was_carried_out_is_not_done_again_though_its_answer_was_lost(api: Api) -> None:
    async def lost(own: Caller) -> dict[str, Any]:
        await note(own)
        raise RuntimeError("the power went out")

    with pytest.raises(RuntimeError):
        await once_only(caller(api), "k", ASKED, lost)
    await rows(api.door.db, "UPDATE idempotency_keys SET busy_until = now() - interval '1 s'")
    with pytest.raises(ProblemError, match="answer was lost"):
        await once_only(caller(api), "k", ASKED, note)
    assert await count(api) == 1


def test_an_owner_is_an_actor_with_what_it_is_bound_to(api: Api) -> None:
    one = caller(api)
    bound = replace(one, principal=replace(one.principal, client_id="acme"))
    assert (one.owner, bound.owner) == ("bot", "bot@acme")
