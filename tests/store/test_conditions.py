from dataclasses import replace

import pytest

from sojourn.control import change, start
from sojourn.core.commands import HoldJourney
from sojourn.paths import load
from sojourn.store.conditions import StaleError, at
from sojourn.store.idempotency import LostPlace, Place, once
from sojourn.store.postgres import Database
from tests.doors import dump, still_door
from tests.journeys.small import SMALL


async def test_a_change_counts_only_while_the_journey_is_as_it_was_seen(db: Database) -> None:
    door = still_door(db)
    decision = await start(door, load(SMALL), "acme", "ann")
    key, seq = decision.state.journey_id, len(decision.events)
    hold = HoldJourney(actor="ann", reason="holidays")
    before = await dump(db)
    with pytest.raises(StaleError) as stale:
        await change(replace(door, db=at(db, key, frozenset({seq + 1}))), key, hold)
    assert stale.value.seq == seq
    assert await dump(db) == before
    done = await change(replace(door, db=at(db, key, frozenset({seq, seq + 9}))), key, hold)
    assert done.state.hold is not None


async def test_a_request_made_once_can_be_conditional_as_well(db: Database) -> None:
    door = still_door(db)
    decision = await start(door, load(SMALL), "acme", "ann")
    key, seq = decision.state.journey_id, len(decision.events)
    nobody = once(db, Place("nobody", "k", 1))
    hold = HoldJourney(actor="ann", reason="holidays")
    with pytest.raises(LostPlace):
        await change(replace(door, db=at(nobody, key, frozenset({seq}))), key, hold)
    with pytest.raises(StaleError):
        await change(replace(door, db=at(nobody, key, frozenset({1000}))), key, hold)
