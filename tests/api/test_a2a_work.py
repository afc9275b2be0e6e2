from collections.abc import AsyncIterator
from typing import Any

import pytest
from a2a.helpers import new_data_part, new_text_part
from a2a.types import Message
from a2a.utils.errors import InternalError
from starlette.requests import Request

from sojourn.api import a2a_work
from sojourn.api.a2a_work import Given, UnderWay, begin, go_on, read
from sojourn.api.callers import Caller
from sojourn.api.problems import ProblemError
from sojourn.control.keys import Principal
from sojourn.store.postgres import Database
from tests.api.served import Api, serving


@pytest.fixture
async def caller(db: Database) -> AsyncIterator[Caller]:
    async with serving(db) as api:
        await api.start()
        yield caller_of(api)


def caller_of(api: Api) -> Caller:
    request = Request({"type": "http", "app": api.app, "headers": []})
    principal = Principal("bot", ("operator",))
    return Caller(principal, api.app.state.context, api.door, request)


def given(name: str, **arguments: Any) -> Given:
    return Given(name, arguments, "")


def test_a_message_is_its_data_and_its_texts() -> None:
    json = new_text_part('{"reason": "why"}', media_type="application/json; charset=utf-8")
    broken = new_text_part("{", media_type="application/json")
    parts = [
        new_data_part({"skill": "roll-back", "client": "acme", "n": 3}),
        new_text_part("please "),
        json,
        broken,
        new_text_part("now"),
        new_data_part([1, 2]),
    ]
    found = read(Message(parts=parts))
    assert found.name == "initiate_rollback"
    assert found.arguments == {"client": "acme", "n": 3, "reason": "why"}
    assert isinstance(found.arguments["n"], int)
    assert found.text == "please  now"


async def test_a_text_asks_for_an_errand_and_data_fills_it_in(caller: Caller) -> None:
    came = await begin(caller, Given("", {"reason": "in data"}, "hold acme"), "k")
    assert (came.state, came.skill, came.request["reason"]) == ("completed", "hold", "in data")


async def test_what_is_missing_is_remembered(caller: Caller) -> None:
    came = await begin(caller, given("approve", client="acme"), "k")
    assert (came.state, came.request["missing"]) == ("input_required", ["reason", "criterion"])
    row = {"request": came.request, "skill": came.skill}
    more = await go_on(caller, given("", criterion="x"), "k2", row)
    assert (more.state, more.request["missing"]) == ("input_required", ["reason"])


async def test_a_value_that_is_asked_for_is_read_as_it_is_written(caller: Caller) -> None:
    asked = {"client": "acme", "name": "quality", "reason": "y", "missing": ["value"]}
    row = {"request": asked, "skill": "record"}
    came = await go_on(caller, Given("", {}, "0.75"), "k", row)
    assert came.state == "completed"
    assert came.request["value"] == 0.75


@pytest.mark.parametrize(
    ("error", "state"),
    [
        (ProblemError(403, "no"), "rejected"),
        (ProblemError(404, "no"), "rejected"),
        (ProblemError(422, "no"), "rejected"),
        (ProblemError(409, "no", remedy="wait"), "failed"),
    ],
)
async def test_refusals_are_ends_of_tasks(
    caller: Caller, monkeypatch: pytest.MonkeyPatch, error: ProblemError, state: str
) -> None:
    await failing(monkeypatch, error)
    came = await begin(caller, given("hold", client="acme", reason="x"), "k")
    assert came.state == state
    assert came.said == ("no. wait." if error.remedy else "no.")
    assert came.artifacts[0]["name"] == "problem"


@pytest.mark.parametrize(
    ("error", "raised"),
    [
        (ProblemError(409, "x", code="in_flight"), UnderWay),
        (ProblemError(503, "x"), InternalError),
        (RuntimeError("x"), InternalError),
    ],
)
async def test_what_may_pass_ends_nothing(
    caller: Caller, monkeypatch: pytest.MonkeyPatch, error: Exception, raised: type[Exception]
) -> None:
    await failing(monkeypatch, error)
    with pytest.raises(raised):
        await begin(caller, given("hold", client="acme", reason="x"), "k")


async def failing(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    async def fail(*_: Any) -> Any:
        raise error

    monkeypatch.setattr(a2a_work, "once_only", fail)
