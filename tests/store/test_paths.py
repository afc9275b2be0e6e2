import asyncio

from sojourn.core.stages import rows as table_rows
from sojourn.paths import builtin, load, load_file
from sojourn.store.paths import PathShelf, list_paths
from sojourn.store.postgres import Database
from tests.doors import rows

TEXT = "name: {}\nstages: [{{ name: sandbox, exit: {{ criteria: [{{ fact: {} }}] }} }}]\n"


async def test_a_path_is_kept_whole(shared: Database) -> None:
    path = load_file(builtin()["standard"])
    async with shared.connection() as connection:
        kept = await PathShelf().register(connection, path)
        again = await PathShelf().newest(connection, "standard")
    assert kept == again
    assert (kept.version, kept.digest) == (1, path.digest)
    assert kept.stages == path.stages
    table = await rows(
        shared,
        "SELECT from_stage, event, to_stage FROM transitions JOIN paths USING (path_id)"
        " WHERE name = 'standard'",
    )
    assert set(table) == {(a or "none", e, b) for a, e, b in table_rows(path.table)}


async def test_the_same_content_is_the_same_version_and_other_content_the_next(
    shared: Database,
) -> None:
    one, two = load(TEXT.format("same", "x")), load(TEXT.format("same", "y"))
    async with shared.connection() as connection:
        shelf = PathShelf()
        versions = [(await shelf.register(connection, p)).version for p in (one, two, one, two)]
        fresh = [(await PathShelf().register(connection, p)).version for p in (one, two)]
        assert versions == [1, 2, 1, 2]
        assert fresh == [1, 2]
        newest = await PathShelf().newest(connection, "same")
        first = await PathShelf().newest(connection, "same", 1)
        assert newest is not None
        assert first is not None
        assert (newest.version, first.version) == (2, 1)
        assert await PathShelf().newest(connection, "same", 3) is None
        assert await PathShelf().newest(connection, "other") is None


async def test_many_processes_give_a_path_its_version_once(shared: Database) -> None:
    paths = [load(TEXT.format("raced", f"f{n % 2}")) for n in range(8)]

    async def register(n: int) -> int:
        async with shared.connection() as connection:
            return (await PathShelf().register(connection, paths[n])).version

    versions = await asyncio.gather(*(register(n) for n in range(8)))
    assert sorted(versions) == [1] * 4 + [2] * 4


async def test_what_a_fork_learns_is_forgotten_with_it(shared: Database) -> None:
    path, shelf = load(TEXT.format("forked", "x")), PathShelf()
    async with shared.connection() as connection:
        async with connection.transaction(force_rollback=True):
            fork = shelf.fork()
            await fork.register(connection, path)
            assert fork.id_of(path)
        kept = await shelf.register(connection, path)
        assert await rows(shared, "SELECT count(*) FROM paths WHERE name = 'forked'") == [(1,)]
        await PathShelf().load(connection, [shelf.id_of(kept)])


async def test_versions_are_listed_with_who_is_on_them(shared: Database) -> None:
    async with shared.connection() as connection:
        await PathShelf().register(connection, load(TEXT.format("listed", "x")))
        found = [p for p in await list_paths(connection) if p["name"] == "listed"]
    assert [(p["version"], p["running"], p["ended"]) for p in found] == [(1, 0, 0)]
