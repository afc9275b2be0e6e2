import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID

from sojourn.agents.callbacks import Attempted
from sojourn.control import change
from sojourn.control.door import Door
from sojourn.control.tasks import Claimed, Step, call_back, callback_key, claim, settle
from sojourn.core.commands import Cancel
from sojourn.core.outcomes import Completed, Failed, Needs, Outcome, Working
from sojourn.core.outcomes import settle as settled
from sojourn.store.postgres import Database
from tests.doors import later, rows, still_door
from tests.store.test_limits import begin, worker

SLOW = timedelta(minutes=5)
WAITS = Working({"callback": True}, SLOW)
ASKED = Working({"remote_id": "r"}, SLOW)
RESULT = {"status": "completed", "output": {"ok": True}}


async def take(door: Door, by: UUID) -> Claimed:
    [found] = await claim(door, by, 10)
    return found


async def put(door: Door, by: UUID, taken: Claimed, outcome: Outcome) -> None:
    done = settled(taken.attempt, outcome, door.now(), 0.0)
    assert (await settle(door, by, [(taken.attempt.call, done)])).accepted == 1


async def call(door: Door, of: Claimed, body: Any = RESULT, retries: int | None = None) -> bool:
    made = of.attempt.call
    count = made.retry_count if retries is None else retries
    attempt = Attempted(made.journey_id, made.uow_id, made.task_id, count, made.begun)
    return await call_back(door, attempt, body)


async def dispatched(db: Database) -> tuple[Door, UUID, Claimed]:
    """Return a task that a worker has in hand, and who that is."""
    door = still_door(db)
    await begin(door, ["flow"])
    by = await worker(door)
    return door, by, await take(door, by)


async def test_what_an_agent_calls_back_with_is_seen_to_at_once_and_once(db: Database) -> None:
    door, by, sent = await dispatched(db)
    await put(door, by, sent, WAITS)
    assert await claim(door, by, 10) == []
    assert await call(door, sent)
    assert not await call(door, sent)
    polled = await take(door, by)
    assert (polled.step, polled.attempt.call.called_back) == (Step.POLL, RESULT)
    assert polled.attempt.call.handle == {"callback": True}
    await put(door, by, polled, Completed({"ok": True}))
    assert not await call(door, sent)
    assert await rows(db, "SELECT status, called_back FROM tasks") == [("completed", None)]


async def test_who_calls_back_before_the_reply_was_written_is_not_lost(db: Database) -> None:
    door, by, sent = await dispatched(db)
    assert await call(door, sent)
    assert await claim(door, by, 10) == []
    await put(door, by, sent, WAITS)
    polled = await take(door, by)
    assert polled.attempt.call.called_back == RESULT


async def test_what_comes_while_another_is_seen_to_is_not_lost(db: Database) -> None:
    door, by, sent = await dispatched(db)
    await put(door, by, sent, ASKED)
    for _ in range(2):
        assert await call(door, sent)
    polled = await take(door, by)
    assert await call(door, sent)
    await put(door, by, polled, ASKED)
    again = await take(door, by)
    assert again.attempt.call.called_back != polled.attempt.call.called_back
    await put(door, by, again, ASKED)
    assert await claim(door, by, 10) == []
    later(door, minutes=5)
    assert (await take(door, by)).attempt.call.called_back is None


async def test_an_agent_that_can_be_asked_is_asked_not_believed(db: Database) -> None:
    door, by, sent = await dispatched(db)
    await put(door, by, sent, ASKED)
    assert await call(door, sent, {"secret": "not kept"})
    polled = await take(door, by)
    assert polled.attempt.call.called_back is not None
    assert set(polled.attempt.call.called_back) == {"at"}


async def test_the_next_question_may_be_called_back_after_an_answer(db: Database) -> None:
    door, by, sent = await dispatched(db)
    await put(door, by, sent, WAITS)
    assert await call(door, sent, {"status": "input-required", "prompt": "which?"})
    polled = await take(door, by)
    await put(door, by, polled, Needs("input", "which?", {"callback": True}))
    assert await call(door, sent)
    assert (await take(door, by)).attempt.call.called_back == RESULT


async def test_a_token_is_good_for_its_own_attempt_only(db: Database) -> None:
    door = still_door(db)
    journey = await begin(door, ["flow"])
    by = await worker(door)
    first = await take(door, by)
    await put(door, by, first, Failed("503"))
    assert not await call(door, first)
    later(door, hours=1)
    second = await take(door, by)
    assert second.attempt.call.retry_count == 1
    assert not await call(door, first)
    await put(door, by, second, WAITS)
    await change(door, journey, Cancel(actor="ann", reason="over"))
    assert not await call(door, second)


async def test_of_many_at_once_one_is_taken(db: Database) -> None:
    door, by, sent = await dispatched(db)
    await put(door, by, sent, WAITS)
    taken = await asyncio.gather(*(call(door, sent, {"n": n}) for n in range(8)))
    assert sum(taken) == 1


async def test_a_call_wakes_the_workers(db: Database) -> None:
    door, by, sent = await dispatched(db)
    await put(door, by, sent, WAITS)
    async with db.listen("sojourn_tasks") as told:
        assert await call(door, sent)
        assert await asyncio.wait_for(anext(aiter(told)), 10) == ""


async def test_the_secret_of_tokens_is_the_installations_own(db: Database) -> None:
    door = still_door(db)
    key = await callback_key(door)
    assert len(key) == 32
    assert await callback_key(door) == key
