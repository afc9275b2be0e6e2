from uuid import UUID, uuid4

import pytest

from sojourn.control import change, migration, start
from sojourn.control.migration import Considered, consider
from sojourn.core.commands import Cancel, Migrate
from sojourn.core.paths import Path
from sojourn.paths import load
from sojourn.store.postgres import Database
from tests.doors import dump, still_door
from tests.journeys.small import SMALL

NEW: Path = load(SMALL.replace('">= 0.8"', '">= 0.9"'))


async def test_many_journeys_are_considered_in_sets_and_nothing_is_done(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(migration, "BATCH", 2)
    door = still_door(db)
    ids: list[UUID] = []
    for client in ("a", "b", "c"):
        decision = await start(door, load(SMALL), client, "ann", facts={"contract_signed": True})
        ids.append(decision.state.journey_id)
    await change(door, ids[1], Cancel(actor="ann", reason="over"))
    before = await dump(db)

    command = Migrate(actor="ann", path=NEW)
    batches = [batch async for batch in consider(door, [*ids, uuid4()], command)]
    assert await dump(db) == before
    assert [len(batch) for batch in batches] == [2, 1]
    found: list[Considered] = [one for batch in batches for one in batch]
    assert [shot.state.client_id for shot, _ in found] == ["a", "b", "c"]
    assert [shot.path.version for shot, _ in found] == [1, 1, 1]
    assert [decision.refusal is None for _, decision in found] == [True, False, True]
    assert found[0][1].before.path.version == 2


async def test_what_was_considered_can_then_be_done(db: Database) -> None:
    door = still_door(db)
    decision = await start(door, load(SMALL), "a", "ann")
    key = decision.state.journey_id
    command = Migrate(actor="ann", path=NEW)
    [[(_, told)]] = [batch async for batch in consider(door, [key], command)]
    done = await change(door, key, command)
    assert done.events == told.events
