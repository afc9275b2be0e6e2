import pytest

from sojourn.core.outcomes import Measured
from sojourn.sandbox.security import scan
from tests.sandbox.worlds import done, output, world


@pytest.mark.parametrize("client", [f"client-{n}" for n in range(20)])
async def test_nothing_critical_is_found_when_nothing_is_wrong(client: str) -> None:
    for profile in ("standard", "hipaa"):
        found = await done(scan, client=client, profile=profile)
        assert found.output["critical"] == 0
        assert found.measurements == (Measured("security_vulnerabilities", 0),)


async def test_a_leaking_connector_is_critical_and_named() -> None:
    found = await done(scan, world=world({"kind": "leak", "connector": "slack"}))
    assert found.output["critical"] == 1
    assert found.measurements[0].value == 1
    (critical,) = (f for f in found.output["findings"] if f["severity"] == "critical")
    assert critical["connector"] == "slack"
    assert "restricted documents are shown" in critical["finding"]


async def test_weak_authentication_is_found() -> None:
    found = await output(scan, world=world({"kind": "auth", "connector": "jira"}))
    assert found["critical"] == 1
    assert found["high"] == 1


async def test_counts_agree_with_the_findings() -> None:
    found = await output(scan, profile="strict", connectors=[f"source-{n}" for n in range(20)])
    severities = [f["severity"] for f in found["findings"]]
    for severity in ("critical", "high", "medium", "low"):
        assert found[severity] == severities.count(severity)
    assert found["medium"] > 0
    assert found["low"] > 0


async def test_a_strict_profile_finds_more() -> None:
    sources = [f"source-{n}" for n in range(20)]
    standard = await output(scan, connectors=sources)
    strict = await output(scan, profile="strict", connectors=sources)
    assert standard["medium"] < strict["medium"]
