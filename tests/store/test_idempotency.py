from dataclasses import replace
from datetime import timedelta

import pytest

from sojourn.store import idempotency
from sojourn.store.idempotency import LostPlace, Place, once
from sojourn.store.postgres import Database
from sojourn.store.sets import Connection
from sojourn.store.transactions import in_transaction
from tests.doors import rows

PLACE = Place("ann", "k1")
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
GONE = timedelta(microseconds=1)


async def begin(
    db: Database, request: bytes = b"a", busy: timedelta = MINUTE, lasts: timedelta = DAY
) -> int | None:
    async with db.connection() as connection:
        return await idempotency.begin(connection, PLACE, request, busy, lasts)


async def test_a_place_is_taken_by_one_request_and_kept_with_its_answer(db: Database) -> None:
    assert await begin(db) == 1
    assert await begin(db) is None
    async with db.connection() as connection:
        place = replace(PLACE, attempt=1)
        await idempotency.answer(connection, place, 201, {"etag": "1"}, b"{}")
        found = await idempotency.find(connection, PLACE)
    assert found is not None
    assert (found["status"], found["headers"], bytes(found["body"])) == (201, {"etag": "1"}, b"{}")
    assert await begin(db, busy=GONE) is None


async def test_an_expired_place_is_free_for_any_request(db: Database) -> None:
    await begin(db, lasts=GONE)
    assert await begin(db, b"other") == 2


async def test_a_place_given_up_undone_is_free_for_the_same_request_only(db: Database) -> None:
    await begin(db, busy=GONE)
    assert await begin(db, b"other") is None
    assert await begin(db, b"a") == 2


async def test_what_commits_marks_its_request_and_a_late_one_writes_nothing(db: Database) -> None:
    async def work(connection: Connection) -> None:
        await connection.execute(
            "INSERT INTO system_alerts (kind, subject, severity, message)"
            " VALUES ('k', 's', 'page', 'm')"
        )

    await begin(db, busy=GONE)
    assert await begin(db) == 2
    with pytest.raises(LostPlace):
        await in_transaction(once(db, replace(PLACE, attempt=1)), work)
    assert await rows(db, "SELECT 1 FROM system_alerts") == []
    await in_transaction(once(db, replace(PLACE, attempt=2)), work)
    assert len(await rows(db, "SELECT 1 FROM system_alerts")) == 1
    assert await rows(db, "SELECT done FROM idempotency_keys") == [(True,)]
    assert await begin(db, busy=GONE) is None, "it was carried out, only its answer is lost"


async def test_release_frees_only_what_changed_nothing(db: Database) -> None:
    attempt = await begin(db)
    place = replace(PLACE, attempt=attempt or 0)
    async with db.connection() as connection:
        await idempotency.release(connection, replace(place, attempt=7))
        assert await idempotency.find(connection, PLACE) is not None
        await idempotency.release(connection, place)
        assert await idempotency.find(connection, PLACE) is None


async def test_purge_forgets_what_has_expired(db: Database) -> None:
    await begin(db, lasts=GONE)
    async with db.connection() as connection:
        await idempotency.purge(connection)
        assert await idempotency.find(connection, PLACE) is None
