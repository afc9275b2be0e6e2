from typing import Any

from sojourn.sandbox.online.directory import admitted
from sojourn.sandbox.online.rollout import enable
from sojourn.sandbox.online.usage import report
from sojourn.sandbox.rollout import enable as computed
from tests.sandbox.online.desks import Site


async def let_in(site: Site, **given: Any) -> set[str]:
    desk = site.desk(size="small", **given)
    answer = await enable(desk, site.crowd)
    assert answer == await computed(desk.call)
    world = await site.desk().installed()
    people = {user.user_id for user in await admitted(site.backend, world)}
    assert len(people) == answer.output["enabled"]
    return people


async def test_cohorts_are_nested_and_sticky_and_can_be_taken_back(site: Site) -> None:
    await site.install()
    cohorts = [await let_in(site, percent=p, cohort="medtronic") for p in (10, 50, 100)]
    assert cohorts[0] < cohorts[1] < cohorts[2]
    assert await let_in(site, percent=10, cohort="medtronic") == cohorts[0]
    assert await let_in(site, action="remove") == set()


async def test_a_cohort_may_be_a_department(site: Site) -> None:
    await site.install()
    legal = await let_in(site, percent=100, cohort="legal")
    world = await site.desk().installed()
    assert {u.department for u in world.users if u.user_id in legal} == {"legal"}


async def test_those_who_are_let_in_find_something(site: Site) -> None:
    await site.install()
    await let_in(site, percent=100)
    found = await report(site.desk(2), site.crowd)
    assert found.output["enabled_users"] == 150
    assert found.output["adoption"] > 0.5
