from typing import Any

import pytest

from sojourn.agents.a2a import A2aAgent
from sojourn.agents.guard import Guard
from sojourn.agents.http import HttpAgent
from sojourn.agents.mcp import McpAgent
from sojourn.agents.protocols import PARTIAL, PROTOCOLS, Around, faults, idempotent
from sojourn.agents.python import PythonAgent
from sojourn.agents.spec import AgentSpec

ENTRIES: dict[str, dict[str, Any]] = {
    "python": {"target": "sojourn.sandbox.quality:measure"},
    "http": {"url": "https://x.example/"},
    "a2a": {"url": "https://x.example/"},
    "mcp": {"url": "https://x.example/mcp", "tool": "t"},
}


def test_the_registry_and_the_entries_know_the_same_keys() -> None:
    known = {key for protocol in PROTOCOLS.values() for key in protocol.may}
    assert known <= set(PARTIAL) <= set(AgentSpec.model_fields)
    for protocol in PROTOCOLS.values():
        assert {key for group in protocol.needs for key in group} <= protocol.may


@pytest.mark.parametrize(
    ("protocol", "kind"),
    [("python", PythonAgent), ("http", HttpAgent), ("a2a", A2aAgent), ("mcp", McpAgent)],
)
def test_a_protocol_builds_its_agent(protocol: str, kind: type) -> None:
    spec = AgentSpec.model_validate({"protocol": protocol, **ENTRIES[protocol]})
    assert list(faults(spec)) == []
    assert isinstance(PROTOCOLS[protocol].build(spec, Around(Guard())), kind)
    assert set(ENTRIES) == set(PROTOCOLS)


@pytest.mark.parametrize("said", [None, True, False])
def test_an_entry_says_whether_repeating_is_safe_or_the_protocol_does(said: bool | None) -> None:
    spec = AgentSpec(protocol="http", url="https://x.example/", idempotent=said)
    assert idempotent(spec) is (True if said is None else said)


def test_faults_name_the_key() -> None:
    assert list(faults(AgentSpec(protocol="python"))) == [("protocol", "python needs target")]
    odd = AgentSpec(protocol="python", target="a:b", url="https://x")
    toolless = AgentSpec(protocol="mcp", command=("server",))
    assert list(faults(toolless)) == [("protocol", "mcp needs tool")]
    assert list(faults(odd)) == [("url", "an agent of protocol python has no url")]
    late = AgentSpec(protocol="a2a", url="https://x", completes="callback")
    assert list(faults(late)) == [("completes", "an agent of protocol a2a has no completes")]
