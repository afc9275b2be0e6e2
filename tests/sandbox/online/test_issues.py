from sojourn.core.outcomes import Completed
from sojourn.sandbox.issues import report as computed
from sojourn.sandbox.online.issues import report
from sojourn.sandbox.search_service.tokens import Kind
from tests.sandbox.online.desks import START, Site

SPELLS = ({"kind": "bug", "from_day": 2, "until_day": 3}, {"kind": "incident", "from_day": 9})


async def test_counts_are_those_of_the_scenario(site: Site) -> None:
    await site.trouble(*SPELLS)
    for day in (0, 2, 5, 12):
        desk = site.desk(day, window=7)
        world = {"start": START, "spells": list(SPELLS)}
        wanted = await computed(site.desk(day, window=7, world=world).call)
        assert isinstance(wanted, Completed)
        assert await report(desk) == wanted


async def test_what_people_report_counts_as_well(site: Site) -> None:
    path = "/tracker/repos/medtronic/search/issues"
    body = {"title": "no results", "labels": ["bug", "critical"]}
    await site.backend.ask(Kind.CLIENT, "POST", path, body)
    assert (await report(site.desk(1))).output["critical_bugs"] == 1
