from datetime import timedelta
from typing import Any

import pytest

from sojourn.control import keys
from sojourn.control.door import NotFoundError, RefusedError
from sojourn.store.postgres import Database
from tests.doors import rows, still_door


async def test_a_key_is_found_by_its_token_and_by_nothing_else(db: Database) -> None:
    door = still_door(db)
    made = await keys.create(door, "ann", ["operator", "approver"], "root", label="laptop")
    found = await keys.find(door, made.token)
    assert found is not None
    assert (found.actor, found.roles) == ("ann", ("operator", "approver"))
    wrong = made.token[:-1] + ("a" if made.token[-1] != "a" else "b")
    assert await keys.find(door, wrong) is None
    assert await keys.find(door, "sojourn_" + made.row["prefix"]) is None
    assert await keys.find(door, "") is None


async def test_no_table_holds_a_token(db: Database) -> None:
    door = still_door(db)
    made = await keys.create(door, "ann", ["viewer"], "root")
    secret = made.token.rsplit("_", 1)[1]
    [(text,)] = await rows(db, "SELECT k::text FROM api_keys k")
    assert secret not in text
    assert "argon2id" in text
    assert all("hash" not in row for row in [made.row, *await keys.list_keys(door)])


async def test_an_expired_or_revoked_key_is_nobodys(db: Database) -> None:
    door = still_door(db)
    short = await keys.create(door, "ann", ["viewer"], "root", lasts=timedelta(microseconds=1))
    assert await keys.find(door, short.token) is None
    made = await keys.create(door, "ann", ["viewer"], "root", lasts=timedelta(days=1))
    assert await keys.find(door, made.token) is not None
    await keys.revoke(door, made.row["prefix"])
    assert await keys.find(door, made.token) is None
    again = await keys.revoke(door, str(made.row["key_id"]))
    assert again["revoked_at"] is not None
    with pytest.raises(NotFoundError, match="no key 'nothing'"):
        await keys.revoke(door, "nothing")


async def test_use_is_noted_and_the_list_is_newest_first(db: Database) -> None:
    door = still_door(db)
    first = await keys.create(door, "ann", ["viewer"], "root")
    await keys.create(door, "bob", ["viewer"], "root")
    await keys.find(door, first.token)
    listed = await keys.list_keys(door)
    assert [row["actor"] for row in listed] == ["bob", "ann"]
    assert [row["last_used_at"] is None for row in listed] == [True, False]


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"roles": []}, "a role is needed"),
        ({"roles": ["operater"]}, "no role 'operater'"),
        ({"roles": ["wiever"]}, "no role 'wiever'"),
        ({"roles": ["Risk Officer"]}, "is no role"),
        ({"roles": ["client"]}, "client it is bound to"),
        ({"roles": ["viewer"], "client_id": "acme"}, "client it is bound to"),
        ({"roles": ["agent", "viewer"], "agent_id": "a"}, "stands alone"),
        ({"actor": ""}, "an actor has"),
        ({"actor": "engine"}, "engine's own name"),
        ({"lasts": timedelta(0)}, "more than no time"),
    ],
)
async def test_keys_that_cannot_be_are_refused(
    db: Database, given: dict[str, Any], told: str
) -> None:
    wanted: dict[str, Any] = {"actor": "ann", "roles": ["viewer"], "by": "root"} | given
    with pytest.raises(RefusedError, match=told):
        await keys.create(still_door(db), **wanted)


async def test_roles_that_a_path_asks_for_and_bound_keys(db: Database) -> None:
    door = still_door(db)
    officer = await keys.create(door, "eve", ["compliance_officer", "reviewer"], "root")
    assert officer.row["roles"] == ["compliance_officer", "reviewer"]
    agent = await keys.create(door, "ignored", ["agent"], "root", agent_id="scanner")
    found = await keys.find(door, agent.token)
    assert found is not None
    assert (found.actor, found.agent_id) == ("scanner", "scanner")
    client = await keys.create(door, "jane", ["client"], "root", client_id="acme")
    found = await keys.find(door, client.token)
    assert found is not None
    assert (found.actor, found.client_id) == ("jane", "acme")
    assert found.any_of("client", "admin")
    assert not found.any_of("viewer")
