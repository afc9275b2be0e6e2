from datetime import timedelta
from typing import Any

import pytest

from sojourn.engine import rescuer as module
from sojourn.engine.rescuer import Rescuer
from sojourn.store.postgres import Database, DatabaseUnavailable
from tests.doors import rows, still_door

LEASE = timedelta(seconds=30)
WORKER = """
INSERT INTO workers (worker_id, host, pid, lease_until)
VALUES (gen_random_uuid(), 'h', 1, now() + %s)
"""


async def test_workers_whose_lease_ran_out_are_removed(db: Database) -> None:
    await rows(db, WORKER, timedelta(seconds=-1))
    await rows(db, WORKER, timedelta(seconds=9))
    rescuer = Rescuer(still_door(db), LEASE)
    assert await rescuer.once() == 10
    assert await rows(db, "SELECT lease_until > now() FROM workers") == [(True,)]


async def test_nobody_is_dead_because_the_database_was_away(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    await rows(db, WORKER, timedelta(seconds=-1))
    rescuer = Rescuer(still_door(db), LEASE)
    now = 1000.0
    monkeypatch.setattr("sojourn.engine.rescuer.monotonic", lambda: now)

    async def away(*_: Any) -> None:
        raise DatabaseUnavailable("gone")

    with monkeypatch.context() as patch:
        patch.setattr(module, "rescue", away)
        await rescuer._round()
        patch.setattr(module, "set_watch", away)
        await rescuer._round()
    assert await rescuer._round() == 10
    now += 29
    await rescuer._round()
    assert await rows(db, "SELECT count(*) FROM workers") == [(1,)]
    now += 1
    await rescuer._round()
    assert await rows(db, "SELECT count(*) FROM workers") == [(0,)]
