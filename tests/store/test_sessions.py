from datetime import timedelta

from sojourn.store import sessions
from sojourn.store.postgres import Database
from tests.doors import rows


async def test_purge_forgets_sessions_and_links_that_have_run_out(db: Database) -> None:
    soon, later = timedelta(microseconds=1), timedelta(hours=1)
    async with db.connection() as connection:
        for name, lasts in ((b"old", soon), (b"new", later)):
            await sessions.add_link(connection, name, "ann", ["viewer"], lasts)
            await sessions.add(connection, name, "csrf", "ann", ["viewer"], lasts)
        await sessions.purge(connection)
        assert await sessions.find(connection, b"new") is not None
    for table in ("sessions", "login_links"):
        assert await rows(db, f"SELECT token_hash FROM {table}") == [(b"new",)]
