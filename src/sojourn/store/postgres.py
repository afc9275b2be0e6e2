"""The database as the rest of the store sees it: a pool, transactions and notifications."""

import asyncio
import random
import re
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Mapping
from contextlib import AsyncExitStack, aclosing, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from time import monotonic
from typing import Any

import orjson
import psycopg
from psycopg import AsyncConnection, sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.types.json import set_json_dumps, set_json_loads
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from sojourn.store.embedded import embedded
from sojourn.store.errors import DatabaseError, DatabaseUnavailable

__all__ = ["Database", "DatabaseError", "DatabaseUnavailable", "dumps", "open_database"]

OLDEST = 15
LONGEST_PAUSE = 10.0
REVIVAL = 30.0
"""Seconds that our own server is waited for, whoever starts it again."""
AGAIN = 0.1
# A network that swallows packets is noticed within a minute, not after hours.
_DEFAULTS = {
    "connect_timeout": "10",
    "keepalives_idle": "30",
    "keepalives_interval": "10",
    "keepalives_count": "3",
}
_OUTAGES = ("08", "53", "57P")
# A plan is made once and kept, perhaps from before there were any rows: it has to be one that is
# right for many, which goes from each row of the set to its own by an index. So what it costs is
# what it reads: to go through all of a table seems dear however small the table still is.
_BY_INDEX = {
    "plan_cache_mode": "force_generic_plan",
    "jit": "off",
    "random_page_cost": "0",
    "cpu_tuple_cost": "1",
    "cpu_index_tuple_cost": "1",
    **dict.fromkeys(
        ("enable_seqscan", "enable_bitmapscan", "enable_hashjoin", "enable_mergejoin"), "off"
    ),
}
_SETS = 4
"""Connections for sets at most: the engine's loops have one transaction each."""


@dataclass(frozen=True)
class Database:
    """An open database; `open_database` makes it."""

    dsn: str = field(repr=False)
    pool: AsyncConnectionPool[AsyncConnection[Any]] = field(repr=False)
    by_index: AsyncConnectionPool[AsyncConnection[Any]] | None = field(
        default=None, repr=False, kw_only=True
    )

    @property
    def sets(self) -> "Database":
        """The same database over connections that go from a set's rows to theirs by an index.

        For the engine's own statements; what is not used again is planned better elsewhere.
        """
        return Database(self.dsn, self.by_index) if self.by_index else self

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[AsyncConnection[Any]]:
        """Lend a connection on which every statement commits by itself."""
        with _outages():
            async with self.pool.connection() as connection:
                yield connection

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncConnection[Any]]:
        """Lend a connection inside one transaction: committed at the end, undone by an error."""
        async with self.connection() as connection, connection.transaction():
            yield connection

    @asynccontextmanager
    async def listen(self, channel: str) -> AsyncIterator[AsyncIterator[str | None]]:
        """Yield the payloads sent to a channel from now on, over a connection of its own.

        ``None`` comes after an interruption: payloads may have been missed, so look at the rows.
        """
        async with AsyncExitStack() as stack:
            first = await self._subscribe(channel)
            # Payloads that nobody has asked for have not begun, and close nothing.
            stack.push_async_callback(first.close)
            yield await stack.enter_async_context(aclosing(self._payloads(channel, first)))

    async def _payloads(
        self, channel: str, connection: AsyncConnection[Any]
    ) -> AsyncGenerator[str | None]:
        while True:
            async with AsyncExitStack() as stack:
                stack.push_async_callback(connection.close)
                try:
                    async for notification in connection.notifies():
                        yield notification.payload
                except psycopg.OperationalError:
                    pass
            connection = await self._resubscribe(channel)
            yield None

    async def _subscribe(self, channel: str) -> AsyncConnection[Any]:
        with _outages():
            connection = await AsyncConnection.connect(self.dsn, autocommit=True)
            try:
                await connection.execute(sql.SQL("LISTEN {}").format(sql.Identifier(channel)))
            except BaseException:
                await connection.close()
                raise
            return connection

    async def _resubscribe(self, channel: str) -> AsyncConnection[Any]:
        pause = 0.05
        while True:
            await asyncio.sleep(random.uniform(0.5, 1.0) * pause)  # noqa: S311 - only jitter
            try:
                return await self._subscribe(channel)
            except DatabaseUnavailable:
                pause = min(pause * 2, LONGEST_PAUSE)


