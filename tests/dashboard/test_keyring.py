import re

from sojourn.control import keys, sessions
from tests.dashboard.life import ANN, EVE, Life

FORM = {"csrf": ANN.csrf, "actor": "deploy", "roles": "operator, approver", "days": "30"}


async def test_a_key_is_made_and_its_token_shown_once(life: Life) -> None:
    async with life.client() as client:
        made = await client.post("/settings/keys", data=FORM)
        [token] = set(re.findall(r"sojourn_[a-z2-7]{10}_[a-z2-7]{52}", made.text))
        assert made.headers["cache-control"] == "no-store"
        assert token not in (await client.get("/settings")).text
    found = await keys.find(life.story.door, token)
    assert found is not None
    assert (found.actor, found.roles) == ("deploy", ("operator", "approver"))
    assert found.expires_at is not None


async def test_a_key_that_cannot_be_is_refused_with_what_was_typed(life: Life) -> None:
    async with life.client() as client:
        wrong = await client.post("/settings/keys", data=FORM | {"roles": "client operator"})
        assert (wrong.status_code, 'value="client operator"' in wrong.text) == (422, True)
    assert await keys.list_keys(life.story.door) == []


async def test_a_revoked_key_is_good_for_nothing(life: Life) -> None:
    made = await keys.create(life.story.door, "deploy", ["operator"], "ann")
    async with life.client() as client:
        where = f"/settings/keys/{made.row['prefix']}/revoke"
        assert (await client.post(where)).status_code == 400
        done = await client.post(where, data={"csrf": ANN.csrf})
        assert done.headers["location"] == "/settings?done=revoked#keys"
        assert "Revoked</span>" in (await client.get("/settings")).text
        gone = await client.post("/settings/keys/nobody/revoke", data={"csrf": ANN.csrf})
        assert gone.status_code == 404
    assert await keys.find(life.story.door, made.token) is None


async def test_sessions_are_ended(life: Life) -> None:
    begun = await sessions.begin(life.story.door, EVE)
    async with life.client() as client:
        assert "session by link" in (await client.get("/settings")).text
        form = {"csrf": ANN.csrf, "actor": "eve"}
        assert (await client.post("/settings/sessions/end", data=form)).status_code == 303
    assert await sessions.find(life.story.door, begun.token) is None


async def test_keys_are_for_administrators(life: Life) -> None:
    life.who = EVE
    form = FORM | {"csrf": EVE.csrf}
    async with life.client() as client:
        for where in ("keys", "keys/x/revoke", "sessions/end"):
            assert (await client.post(f"/settings/{where}", data=form)).status_code == 403
