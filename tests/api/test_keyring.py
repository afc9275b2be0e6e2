import pytest

from sojourn.api.keyring import Keyring
from sojourn.control import keys, sessions
from sojourn.control.door import Door
from sojourn.store.postgres import Database
from tests.doors import still_door


async def test_a_key_is_believed_for_a_moment_only(db: Database) -> None:
    door = still_door(db)
    made = await keys.create(door, "ann", ["viewer"], "root")
    ring, doubting = Keyring(60), Keyring(0)
    for one in (ring, doubting):
        found = await one.of_key(door, made.token)
        assert found is not None
        assert found.actor == "ann"
    await keys.revoke(door, made.row["prefix"])
    assert await ring.of_key(door, made.token) is not None
    assert await doubting.of_key(door, made.token) is None
    ring.forget()
    assert await ring.of_key(door, made.token) is None


async def test_a_sessions_token_is_no_key(db: Database) -> None:
    door = still_door(db)
    begun = await sessions.begin(door, keys.Principal("ann", ("viewer",)))
    ring = Keyring()
    assert await ring.of_session(door, begun.token) == begun.principal
    assert await ring.of_key(door, begun.token) is None


async def test_a_key_that_is_revoked_while_it_is_looked_for_is_not_remembered(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    door, ring, real = still_door(db), Keyring(60), keys.find
    made = await keys.create(door, "ann", ["viewer"], "root")

    async def revoked_meanwhile(door: Door, token: str) -> keys.Principal | None:
        found = await real(door, token)
        await keys.revoke(door, made.row["prefix"])
        ring.forget()
        return found

    with monkeypatch.context() as slow:
        slow.setattr(keys, "find", revoked_meanwhile)
        assert await ring.of_key(door, made.token) is not None
    assert await ring.of_key(door, made.token) is None
