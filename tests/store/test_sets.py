from datetime import timedelta

import psycopg
import pytest

from sojourn.store.postgres import Database
from sojourn.store.queries import Query
from sojourn.store.sets import batch, execute, fetch, one, send

ECHO = Query("echo", "", "SELECT a, b FROM jsonb_to_recordset(%(rows)s) AS x(a int, b interval)")
NUMBER = Query("number", "", "SELECT %(n)s::int AS n")
QUIET = Query("quiet", "", "CREATE TEMP TABLE IF NOT EXISTS quiet ()")
BROKEN = Query("broken", "", "SELECT 1 / 0")


async def test_rows_come_as_dictionaries(shared: Database) -> None:
    async with shared.connection() as connection:
        assert await fetch(connection, NUMBER, n=7) == [{"n": 7}]
        assert await one(connection, NUMBER, n=8) == {"n": 8}
        assert await (await execute(connection, NUMBER, n=9)).fetchone() == {"n": 9}


async def test_a_set_is_one_document(shared: Database) -> None:
    rows = ({"a": n, "b": timedelta(days=n)} for n in range(1, 3))
    async with shared.connection() as connection:
        [found] = await send(connection, batch(ECHO, rows))
    assert found == [{"a": 1, "b": timedelta(days=1)}, {"a": 2, "b": timedelta(days=2)}]


def test_no_rows_no_statement() -> None:
    assert batch(ECHO, []) == []


async def test_statements_go_together_and_answer_in_order(shared: Database) -> None:
    async with shared.connection() as connection:
        found = await send(connection, [(NUMBER, {"n": 1}), (QUIET, {}), (NUMBER, {"n": 2})])
        assert found == [[{"n": 1}], [], [{"n": 2}]]
        assert await send(connection, []) == []


async def test_of_statements_that_go_together_one_that_fails_stops_the_rest(
    shared: Database,
) -> None:
    async with shared.connection() as connection:
        with pytest.raises(psycopg.errors.DivisionByZero):
            await send(connection, [(NUMBER, {"n": 1}), (BROKEN, {}), (NUMBER, {"n": 2})])
        assert await one(connection, NUMBER, n=3) == {"n": 3}, "the connection is still good"
