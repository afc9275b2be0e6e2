from datetime import timedelta
from uuid import UUID

from sojourn.engine.lease import Lease
from sojourn.store.postgres import Database
from tests.doors import rows, still_door

LENGTH = timedelta(minutes=1)


async def known(db: Database) -> list[UUID]:
    return [row[0] for row in await rows(db, "SELECT worker_id FROM workers")]


async def test_a_lease_is_taken_renewed_and_given_up(db: Database) -> None:
    lost: list[int] = []
    lease = Lease(still_door(db), LENGTH, lambda: lost.append(1))
    assert lease.worker is None
    assert await lease.once() == 20
    assert await known(db) == [lease.worker]
    [(first,)] = await rows(db, "SELECT lease_until FROM workers")
    worker = lease.worker
    await lease.once()
    [(second,)] = await rows(db, "SELECT lease_until FROM workers")
    assert second > first
    assert (lease.worker, lost) == (worker, [])
    await lease.close()
    assert await known(db) == []


async def test_a_lease_that_others_ended_is_taken_anew_under_another_name(db: Database) -> None:
    lost: list[UUID | None] = []
    lease = Lease(still_door(db), LENGTH, lambda: lost.append(lease.worker))
    await lease.once()
    first = lease.worker
    await rows(db, "DELETE FROM workers")
    await lease.once()
    assert lost == [None], "nothing may be written under the old name any more"
    assert lease.worker not in (None, first)
    assert await known(db) == [lease.worker]


async def test_a_lease_that_ran_out_unnoticed_is_simply_renewed(db: Database) -> None:
    lost: list[int] = []
    lease = Lease(still_door(db), LENGTH, lambda: lost.append(1))
    await lease.once()
    await rows(db, "UPDATE workers SET lease_until = now() - interval '1 hour'")
    await lease.once()
    assert lost == []
    assert await rows(db, "SELECT lease_until > now() FROM workers") == [(True,)]


async def test_closing_what_was_never_taken(db: Database) -> None:
    await Lease(still_door(db), LENGTH, lambda: None).close()
