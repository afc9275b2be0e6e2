from dataclasses import replace
from datetime import timedelta
from uuid import UUID, uuid4

from sojourn.store import a2a_tasks as store
from sojourn.store.a2a_tasks import Kept
from sojourn.store.postgres import Database
from sojourn.store.sets import Row
from tests.doors import rows

TASK = Kept(uuid4(), "ann", "c", "explain", "completed", "Done.", {"client": "acme"}, [{"id": 1}])
DAY = timedelta(days=1)


async def add(db: Database, kept: Kept) -> Row:
    async with db.connection() as connection:
        await store.add(connection, kept)
        found = await store.find(connection, kept.owner, kept.task_id)
    assert found is not None
    return found


async def test_a_task_is_kept_once(db: Database) -> None:
    first = await add(db, TASK)
    again = await add(db, replace(TASK, state="failed", said="Else."))
    assert first == again
    assert (first["stands"], first["said"], first["request"]) == (
        "completed",
        "Done.",
        {"client": "acme"},
    )
    async with db.connection() as connection:
        assert await store.find(connection, "bob", TASK.task_id) is None


async def test_a_further_message_counts_for_the_version_it_saw(db: Database) -> None:
    row = await add(db, replace(TASK, state="input_required", artifacts=[{"artifactId": "a"}]))
    more = replace(TASK, artifacts=[{"artifactId": "b"}], messages=[{"id": 1}, {"id": 2}])
    async with db.connection() as connection:
        assert await store.go_on(connection, more, row["version"])
        assert not await store.go_on(connection, more, row["version"])
        found = await store.find(connection, "ann", TASK.task_id)
    assert found is not None
    assert [a["artifactId"] for a in found["artifacts"]] == ["a", "b"]
    assert (found["stands"], found["version"], len(found["messages"])) == ("completed", 2, 2)


async def test_what_has_ended_is_not_cancelled(db: Database) -> None:
    open_ = replace(TASK, task_id=uuid4(), state="input_required")
    over = replace(TASK, task_id=uuid4(), state="working", lasts=timedelta(0))
    for kept in (TASK, open_, over):
        await add(db, kept)
    async with db.connection() as connection:
        for kept, done in ((TASK, False), (over, False), (open_, True), (open_, False)):
            assert await store.cancel(connection, "ann", kept.task_id, "x") is done
        assert not await store.cancel(connection, "bob", open_.task_id, "x")


async def test_work_of_a_certain_length_ends_by_itself(db: Database) -> None:
    row = await add(db, replace(TASK, state="working", lasts=DAY))
    assert row["stands"] == "working"
    await rows(db, "UPDATE a2a_tasks SET ready_at = now() - interval '1 s'")
    async with db.connection() as connection:
        found = await store.find(connection, "ann", TASK.task_id)
    assert found is not None
    assert (found["stands"], found["stands_since"]) == ("completed", found["ready_at"])


async def test_lists_go_on_where_they_ended(db: Database) -> None:
    ids: list[UUID] = []
    for n in range(5):
        kept = replace(TASK, task_id=uuid4(), context_id="c" if n else "other")
        ids.append((await add(db, kept))["task_id"])
    async with db.connection() as connection:
        page = await store.list_tasks(connection, "ann", 3)
        place = (page[-1]["stands_since"], page[-1]["task_id"])
        rest = await store.list_tasks(connection, "ann", 3, after=place)
        narrow = await store.list_tasks(connection, "ann", 9, context_id="other", state="completed")
        none = await store.list_tasks(connection, "bob", 9)
    assert [row["task_id"] for row in (*page, *rest)] == ids[::-1]
    assert {row["total"] for row in (*page, *rest)} == {5}
    assert [row["task_id"] for row in narrow] == ids[:1]
    assert none == []


async def test_what_ended_long_ago_is_forgotten(db: Database) -> None:
    old, open_ = replace(TASK, task_id=uuid4()), replace(TASK, state="working", task_id=uuid4())
    for kept in (TASK, old, open_):
        await add(db, kept)
    await rows(
        db,
        "UPDATE a2a_tasks SET changed_at = now() - interval '2 d' WHERE task_id <> %s",
        TASK.task_id,
    )
    async with db.connection() as connection:
        await store.purge(connection, DAY)
    left = {row[0] for row in await rows(db, "SELECT task_id FROM a2a_tasks")}
    assert left == {TASK.task_id, open_.task_id}
