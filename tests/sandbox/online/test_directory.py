from sojourn.sandbox.online.directory import DIRECTORY, admit, admitted, email, ensure, judge
from sojourn.sandbox.world import DEPARTMENTS, build
from tests.sandbox.online.desks import Site

WORLD = build("medtronic", "standard_demo", "small", ("jira",))


async def test_everybody_is_known_and_judges_as_well(site: Site) -> None:
    await ensure(site.backend, WORLD)
    await ensure(site.backend, WORLD)
    found = (await site.backend.index(f"debug/{DIRECTORY}/status"))["identity"]
    assert found["users"]["counts"]["uploaded"] == len(WORLD.users) + len(DEPARTMENTS)


async def test_only_those_are_admitted_who_were_let_in(site: Site) -> None:
    assert await admitted(site.backend, WORLD) == []
    await ensure(site.backend, WORLD)
    assert await admitted(site.backend, WORLD) == []
    first = WORLD.users[:3]
    await admit(site.backend, [u.user_id for u in first])
    assert await admitted(site.backend, WORLD) == list(first)


async def test_a_larger_world_keeps_those_who_were_let_in(site: Site) -> None:
    await ensure(site.backend, WORLD)
    await admit(site.backend, [WORLD.users[0].user_id])
    larger = build("medtronic", "standard_demo", "large", ("jira",))
    await ensure(site.backend, larger)
    assert await admitted(site.backend, larger) == [larger.users[0]]


def test_people_have_addresses() -> None:
    assert email("medtronic", "user-1") == "user-1@medtronic.example"
    assert judge("medtronic", "legal") == "judge-legal@medtronic.example"