@asynccontextmanager
async def open_database(
    database_url: str | None,
    data_dir: Path,
    *,
    min_size: int = 1,
    max_size: int = 10,
    options: Mapping[str, str] | None = None,
) -> AsyncIterator[Database]:
    """Open the database at the URL, or without one Sojourn's own in the data directory.

    ``options`` are PostgreSQL settings of every connection. Raises `DatabaseError`.
    """
    async with AsyncExitStack() as stack:
        # Our own server may be dying at this moment, by a crash that is not over; it is revived.
        patience = REVIVAL if database_url is None else 0.0
        if database_url is None:
            database_url = await stack.enter_async_context(embedded(data_dir))
        conninfo = _conninfo(database_url, options or {})
        await _reached(conninfo, patience)
        pool = await stack.enter_async_context(
            _pool(conninfo, min_size, max_size, check=AsyncConnectionPool.check_connection)
        )
        options = {**(options or {}), **_BY_INDEX}
        by_index = await stack.enter_async_context(
            _pool(_conninfo(database_url, options), 0, _SETS, prepare_threshold=0)
        )
        yield Database(conninfo, pool, by_index=by_index)


def _pool(
    conninfo: str, least: int, most: int, check: Any = None, **more: Any
) -> AsyncConnectionPool[AsyncConnection[Any]]:
    return AsyncConnectionPool(
        conninfo,
        kwargs={"autocommit": True, **more},
        min_size=least,
        max_size=most,
        configure=_configure,
        check=check,
        open=False,
    )


def dumps(value: Any) -> bytes:
    """Return JSON for jsonb; times, enumerations and uuids as text, no matter how deep."""
    return orjson.dumps(value, default=_plain, option=orjson.OPT_NON_STR_KEYS)


def _plain(value: Any) -> Any:
    """Make plain what orjson does not know; durations in the form that an interval reads."""
    if isinstance(value, timedelta | Decimal | Path):
        return str(value)
    if isinstance(value, set | frozenset):
        return sorted(value)
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{type(value).__name__} cannot be stored as JSON")


async def _configure(connection: AsyncConnection[Any]) -> None:
    set_json_dumps(dumps, connection)
    set_json_loads(orjson.loads, connection)


def _conninfo(dsn: str, options: Mapping[str, str]) -> str:
    """Add our defaults to a connection string, which itself has the last word."""
    try:
        given: dict[str, Any] = conninfo_to_dict(dsn)
    except psycopg.ProgrammingError:
        # libpq's own words may quote the password.
        raise DatabaseError(
            "SOJOURN_DATABASE_URL is not a connection string of PostgreSQL. It looks like "
            "postgresql://user:password@host:5432/database, with special characters "
            "percent-encoded (@ is %40)."
        ) from None
    ours = {"application_name": "sojourn", "timezone": "UTC", **options}
    flags = " ".join(f"-c {name}={_escaped(value)}" for name, value in ours.items())
    given["options"] = f"{flags} {given.get('options') or ''}".strip()
    return make_conninfo("", **{**_DEFAULTS, **given})


def _escaped(value: str) -> str:
    return re.sub(r"([\\\s])", r"\\\1", value)


async def _reached(conninfo: str, patience: float) -> None:
    """Wait some seconds for a server that answers; raises what the last attempt did."""
    deadline = monotonic() + patience
    while True:
        try:
            return await _probe(conninfo)
        except DatabaseUnavailable:
            if monotonic() >= deadline:
                raise
        await asyncio.sleep(AGAIN)


async def _probe(conninfo: str) -> None:
    """Fail early, with the reason, on a server that is away or too old."""
    try:
        async with await AsyncConnection.connect(conninfo) as connection:
            major = connection.info.server_version // 10_000
    except psycopg.Error as error:
        raise DatabaseUnavailable(
            f"PostgreSQL cannot be reached. {_words(error, conninfo)}"
        ) from None
    if major < OLDEST:
        raise DatabaseError(
            f"The server is PostgreSQL {major}; Sojourn needs {OLDEST} or newer. "
            "Upgrade it, or unset SOJOURN_DATABASE_URL to use Sojourn's own."
        )


def _words(error: Exception, conninfo: str) -> str:
    """Return the driver's words on one line, without the password."""
    words = " ".join(str(error).split())
    password = conninfo_to_dict(conninfo).get("password")
    return words.replace(str(password), "***") if password else words


@contextmanager
def _outages() -> Iterator[None]:
    """Tell a server that is away from statements that are wrong."""
    try:
        yield
    except PoolTimeout:
        raise DatabaseUnavailable(
            "No connection to PostgreSQL became free in time. Is the server reachable, and is "
            "SOJOURN_CONNECTIONS high enough?"
        ) from None
    except psycopg.OperationalError as error:
        if error.sqlstate is None or error.sqlstate.startswith(_OUTAGES):
            raise DatabaseUnavailable(
                f"PostgreSQL is away. {' '.join(str(error).split())}"
            ) from error
        raise
