from datetime import timedelta

from sojourn.control import keys as made
from sojourn.store import keys
from sojourn.store.postgres import Database
from tests.doors import still_door


async def test_a_prefix_finds_a_key_only_while_it_is_good(db: Database) -> None:
    door = still_door(db)
    good = (await made.create(door, "ann", ["viewer"], "root")).row
    late = (await made.create(door, "bob", ["viewer"], "root", lasts=timedelta(0, 0, 1))).row
    async with db.connection() as connection:
        assert await keys.valid(connection, good["prefix"]) is not None
        assert await keys.valid(connection, late["prefix"]) is None
        assert await keys.revoke(connection, "nothing") is None
        await keys.revoke(connection, good["prefix"])
        assert await keys.valid(connection, good["prefix"]) is None
        assert len(await keys.list_keys(connection, limit=1)) == 1
