import asyncio
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from sojourn.agents.directory import Directory, UnknownAgent
from sojourn.agents.entries import BadDirectory
from sojourn.agents.spec import PROGRAMS, AgentSpec, BreakerSpec
from sojourn.core.outcomes import Call, Completed, Failed, Working
from tests.agents import mcp_peer
from tests.agents.a2a_peer import served
from tests.agents.calls import call, finish
from tests.agents.conformance import Peer
from tests.agents.servers import free_port, raw, reply, request

HERE = "tests.agents.test_directory"


async def echo(made: Call) -> dict[str, Any]:
    """Say what was asked."""
    return {"timeout": made.timeout.total_seconds(), "agent": made.agent_id}


async def working(made: Call) -> Any:
    return Working({"polls": 1}) if made.handle is None else {"done": True}


def python(name: str, **fields: Any) -> AgentSpec:
    return AgentSpec(protocol="python", target=f"{HERE}:{name}", **fields)


async def test_the_specifications_example_runs_on_the_built_in_agents() -> None:
    directory = Directory.load()
    tasks = [
        ("connector-installation-agent", {"connector_type": "confluence", "auth_method": "oauth2"}),
        ("dataset-provisioning-agent", {"scenario": "healthcare_demo", "size": "medium"}),
        ("search-quality-agent", {"precision_threshold": 0.80}),
    ]
    for agent_id, data in tasks:
        assert agent_id in directory
        outcome = await directory.send(call(agent_id=agent_id, input_data=data))
        assert isinstance(outcome, Completed), outcome


async def test_every_built_in_agent_can_be_reached() -> None:
    directory = Directory.load()
    assert len(directory) == 12
    for agent_id in directory:
        found = await directory.check(agent_id)
        assert found.ok, found
        assert found.card["summary"]


def test_a_file_extends_and_replaces(tmp_path: Path) -> None:
    file = tmp_path / "agents.yaml"
    file.write_text(
        "agents:\n"
        "  survey-agent: {protocol: http, url: 'https://surveys.example/', auth: {bearer_env: S}}\n"
        "  own-agent: {protocol: python, target: 'x:y', title: Mine}\n"
    )
    directory = Directory.load([file])
    described = {d.agent_id: d for d in directory.describe()}
    assert len(described) == 13
    assert list(described) == sorted(described)
    survey = described["survey-agent"]
    assert (survey.protocol, survey.where) == ("http", "https://surveys.example/")
    assert survey.credentials == ("S",)
    assert survey.source == str(file)
    assert described["own-agent"].title == "Mine"
    assert described["usage-agent"].source == "built-in"
    assert set(Directory.load([file], built_in=False)) == {"survey-agent", "own-agent"}


async def test_an_unknown_agent_is_a_final_failure_that_says_what_was_meant() -> None:
    directory = Directory.load()
    with pytest.raises(UnknownAgent, match="did you mean 'survey-agent'"):
        directory.spec("survy-agent")
    for asked in (directory.send, directory.poll):
        outcome = await asked(call(agent_id="survy-agent"))
        assert isinstance(outcome, Failed)
        assert not outcome.retryable
        assert "did you mean 'survey-agent'" in outcome.message
    await directory.cancel(call(agent_id="survy-agent"))


async def test_an_agent_that_cannot_be_built_is_a_final_failure() -> None:
    directory = Directory({"peer": python("ecko")})
    outcome = await directory.send(call())
    assert outcome == Failed(
        f"{HERE} has no callable 'ecko'; did you mean 'echo'?", retryable=False
    )


async def test_calls_reach_the_agent_they_name_and_polls_too() -> None:
    directory = Directory({"peer": python("echo"), "slow": python("working")})
    outcome = await directory.send(call())
    assert isinstance(outcome, Completed)
    assert outcome.output["agent"] == "peer"
    made = call(agent_id="slow")
    first = await directory.send(made)
    assert isinstance(first, Working)
    assert await directory.poll(replace(made, handle=first.handle)) == Completed({"done": True})
    assert directory.agent("peer") is directory.agent("peer")
    await directory.aclose()


async def test_the_shorter_time_limit_counts() -> None:
    directory = Directory({"peer": python("echo", timeout=timedelta(seconds=2))})
    for seconds, effective in ((60, 2), (1, 1)):
        outcome = await directory.send(call(seconds=seconds))
        assert isinstance(outcome, Completed)
        assert outcome.output["timeout"] == effective


