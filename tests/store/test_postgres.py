import asyncio
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
import pytest
from psycopg.types.json import Jsonb

from sojourn.store import postgres
from sojourn.store.postgres import (
    Database,
    DatabaseError,
    DatabaseUnavailable,
    dumps,
    open_database,
)


async def value(db: Database, query: str, *arguments: Any) -> Any:
    async with db.connection() as connection:
        row = await (await connection.execute(query.encode(), arguments)).fetchone()
        assert row
        return row[0]


async def open_and_close(url: str) -> None:
    async with open_database(url, Path()):
        pass


@pytest.mark.parametrize(
    "url",
    [
        "mysql://ann:geheim@db/x",
        "postgresql://ann:ge%geheim@db/x",
        "postgresql://ann:geheim@[::1/x",
        "user=ann password='geheim",
        "geheim",
    ],
)
async def test_a_malformed_url_is_explained_without_its_password(url: str) -> None:
    with pytest.raises(DatabaseError, match="SOJOURN_DATABASE_URL is not a") as caught:
        await open_and_close(url)
    shown = repr(caught.value) + repr(caught.value.__cause__)
    assert "geheim" not in shown
    assert caught.value.__suppress_context__


async def test_an_unreachable_server_is_named_without_its_password(
    unused_tcp_port: int,
) -> None:
    url = f"postgresql://ann:geheim@127.0.0.1:{unused_tcp_port}/geheim"
    with pytest.raises(DatabaseUnavailable, match=f"{unused_tcp_port}.*refused") as caught:
        await open_and_close(url)
    assert "geheim" not in repr(caught.value)
    assert "\n" not in str(caught.value)


async def test_a_missing_database_is_named(server: str) -> None:
    with pytest.raises(DatabaseUnavailable, match='database "nowhere" does not exist'):
        await open_and_close(f"{server} dbname=nowhere")


async def test_a_server_too_old_is_refused(server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres, "OLDEST", 99)
    with pytest.raises(DatabaseError, match="PostgreSQL 18; Sojourn needs 99"):
        await open_and_close(server)


async def test_the_open_database_does_not_show_its_password(database_url: str) -> None:
    async with open_database(f"{database_url} password=geheim", Path()) as db:
        assert "geheim" not in repr(db)
        assert "geheim" in db.dsn


async def test_options_reach_every_connection(database_url: str) -> None:
    options = {"plan_cache_mode": "force_generic_plan", "application_name": "a \\ b"}
    async with open_database(database_url, Path(), options=options) as db:
        assert await value(db, "SHOW plan_cache_mode") == "force_generic_plan"
        assert await value(db, "SHOW application_name") == "a \\ b"
        assert await value(db, "SHOW timezone") == "UTC"


async def test_a_transaction_is_undone_by_an_error(db: Database) -> None:
    with pytest.raises(RuntimeError):
        async with db.transaction() as connection:
            await connection.execute("CREATE TABLE t (x int)")
            raise RuntimeError
    assert await value(db, "SELECT to_regclass('t') IS NULL")
    async with db.transaction() as connection:
        await connection.execute("CREATE TABLE t (x int)")
    assert await value(db, "SELECT to_regclass('t') IS NOT NULL")


async def test_a_wrong_statement_is_not_taken_for_an_outage(db: Database) -> None:
    with pytest.raises(psycopg.errors.UndefinedTable):
        await value(db, "SELECT * FROM nowhere")
    with pytest.raises(psycopg.errors.QueryCanceled):
        async with db.transaction() as connection:
            await connection.execute("SET LOCAL statement_timeout = 1")
            await connection.execute("SELECT pg_sleep(5)")


async def test_a_cut_connection_is_an_outage_and_the_next_works(db: Database) -> None:
    with pytest.raises(DatabaseUnavailable, match="away"):
        await value(db, "SELECT pg_terminate_backend(pg_backend_pid())")
    assert await value(db, "SELECT 1") == 1


async def test_a_connection_cut_while_idle_is_replaced_unnoticed(db: Database) -> None:
    pid = await value(db, "SELECT pg_backend_pid()")
    async with await psycopg.AsyncConnection.connect(db.dsn) as other:
        await other.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])
    assert await value(db, "SELECT 1") == 1


async def test_an_exhausted_pool_says_so(database_url: str) -> None:
    async with open_database(database_url, Path(), max_size=1) as db:
        db.pool.timeout = 0.05
        async with db.connection():
            with pytest.raises(DatabaseUnavailable, match="SOJOURN_CONNECTIONS"):
                await value(db, "SELECT 1")


async def test_notifications_arrive_also_after_the_connection_was_cut(db: Database) -> None:
    async with db.listen("news") as payloads, asyncio.timeout(30):
        await value(db, "SELECT pg_notify('news', 'one')")
        assert await anext(payloads) == "one"
        await value(
            db,
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE query LIKE %s",
            "LISTEN%",
        )
        assert await anext(payloads) is None
        await value(db, "SELECT pg_notify('news', 'two')")
        assert await anext(payloads) == "two"


async def test_a_cancelled_listener_leaves_no_connection(db: Database) -> None:
    async def listen() -> None:
        async with db.listen("news") as payloads:
            async for _ in payloads:
                listening.set()

    listening = asyncio.Event()
    task = asyncio.create_task(listen())
    query = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE %s AND pid <> pg_backend_pid()"
    async with asyncio.timeout(30):
        while not listening.is_set():
            await value(db, "SELECT pg_notify('news', '')")
        task.cancel()
        await asyncio.wait([task])
        while await value(db, query, "LISTEN%"):
            await asyncio.sleep(0.01)


async def test_a_listener_leaves_no_connection_if_nobody_asks_it_or_it_is_cancelled_as_it_begins(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[psycopg.AsyncConnection[Any]] = []
    real = psycopg.AsyncConnection.connect

    async def connect(*args: Any, **given: Any) -> psycopg.AsyncConnection[Any]:
        made.append(await real(*args, **given))
        if len(made) == 2:
            task.cancel()
        return made[-1]

    async def listen() -> None:
        async with db.listen("news"):
            pass

    monkeypatch.setattr(psycopg.AsyncConnection, "connect", connect)
    await listen()
    task = asyncio.create_task(listen())
    await asyncio.wait([task], timeout=30)
    assert task.cancelled()
    assert [connection.closed for connection in made] == [True, True]


class Colour(StrEnum):
    RED = "red"


async def test_values_of_all_kinds_go_into_jsonb_and_come_back_plain(db: Database) -> None:
    moment = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    uuid = UUID(int=7)
    given = {"e": Colour.RED, Colour.RED: moment, "u": uuid, "n": Decimal("1.5"), "s": {"b", "a"}}
    assert await value(db, "SELECT %s::jsonb", Jsonb(given)) == {
        "e": "red",
        "red": "2026-01-02T03:04:05+00:00",
        "u": str(uuid),
        "n": "1.5",
        "s": ["a", "b"],
    }


@pytest.mark.parametrize("span", [timedelta(days=-1, hours=5), timedelta(seconds=0.25)])
async def test_a_duration_in_jsonb_reads_as_an_interval(db: Database, span: timedelta) -> None:
    query = "SELECT (%s::jsonb ->> 'd')::interval"
    assert await value(db, query, Jsonb({"d": span})) == span


def test_what_cannot_be_json_is_refused() -> None:
    with pytest.raises(TypeError):
        dumps({"x": object()})
