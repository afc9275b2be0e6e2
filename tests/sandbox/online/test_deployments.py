import pytest

from sojourn.sandbox.inputs import BadInput
from sojourn.sandbox.online.deployments import DEPLOYMENTS, MAIL, deploy, notify
from sojourn.sandbox.online.directory import admitted
from tests.sandbox.online.desks import Site


async def count(site: Site) -> int:
    return len(await admitted(site.backend, await site.desk().installed()))


@pytest.mark.parametrize("action", ["remove", "withdraw"])
async def test_a_deployment_lets_users_in_until_it_is_taken_down(site: Site, action: str) -> None:
    await site.install()
    answer = await site.deploy(25)
    assert answer.output["users"] == 25
    assert await count(site) == 25
    assert "production" in await site.backend.records(DEPLOYMENTS)
    gone = await deploy(site.desk(target="production", action=action, size="small"), site.crowd)
    assert gone.output["removed"]
    assert await count(site) == 0
    assert await site.backend.records(DEPLOYMENTS) == {}


async def test_a_deployment_without_users_lets_nobody_in(site: Site) -> None:
    await site.install()
    await site.deploy(5)
    await deploy(site.desk(target="staging"), site.crowd)
    assert await count(site) == 5


async def test_messages_lie_in_the_mail_once(site: Site) -> None:
    desk = site.desk(to=["ann", "bob"], message="hello")
    for _ in range(2):
        assert (await notify(desk)).output == {"sent": 2}
    (letter,) = (await site.backend.records(MAIL)).values()
    assert (letter["to"], letter["message"]) == (["ann", "bob"], "hello")
    with pytest.raises(BadInput, match="message"):
        await notify(site.desk(to="ann"))
