import asyncio
from collections.abc import AsyncIterator
from typing import Any

import jsonschema
import pytest
from mcp_types import CallToolResult

from sojourn.api.errands import ERRANDS
from sojourn.control import tick
from sojourn.store.postgres import Database
from tests.api.faced import faced, mcp_client
from tests.api.served import Api
from tests.doors import later, rows

WHY = {"client": "acme", "reason": "because"}


@pytest.fixture
async def api(db: Database) -> AsyncIterator[Api]:
    async with faced(db) as api:
        await api.start("acme", {"contract_signed": True})
        while await tick(api.door):
            pass
        yield api


async def call(api: Api, tool: str, role: str = "operator", /, **given: Any) -> CallToolResult:
    async with mcp_client(api, role) as client:
        return await client.call_tool(tool, given)


def text(result: CallToolResult) -> str:
    return " ".join(block.text for block in result.content if block.type == "text")


async def test_the_tools_say_what_they_take_give_and_change(api: Api) -> None:
    async with mcp_client(api) as client:
        tools = {tool.name: tool for tool in (await client.list_tools()).tools}
    assert set(tools) == set(ERRANDS)
    for name, tool in tools.items():
        assert tool.annotations is not None
        assert tool.annotations.read_only_hint is not ERRANDS[name].writes
        properties = tool.input_schema["properties"]
        assert ("idempotency_key" in properties) == ERRANDS[name].writes
        assert "until" not in properties
        if ERRANDS[name].writes:
            assert "reason" in tool.input_schema["required"]
        assert tool.output_schema is not None
        jsonschema.Draft202012Validator.check_schema(tool.output_schema)
    undoing = [n for n, t in tools.items() if t.annotations and t.annotations.destructive_hint]
    assert undoing == ["initiate_rollback"]


async def test_which_clients_are_stuck_and_why(api: Api) -> None:
    later(api.door, days=11)
    while await tick(api.door):
        pass
    found = await call(api, "list_stuck", "viewer")
    assert text(found).startswith("1 client stuck.\nacme (sandbox): ")
    assert found.structured_content["journeys"][0]["schedule"] == "stuck"


async def test_answers_are_what_their_schemas_say(api: Api) -> None:
    async with mcp_client(api) as client:
        tools = {tool.name: tool for tool in (await client.list_tools()).tools}
        for name, given in (
            ("get_journey", {"client": "acme"}),
            ("explain", {"client": "acme"}),
            ("list_stuck", {"everything": True}),
            ("initiate_rollback", {**WHY, "dry_run": True}),
            ("record", {**WHY, "name": "quality", "value": 0.9}),
        ):
            found = await client.call_tool(name, given)
            assert not found.is_error, text(found)
            schema = tools[name].output_schema
            assert schema is not None
            jsonschema.validate(found.structured_content, schema)


async def test_what_is_wrong_is_told_for_the_model_to_read(api: Api) -> None:
    for tool, given, told in (
        ("explain", {"client": "acmee"}, "no journey of client 'acmee'; did you mean 'acme'"),
        ("explain", {}, "client: Field required"),
        ("hold", {"client": "acme"}, "reason: Field required"),
        ("hold", {**WHY, "colour": "red"}, "colour: Extra inputs are not permitted"),
        ("promote", WHY, "checks hold"),
        ("hold", {**WHY, "idempotency_key": ""}, "printable characters"),
    ):
        found = await call(api, tool, **given)
        assert found.is_error
        assert told in text(found)
        assert found.structured_content is None


async def test_a_tool_that_is_not_there_is_told(api: Api) -> None:
    found = await call(api, "explian", client="acme")
    assert found.is_error
    assert "did you mean 'explain'" in text(found)


async def test_callers_act_within_their_roles(api: Api) -> None:
    for role in ("viewer", "approver"):
        found = await call(api, "hold", role, **WHY)
        assert found.is_error
        assert "needs the role operator" in text(found)
    assert (await call(api, "explain", "client", client="acme")).is_error is False
    done = await call(api, "hold", "operator", **WHY)
    assert not done.is_error
    [(actor,)] = await rows(
        api.door.db, "SELECT actor FROM journey_events WHERE type = 'journey.held'"
    )
    assert actor == "a-operator"


async def test_with_one_key_a_thing_is_done_once(api: Api) -> None:
    given = {**WHY, "name": "quality", "value": 0.5, "idempotency_key": "k-1"}

    async def one() -> CallToolResult:
        return await call(api, "record", **given)

    answers = await asyncio.gather(*(one() for _ in range(4)))
    good = [a for a in answers if not a.is_error]
    assert good
    assert all("being carried out" in text(a) for a in answers if a.is_error)
    again = await one()
    assert again.structured_content == good[0].structured_content
    assert again.structured_content["measurements"] == 1
    other = await call(api, "record", **{**given, "value": 0.6})
    assert other.is_error
    assert "used for something else" in text(other)
    assert await rows(api.door.db, "SELECT value FROM measurements") == [(0.5,)]


async def test_a_whole_journey_is_driven_by_tools(api: Api) -> None:
    started = await call(
        api, "start_journey", client="medtronic", path="standard", reason="signed", owner="ann"
    )
    assert started.structured_content["journey"]["client_id"] == "medtronic"
    for tool in ("hold", "resume", "initiate_rollback"):
        found = await call(api, tool, client="medtronic", reason="test")
        assert not found.is_error, text(found)
    status = await call(api, "get_journey", client="medtronic")
    assert status.structured_content["journey"]["stage"] == "rollback"
