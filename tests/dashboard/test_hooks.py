import re
from uuid import UUID

from sojourn.store import webhooks
from sojourn.store.sets import Row
from tests.dashboard.life import ANN, EVE, Life
from tests.dashboard.test_deliveries import delivered

ADD = {"csrf": ANN.csrf, "url": "https://hooks.example.com/in", "types": "rollback.*, transition"}
CSRF = {"csrf": ANN.csrf}


async def every(life: Life) -> list[Row]:
    async with life.story.door.db.connection() as connection:
        return await webhooks.list_subscriptions(connection)


async def test_a_webhook_is_added_and_its_secret_shown_once(life: Life) -> None:
    async with life.client() as client:
        made = await client.post("/settings/webhooks", data=ADD)
        assert re.search(r"whsec_[A-Za-z0-9+/=]{40,}", made.text)
        assert "whsec_" not in (await client.get("/settings")).text
    [row] = await every(life)
    assert (row["types"], row["created_by"]) == (["rollback.*", "transition"], "ann")


async def test_a_private_address_is_refused(life: Life) -> None:
    async with life.client() as client:
        wrong = await client.post("/settings/webhooks", data=ADD | {"url": "https://127.0.0.1/x"})
        assert wrong.status_code == 422
        assert 'value="https://127.0.0.1/x"' in wrong.text
    assert await every(life) == []


async def test_a_webhook_is_switched_off_and_on(life: Life) -> None:
    where = f"/settings/webhooks/{await delivered(life)}/switch"
    async with life.client() as client:
        off = {"active": "no", "reason": "they move house"}
        assert (await client.post(where, data=CSRF | off)).status_code == 303
        [row] = await every(life)
        assert (row["active"], row["why_inactive"]) == (False, "they move house (ann)")
        await client.post(where, data=CSRF | {"active": "yes"})
    [row] = await every(life)
    assert row["active"]


async def test_a_webhook_gets_a_new_secret_and_is_removed(life: Life) -> None:
    hook = await delivered(life)
    async with life.client() as client:
        made = await client.post(f"/settings/webhooks/{hook}/rotate", data=CSRF)
        assert "whsec_" in made.text
        gone = await client.post(f"/settings/webhooks/{hook}/remove", data=CSRF)
        assert gone.headers["location"] == "/settings?done=removed#webhooks"
        again = await client.post(f"/settings/webhooks/{hook}/remove", data=CSRF)
        assert (again.status_code, "somebody else was faster" in again.text) == (404, True)
    assert await every(life) == []


async def test_webhooks_are_for_administrators(life: Life) -> None:
    life.who = EVE
    async with life.client() as client:
        for where in ("", *(f"/{UUID(int=0)}/{deed}" for deed in ("switch", "rotate", "remove"))):
            found = await client.post(f"/settings/webhooks{where}", data={"csrf": EVE.csrf})
            assert found.status_code == 403
