import pytest

from sojourn.core.outcomes import Measured
from sojourn.sandbox.online import connectors
from sojourn.sandbox.online.security import configuration, in_the_clear, leaked, scan
from sojourn.sandbox.search_service.tokens import Kind, Known, Tokens
from tests.sandbox.online.desks import Site


async def test_nothing_critical_is_found_when_nothing_is_wrong(site: Site) -> None:
    await site.install()
    for profile in ("standard", "phi"):
        found = await scan(site.desk(profile=profile))
        assert (found.output["critical"], found.output["high"]) == (0, 0)
        assert found.measurements == (Measured("security_vulnerabilities", 0),)


async def test_a_leak_is_found_by_reading_what_must_not_be_read(site: Site) -> None:
    await site.install()
    await site.trouble({"kind": "leak", "from_day": 2, "until_day": 3, "connector": "slack"})
    world = await site.desk().installed()
    assert await leaked(site.desk(1), world, "slack") == 0
    restricted = sum(d.department is not None for d in world.source("slack"))
    assert await leaked(site.desk(2), world, "slack") == restricted
    found = (await scan(site.desk(2))).output
    assert found["critical"] == 1
    (critical,) = (f for f in found["findings"] if f["severity"] == "critical")
    assert critical["connector"] == "slack"
    assert (await scan(site.desk(3))).output["critical"] == 0


async def test_weak_authentication_is_found_in_trouble_and_where_it_was_chosen(site: Site) -> None:
    await site.install()
    await site.trouble({"kind": "auth", "from_day": 2, "connector": "jira"})
    found = (await scan(site.desk(2))).output
    assert (found["critical"], found["high"]) == (1, 1)
    chosen = site.desk(connector_type="slack", auth_method="basic", size="small")
    await connectors.install(chosen)
    found = (await scan(site.desk(1))).output
    assert (found["critical"], found["high"]) == (0, 1)


async def test_credentials_age(site: Site) -> None:
    await site.install("jira")
    young = await configuration(site.desk(), "jira")
    old = await configuration(site.desk(100), "jira")
    assert old.rotated_days == young.rotated_days + 100
    assert (await scan(site.desk(100))).output["medium"] == 1


async def test_doors_that_stand_open_are_critical(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    await site.install("jira")

    strict = Tokens.known

    def anybody(self: Tokens, token: str, instance: str) -> Known:
        steering = strict(self, token, instance) == Known(Kind.STEERING)
        return Known(Kind.STEERING if steering else Kind.CLIENT)

    monkeypatch.setattr(Tokens, "known", anybody)
    found = (await scan(site.desk())).output
    every = [f["finding"] for f in found["findings"] if f["connector"] == "search-service"]
    assert "a forged token is taken" in every
    assert "another client's token is taken" in every
    assert "a token for indexing may search" in every
    assert found["critical"] >= 2


async def test_only_connectors_that_are_named_and_there_are_scanned(site: Site) -> None:
    await site.install()
    await site.trouble({"kind": "leak", "connector": "slack"})
    found = (await scan(site.desk(connectors=["jira", "salesforce"]))).output
    assert found["critical"] == 0


def test_a_service_elsewhere_over_plain_text_is_in_the_clear() -> None:
    assert not in_the_clear("http://127.0.0.1:80")
    assert not in_the_clear("https://search.example")
    assert in_the_clear("http://search.example")
