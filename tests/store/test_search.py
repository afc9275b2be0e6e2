from collections.abc import Sequence
from typing import Any

from sojourn.control import change, start
from sojourn.control.door import Door
from sojourn.core.commands import Cancel, HoldJourney
from sojourn.paths import load
from sojourn.store import search
from sojourn.store.migrate import MIGRATIONS, find_migrations
from sojourn.store.postgres import Database, open_database
from sojourn.store.sets import Row
from tests.doors import still_door
from tests.journeys.small import SMALL


async def fleet(db: Database) -> Door:
    """Five clients: acme held, beta cancelled, gamma owned by ann, the others as they began."""
    door = still_door(db)
    path = load(SMALL)
    for client in ("acme", "beta", "gamma", "50%_off", "Zeta"):
        owner = "ann" if client == "gamma" else None
        started = await start(
            door, path, client, "me", owner=owner, facts={"contract_signed": True}
        )
        if client == "acme":
            await change(door, started.state.journey_id, HoldJourney(actor="me", reason="r"))
        if client == "beta":
            await change(door, started.state.journey_id, Cancel(actor="me", reason="r"))
    return door


def clients(rows: Sequence[Row]) -> list[str]:
    return [row["client_id"] for row in rows]


async def paged(door: Door, limit: int = 100, **filters: Any) -> list[str]:
    async with door.db.connection() as connection:
        return clients(await search.page(connection, limit, **filters))


async def test_each_filter_narrows_the_list(db: Database) -> None:
    door = await fleet(db)
    every = ["50%_off", "Zeta", "acme", "beta", "gamma"]
    assert sorted(await paged(door)) == every
    assert await paged(door, held=True) == ["acme"]
    assert sorted(await paged(door, held=False)) == ["50%_off", "Zeta", "beta", "gamma"]
    assert await paged(door, stage="cancelled") == ["beta"]
    assert await paged(door, active=False) == ["beta"]
    assert await paged(door, owner="ann") == ["gamma"]
    assert await paged(door, ball="nobody") == ["beta"]
    assert sorted(await paged(door, path="small", schedule="on_track", active=True)) == [
        "50%_off", "Zeta", "acme", "gamma",
    ]  # fmt: skip
    assert await paged(door, path="other") == []


async def test_a_search_is_for_the_letters_themselves(db: Database) -> None:
    door = await fleet(db)
    assert sorted(await paged(door, search="ETA")) == ["Zeta", "beta"]
    assert await paged(door, search="%_") == ["50%_off"]
    assert await paged(door, search="_a") == []


async def test_pages_follow_each_other_without_gap_or_twin(db: Database) -> None:
    door = await fleet(db)
    every = await paged(door)
    seen: list[str] = []
    after: str | None = None
    while True:
        async with door.db.connection() as connection:
            rows = await search.page(connection, 2, after=after)
        if not rows:
            break
        seen += clients(rows)
        after = rows[-1]["journey_key"]
    assert seen == every


async def test_names_are_completed_literally(db: Database) -> None:
    door = await fleet(db)
    async with door.db.connection() as connection:
        assert await search.clients_like(connection, "50%", 10) == ["50%_off"]
        assert await search.clients_like(connection, "%", 10) == []
        assert await search.clients_like(connection, "", 2) == ["50%_off", "Zeta"]


async def test_events_are_read_from_their_end_and_after_an_id(db: Database) -> None:
    door = await fleet(db)
    async with door.db.connection() as connection:
        newest = await search.newest_event(connection)
        tail = await search.tail(connection, None, 3)
        assert [row["event_id"] for row in tail] == [newest - 2, newest - 1, newest]
        key = tail[-1]["journey_id"]
        own = await search.tail(connection, key, 100)
        assert [row["seq"] for row in own] == [1, 2, 3]
        assert len(await search.tail(connection, None, 100, "transition")) == 6
        [ended] = await search.tail(connection, None, 100, "cancel_journey")
        assert ended["client_id"] == "beta"
        after = await search.since(connection, newest - 2, None, 100)
        assert [row["event_id"] for row in after] == [newest - 1, newest]
        assert await search.since(connection, newest, key, 100) == []
        assert len(await search.since(connection, 0, key, 2)) == 2
        held = await search.since(connection, 0, None, 100, "journey.held")
        assert clients(held) == ["acme"]


async def test_units_are_found_by_each_of_their_names(db: Database) -> None:
    door = await fleet(db)
    async with door.db.connection() as connection:
        rows = await search.units_called(connection, "install")
        assert len(rows) == 5
        one = rows[0]
        assert await search.units_called(connection, str(one["uow_id"])) == [one]
        assert await search.units_called(connection, "install", one["journey_id"]) == [one]
        assert await search.units_called(connection, "nothing") == []
        names = await search.unit_names(connection, one["journey_id"])
        assert {row["name"] for row in names} == {"install", "fill"}


async def test_the_figures_count_what_is_there(db: Database) -> None:
    await fleet(db)
    async with db.connection() as connection:
        found = await search.figures(connection)
        assert (found["active"], found["ended"]) == (4, 1)
        assert found["bytes"] > 1_000_000
        versions = [m.version for m in find_migrations(MIGRATIONS)]
        assert await search.applied(connection) == versions


async def test_an_empty_database_has_no_migration(empty_database_url: str, tmp_path: Any) -> None:
    async with open_database(empty_database_url, tmp_path) as db, db.connection() as connection:
        assert await search.applied(connection) == []
