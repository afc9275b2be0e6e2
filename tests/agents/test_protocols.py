import pytest

from sojourn.agents.guard import Guard
from sojourn.agents.http import HttpAgent
from sojourn.agents.protocols import PARTIAL, PROTOCOLS, Around, faults, idempotent
from sojourn.agents.python import PythonAgent
from sojourn.agents.spec import AgentSpec


def test_the_registry_and_the_entries_know_the_same_keys() -> None:
    known = {key for protocol in PROTOCOLS.values() for key in protocol.may}
    assert known <= set(PARTIAL) <= set(AgentSpec.model_fields)
    for protocol in PROTOCOLS.values():
        assert {key for group in protocol.needs for key in group} <= protocol.may


def test_a_protocol_builds_its_agent() -> None:
    around = Around(Guard())
    python = AgentSpec(protocol="python", target="sojourn.sandbox.quality:measure")
    assert isinstance(PROTOCOLS["python"].build(python, around), PythonAgent)
    http = AgentSpec(protocol="http", url="https://x.example/")
    assert isinstance(PROTOCOLS["http"].build(http, around), HttpAgent)


@pytest.mark.parametrize("said", [None, True, False])
def test_an_entry_says_whether_repeating_is_safe_or_the_protocol_does(said: bool | None) -> None:
    spec = AgentSpec(protocol="http", url="https://x.example/", idempotent=said)
    assert idempotent(spec) is (True if said is None else said)


def test_faults_name_the_key() -> None:
    assert list(faults(AgentSpec(protocol="python"))) == [("protocol", "python needs target")]
    odd = AgentSpec(protocol="python", target="a:b", url="https://x")
    assert list(faults(odd)) == [("url", "an agent of protocol python has no url")]
