import pytest

from sojourn.sandbox.inputs import BadInput
from sojourn.sandbox.online.crowd import Crowd, at_once
from sojourn.sandbox.online.usage import searches
from tests.sandbox.online.desks import Site


async def asked(site: Site, day: float) -> int:
    return sum((await searches(site.desk(day))).values())


async def test_people_ask_as_their_days_go_by_and_only_those_who_may(site: Site) -> None:
    await site.install()
    await site.deploy(10)
    assert await asked(site, 0) == 0
    counts = []
    for day in (0.5, 1, 2):
        await site.crowd.live(site.desk(day))
        counts.append(await asked(site, day))
    assert 0 <= counts[0] < counts[1] < counts[2]
    people = {who for who in await searches(site.desk(2)) if who.startswith("user-")}
    assert 5 < len(people) <= 10


async def test_looking_twice_or_being_started_anew_asks_nothing_twice(site: Site) -> None:
    await site.install()
    await site.deploy(10)
    await site.crowd.live(site.desk(2))
    count = await asked(site, 2)
    await site.crowd.live(site.desk(2))
    await site.crowd.live(site.desk(1))
    town = await Crowd().live(site.desk(2))
    assert town.memory
    assert await asked(site, 2) == count


async def test_people_remember_what_they_were_served(site: Site) -> None:
    await site.install()
    await site.deploy(20)
    town = await site.crowd.live(site.desk(2))
    world = await site.desk().installed()
    known = [user for user in world.users if town.knows(user)]
    worth = [town.worth(user) for user in known]
    assert sum(worth) / len(worth) > 0.7
    await site.trouble({"kind": "relevance", "amount": 0.7})
    town = await site.crowd.live(site.desk(8))
    worth = [town.worth(user) for user in known]
    assert sum(worth) / len(worth) < 0.6


async def test_a_failed_search_is_a_bad_experience(site: Site) -> None:
    await site.install()
    await site.deploy(10)
    await site.trouble({"kind": "errors"})
    town = await site.crowd.live(site.desk(2))
    every = [e.precision for memory in town.memory.values() for e in memory]
    assert set(every) == {0.0}


async def test_where_nothing_is_installed_nobody_can_live(site: Site) -> None:
    await site.deploy(10)
    with pytest.raises(BadInput, match="install one first"):
        await site.crowd.live(site.desk(1))


async def test_so_much_is_done_at_once_and_the_first_error_ends_it() -> None:
    running, most = 0, 0

    async def work() -> int:
        nonlocal running, most
        running += 1
        most = max(most, running)
        for _ in range(3):
            await at_once(1, [])
        running -= 1
        return 1

    async def fail() -> int:
        raise BadInput("no")

    assert sum(await at_once(3, [work] * 10)) == 10
    assert most <= 3
    with pytest.raises(BadInput, match="no"):
        await at_once(3, [work, fail, work])


async def test_those_who_are_let_in_later_ask_from_then_on(site: Site) -> None:
    await site.install()
    await site.deploy(10)
    await site.deploy(40, day=2)
    assert await asked(site, 2) == 0  # letting people in does not wait for what others ask
    town = await site.crowd.live(site.desk(2))
    assert 5 < len(town.memory) <= 10
    town = await site.crowd.live(site.desk(4))
    assert 20 < len(town.memory) <= 40
    world = await site.desk().installed()
    assert all(town.worth(user) > 0.3 for user in world.users)


async def test_those_who_are_let_in_anew_begin_anew(site: Site) -> None:
    await site.install()
    await site.deploy(10)
    town = await site.crowd.live(site.desk(2))
    assert any(town.memory.values())
    await site.deploy(10)
    assert any(town.memory.values()), "they may search all the while"
    await site.deploy(0)
    await site.deploy(10)
    assert not any(town.memory.values())
