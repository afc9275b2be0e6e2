from sojourn.control import traces
from sojourn.store.postgres import Database
from sojourn.store.sets import Connection
from sojourn.store.traces import stamp, traceparent
from sojourn.store.transactions import in_transaction
from tests.tracer import traced

SAID = "SELECT current_setting('sojourn.traceparent', true)"


async def said(connection: Connection) -> str | None:
    row = await (await connection.execute(SAID.encode())).fetchone()
    return next(iter(row or (None,)))


async def test_a_transaction_knows_its_trace_and_the_next_one_does_not(db: Database) -> None:
    with traced(), traces.span("one"):
        present = traceparent()
        assert present is not None
        assert await in_transaction(db, said) == present
    assert traceparent() is None
    assert not await in_transaction(db, said)


async def test_without_a_trace_nothing_is_said(db: Database) -> None:
    async with db.transaction() as connection:
        await stamp(connection)
        assert not await said(connection)
