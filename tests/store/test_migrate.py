import asyncio
import sys
from pathlib import Path

import psycopg
import pytest

from sojourn.store.migrate import MIGRATIONS, find_migrations, migrate
from sojourn.store.postgres import Database, DatabaseError, open_database


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "0001_first.sql").write_text("CREATE TABLE a (x int); CREATE TABLE b (y text);")
    (tmp_path / "0002_second.sql").write_text("INSERT INTO a VALUES (1);")
    return tmp_path


async def count(database: Database, table: str) -> int:
    async with database.connection() as connection:
        cursor = await connection.execute(f"SELECT count(*) FROM {table}".encode())
        return (await cursor.fetchone() or (0,))[0]


async def test_applies_what_is_new_and_only_once(empty_database_url: str, folder: Path) -> None:
    async with open_database(empty_database_url, folder) as database:
        assert await migrate(database, folder) == [1, 2]
        assert await migrate(database, folder) == []
        (folder / "0003_third.sql").write_text("INSERT INTO b VALUES ('%s');")
        assert await migrate(database, folder) == [3]
        assert await count(database, "a") == await count(database, "b") == 1


async def test_a_failing_migration_leaves_nothing_of_itself(
    empty_database_url: str, folder: Path
) -> None:
    (folder / "0002_second.sql").write_text("CREATE TABLE c (z int); SELECT 1/0;")
    async with open_database(empty_database_url, folder) as database:
        with pytest.raises(DatabaseError, match=r"0002_second failed.*division by zero"):
            await migrate(database, folder)
        with pytest.raises(psycopg.errors.UndefinedTable):
            await count(database, "c")
        (folder / "0002_second.sql").write_text("CREATE TABLE c (z int);")
        assert await migrate(database, folder) == [2]


async def test_a_migration_in_deadlock_with_a_worker_begins_again(
    empty_database_url: str, folder: Path
) -> None:
    async with open_database(empty_database_url, folder) as database:
        await migrate(database, folder)
        (folder / "0003_third.sql").write_text(
            "ALTER TABLE a ADD COLUMN z int; ALTER TABLE b ADD COLUMN z int;"
        )
        async with database.transaction() as worker:
            await worker.execute("SET LOCAL deadlock_timeout = '60s'")  # the other one notices
            await worker.execute("INSERT INTO b VALUES ('kept')")
            upgrade = asyncio.create_task(migrate(database, folder))
            await waited_for(database, "b")
            await worker.execute("INSERT INTO a VALUES (2)")
        assert await upgrade == [3]
        assert await count(database, "a") == 2
        assert await count(database, "b") == 1


async def test_a_migration_that_waits_lets_others_pass_and_says_what_it_waits_for(
    empty_database_url: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sojourn.store.migrate.PAUSE", 0.1)
    async with open_database(empty_database_url, folder) as database:
        await migrate(database, folder)
        (folder / "0003_third.sql").write_text("ALTER TABLE a ADD COLUMN z int;")
        async with database.transaction() as backup:
            await backup.execute("LOCK TABLE a IN ACCESS SHARE MODE")
            upgrade = asyncio.create_task(migrate(database, folder))
            await waited_for(database, "a")
            async with asyncio.timeout(10):
                assert await count(database, "a") == 1, "a worker's read passes in a while"
            assert not upgrade.done()
        assert await upgrade == [3]
        monkeypatch.setattr("sojourn.store.migrate.ATTEMPTS", 1)
        (folder / "0004_fourth.sql").write_text("ALTER TABLE a ADD COLUMN zz int;")
        async with database.transaction() as backup:
            await backup.execute("LOCK TABLE a IN ACCESS SHARE MODE")
            with pytest.raises(DatabaseError, match=r"0004_fourth failed.* such as a backup"):
                await migrate(database, folder)
        assert await migrate(database, folder) == [4]


async def waited_for(database: Database, table: str) -> None:
    """Wait until somebody waits for a table's lock."""
    query = "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = %s::regclass"
    async with database.connection() as connection:
        while True:
            found = await (await connection.execute(query, (table,))).fetchone()
            if found and found[0]:
                return
            await asyncio.sleep(0.01)


async def test_a_file_changed_after_it_was_applied_is_refused(
    empty_database_url: str, folder: Path
) -> None:
    async with open_database(empty_database_url, folder) as database:
        await migrate(database, folder)
        (folder / "0001_first.sql").write_text("CREATE TABLE other (x int);")
        with pytest.raises(DatabaseError, match="0001_first was changed"):
            await migrate(database, folder)


async def test_a_database_newer_than_the_code_is_refused(
    empty_database_url: str, folder: Path
) -> None:
    async with open_database(empty_database_url, folder) as database:
        await migrate(database, folder)
        (folder / "0002_second.sql").unlink()
        with pytest.raises(DatabaseError, match=r"0002_second.*newer version"):
            await migrate(database, folder)


async def test_a_user_who_may_not_create_tables_is_told_what_to_do(
    empty_database_url: str, folder: Path
) -> None:
    async with open_database(empty_database_url, folder) as database:
        async with database.connection() as connection:
            await connection.execute("DROP ROLE IF EXISTS guest")
            await connection.execute("CREATE ROLE guest LOGIN")
        as_guest = f"{empty_database_url} user=guest"
        async with open_database(as_guest, folder) as guest:
            with pytest.raises(DatabaseError, match="must own its database"):
                await migrate(guest, folder)


@pytest.mark.parametrize("name", ["0003_third.sql", "0002_Second.sql", "2_second.sql", "x.sql"])
def test_a_gap_or_a_strange_name_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "0001_first.sql").write_text("SELECT 1;")
    (tmp_path / name).write_text("SELECT 1;")
    with pytest.raises(DatabaseError, match="should be 0"):
        find_migrations(tmp_path)


async def test_processes_that_start_together_migrate_once(
    empty_database_url: str, folder: Path
) -> None:
    (folder / "0001_first.sql").write_text("CREATE TABLE a (x int); SELECT pg_sleep(0.2);")
    program = (
        "import asyncio, sys; from pathlib import Path\n"
        "from sojourn.store.postgres import open_database\n"
        "from sojourn.store.migrate import migrate\n"
        "async def main():\n"
        "    async with open_database(sys.argv[1], Path()) as database:\n"
        "        print(await migrate(database, Path(sys.argv[2])))\n"
        "asyncio.run(main())\n"
    )
    arguments = [sys.executable, "-c", program, empty_database_url, str(folder)]
    processes = [
        await asyncio.create_subprocess_exec(*arguments, stdout=asyncio.subprocess.PIPE)
        for _ in range(4)
    ]
    outputs = [(await process.communicate())[0].decode().strip() for process in processes]
    assert sorted(outputs) == ["[1, 2]", "[]", "[]", "[]"]


def test_the_migrations_of_the_package_are_well_named() -> None:
    assert find_migrations(MIGRATIONS) is not None
