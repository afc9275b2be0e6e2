"""A backup is of one moment, comes back whole or not at all, and gives no secret away."""

import asyncio
import stat
import subprocess
from pathlib import Path

import pytest
from psycopg.conninfo import make_conninfo

from sojourn.control import change, start
from sojourn.control.audit import verify
from sojourn.core.commands import HoldJourney
from sojourn.paths import load
from sojourn.store.backup import Held, _target, back_up, held, restore
from sojourn.store.errors import DatabaseError
from sojourn.store.migrate import migrate
from sojourn.store.postgres import Database, open_database
from sojourn.store.programs import find_tool
from tests.doors import dump, rows, still_door
from tests.journeys.small import SMALL


async def filled(db: Database) -> None:
    door = still_door(db)
    await start(door, load(SMALL), "acme", "ann", facts={"contract_signed": True, "cohort": 2})
    await start(door, load(SMALL), "beta", "ann")


def names(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


async def test_what_was_backed_up_comes_back_and_is_proved(
    db: Database, empty_database_url: str, tmp_path: Path
) -> None:
    await filled(db)
    file = tmp_path / "one.dump"
    found = await back_up(db, file)
    assert (found.journeys, found.workers) == (2, 0)
    assert [(found.events,)] == await rows(db, "SELECT count(*) FROM journey_events")
    async with open_database(empty_database_url, Path()) as other:
        assert await held(other) == Held()
        await restore(other, file)
        assert await migrate(other) == []
        assert await dump(other) == await dump(db)
        proof = [one async for batch in verify(still_door(other)) for one in batch]
        assert [one.faults for one in proof] == [(), ()]
        with pytest.raises(Exception, match="append-only"):
            await rows(other, "DELETE FROM journey_events")


async def test_what_was_there_before_is_gone_and_work_goes_on(db: Database, tmp_path: Path) -> None:
    await filled(db)
    before = await dump(db)
    await back_up(db, tmp_path / "one.dump")
    await start(still_door(db), load(SMALL), "gamma", "ann")
    await restore(db, tmp_path / "one.dump")
    assert await dump(db) == before
    [(journey,)] = await rows(db, "SELECT journey_id FROM journey_states WHERE client_id = 'acme'")
    await change(still_door(db), journey, HoldJourney(actor="ann", reason="after it"))
    await back_up(db, tmp_path / "two.dump")
    await restore(db, tmp_path / "two.dump")
    assert (await held(db)).journeys == 2


@pytest.mark.parametrize("share", [0.0, 0.3, 0.7, 0.97])
async def test_a_file_that_is_not_whole_changes_nothing(
    db: Database, tmp_path: Path, share: float
) -> None:
    await filled(db)
    whole = tmp_path / "whole.dump"
    await back_up(db, whole)
    cut = tmp_path / "cut.dump"
    cut.write_bytes(whole.read_bytes()[: int(whole.stat().st_size * share)])
    await start(still_door(db), load(SMALL), "gamma", "ann")
    before = await dump(db)
    with pytest.raises(DatabaseError, match=r"cut\.dump could not be restored, and nothing was"):
        await restore(db, cut)
    assert await dump(db) == before


async def test_only_its_owner_reads_it_and_no_file_is_replaced(
    db: Database, tmp_path: Path
) -> None:
    file = tmp_path / "one.dump"
    await back_up(db, file)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    with pytest.raises(DatabaseError, match="is there already"):
        await back_up(db, file)
    with pytest.raises(DatabaseError, match="cannot be written: No such file or directory"):
        await back_up(db, tmp_path / "nowhere" / "one.dump")
    assert names(tmp_path) == ["one.dump"]


async def test_a_backup_that_fails_leaves_no_file(db: Database, tmp_path: Path) -> None:
    elsewhere = Database(make_conninfo(db.dsn, dbname="nobody_has_it"), db.pool)
    with pytest.raises(DatabaseError, match=r"pg_dump failed: .*nobody_has_it"):
        await back_up(elsewhere, tmp_path / "one.dump")
    assert names(tmp_path) == []


async def test_a_backup_of_something_else_is_refused(
    db: Database, empty_database_url: str, tmp_path: Path
) -> None:
    await filled(db)
    before = await dump(db)
    async with open_database(empty_database_url, Path()) as other:
        with pytest.raises(DatabaseError, match="no tables of Sojourn yet; nothing to back up"):
            await back_up(other, tmp_path / "empty.dump")
        assert names(tmp_path) == []
        await rows(other, "CREATE TABLE journeys (x int)")
    file = tmp_path / "theirs.dump"
    command = [find_tool("pg_dump"), "--format=custom", f"--file={file}", empty_database_url]
    await asyncio.to_thread(subprocess.run, command, check=True)
    with pytest.raises(DatabaseError, match="is no backup of Sojourn: it has none of its tables"):
        await restore(db, file)
    assert await dump(db) == before


def test_the_password_stands_in_no_command() -> None:
    target, env = _target("postgresql://u:geheim@h/d?options=-cx%3Dy")
    assert "geheim" not in target
    assert "options" not in target
    assert env["PGPASSWORD"] == "geheim"
