"""What the shell can complete beside commands and options: clients and paths, where that is cheap.

Completion never starts a server, never waits long, and never shows an error.
"""

import asyncio
from contextlib import suppress
from typing import Final

from sojourn.paths import builtin
from sojourn.settings import Settings
from sojourn.store import search
from sojourn.store.cluster import Cluster
from sojourn.store.postgres import open_database

PATIENCE: Final = 2.0
"""Seconds that completing a name may take."""
MOST: Final = 100


def clients(incomplete: str) -> list[str]:
    """Return clients whose names begin like this; none where the database is not running."""
    with suppress(Exception):
        return asyncio.run(asyncio.wait_for(_clients(incomplete), PATIENCE))
    return []


def paths(incomplete: str) -> list[str]:
    """Return paths of the user's directory and built-in ones whose names begin like this."""
    names = set(builtin())
    with suppress(Exception):
        own = Settings.load().paths
        names |= {file.stem for file in own.glob("*.y*ml")} if own else set()
    return sorted(name for name in names if name.startswith(incomplete))


async def _clients(incomplete: str) -> list[str]:
    settings = Settings.load()
    if settings.database_url:
        url = settings.database_url.get_secret_value()
    elif (cluster := Cluster(settings.data_dir)).running():
        url = cluster.dsn
    else:
        return []
    async with open_database(url, settings.data_dir) as db, db.connection() as connection:
        return await search.clients_like(connection, incomplete, MOST)
