from sojourn.core.outcomes import Measured
from sojourn.sandbox.online.quality import measure
from sojourn.sandbox.online.usage import report, searches
from tests.sandbox.online.desks import Site


async def test_adoption_is_counted_from_what_was_searched(site: Site) -> None:
    await site.install()
    await site.deploy(30)
    first = await report(site.desk(), site.crowd)
    assert (first.output["enabled_users"], first.output["active_users"]) == (30, 0)
    found = (await report(site.desk(3), site.crowd)).output
    counts = await searches(site.desk(3))
    assert found["active_users"] == len(counts)
    assert found["queries"] == sum(counts.values())
    assert found["adoption"] == round(len(counts) / 30, 4)


async def test_nobody_with_access_is_no_adoption(site: Site) -> None:
    await site.install()
    found = await report(site.desk(), site.crowd)
    assert found.measurements == (Measured("query_volume", 0),)


async def test_judges_do_not_count(site: Site) -> None:
    await site.install()
    await site.deploy(30)
    await site.provision()
    await measure(site.desk(scenario="general_demo", size="small"))
    assert (await report(site.desk(), site.crowd)).output["queries"] == 0