def test_entries_that_do_not_suit_are_refused() -> None:
    with pytest.raises(BadDirectory, match=r"agents\.a\.protocol: http needs url"):
        Directory({"a": AgentSpec(protocol="http")})


async def test_a_check_says_what_is_wrong() -> None:
    closed = AgentSpec(protocol="http", url=f"http://127.0.0.1:{free_port()}/")
    directory = Directory(
        {
            "private": closed,
            "closed": closed.model_copy(update={"allow_private": True}),
            "absent": python("nothing"),
        }
    )
    messages = {name: (await directory.check(name)).message for name in directory}
    assert "allow_private" in messages["private"]
    assert "All connection attempts failed" in messages["closed"]
    assert "no callable 'nothing'" in messages["absent"]
    with pytest.raises(UnknownAgent):
        await directory.check("other")


@pytest.mark.parametrize(
    ("status", "ok"), [("204 No Content", True), ("405 Method Not Allowed", True),
                       ("401 Unauthorized", False), ("500 Oops", False)],
)  # fmt: skip
async def test_an_http_agent_is_checked_by_its_answer(status: str, ok: bool) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        assert (await request(reader)).startswith(b"OPTIONS /run ")
        writer.write(reply(b"", status))
        await writer.drain()

    async with raw(answer) as url:
        spec = AgentSpec(protocol="http", url=f"{url}/run")
        found = await Directory({"peer": spec}, allow_private=True).check("peer")
    assert found.ok is ok
    assert found.seconds >= 0
    assert status[:3] in found.message or found.card["answered"] == int(status[:3])


async def test_an_a2a_agent_is_checked_by_its_card_and_called() -> None:
    peer = Peer(Directory({}))
    async with served(peer, ["JSONRPC"]) as there:
        directory = Directory(
            {
                "peer": AgentSpec(protocol="a2a", url=there.url, skill="behave"),
                "odd": AgentSpec(protocol="a2a", url=there.url, skill="sing"),
            },
            allow_private=True,
        )
        found = await directory.check("peer")
        assert found.ok, found
        assert found.card["name"] == "Peer"
        assert "has no skill 'sing'" in (await directory.check("odd")).message
        assert isinstance(await finish(directory, call()), Completed)
        await directory.aclose()


async def test_an_mcp_tool_is_checked_and_called() -> None:
    peer = Peer(Directory({}))
    async with mcp_peer.served(peer) as there:
        entry = {"protocol": "mcp", "url": there.url}
        directory = Directory(
            {
                "peer": AgentSpec.model_validate({**entry, "tool": "behave"}),
                "odd": AgentSpec.model_validate({**entry, "tool": "behav"}),
            },
            allow_private=True,
        )
        found = await directory.check("peer")
        assert found.ok, found
        assert found.card["tool"]["name"] == "behave"
        assert "did you mean 'behave'?" in (await directory.check("odd")).message
        assert isinstance(await finish(directory, call()), Completed)
        await directory.aclose()


async def test_missing_credentials_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PEER_TOKEN", raising=False)
    spec = AgentSpec.model_validate(
        {"protocol": "http", "url": "http://127.0.0.1:9/", "auth": {"bearer_env": "PEER_TOKEN"}}
    )
    directory = Directory({"peer": spec}, allow_private=True)
    outcome = await directory.send(call())
    assert outcome == Failed("the environment variable PEER_TOKEN is not set", retryable=False)
    await directory.aclose()


def test_limits_are_told_for_every_agent() -> None:
    breaker = BreakerSpec(failures=3)
    told = Directory({"b": python("echo"), "a": python("echo", max_concurrency=2, breaker=breaker)})
    first, second = told.limits()
    assert (first.agent_id, first.max_concurrency, first.breaker.failures) == ("a", 2, 3)
    assert (second.agent_id, second.max_concurrency, second.window) == ("b", None, None)


@pytest.mark.parametrize(("more", "expected"), [({}, PROGRAMS), ({"max_concurrency": 40}, 40)])
def test_of_a_program_only_a_few_run_at_once_unless_more_are_asked_for(
    more: dict[str, Any], expected: int
) -> None:
    entry = {"protocol": "mcp", "tool": "t", "command": ["program"], **more}
    [limits] = Directory({"p": AgentSpec.model_validate(entry)}).limits()
    assert limits.max_concurrency == expected
