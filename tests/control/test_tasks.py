"""Claiming and settling: each task once, by one worker at a time, whatever comes at once."""

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from sojourn.control import change, start, tick
from sojourn.control.door import Door
from sojourn.control.tasks import (
    LOST_LIMIT,
    Claimed,
    Step,
    claim,
    hand_back,
    next_task,
    settle,
    settle_cancelled,
)
from sojourn.core.commands import Cancel, HoldJourney, Resume, RetryFailed, SubmitWork
from sojourn.core.outcomes import (
    Call,
    Completed,
    Failed,
    Measured,
    Needs,
    Outcome,
    Rejected,
    Settlement,
    Working,
)
from sojourn.core.outcomes import settle as settle_one
from sojourn.core.work import Task, UnitOfWork
from sojourn.paths import load
from sojourn.store.postgres import Database
from tests.doors import START, later, rows, still_door

ONE, TWO = UUID(int=1), UUID(int=2)
PATH = """
name: p
stages:
  - name: sandbox
    exit: {{ criteria: [{{ work: required }}, {{ fact: done }}] }}
    work:
      - name: w
        tasks: [{tasks}]
"""
FORK = "{ name: a, agent: x }, { name: b, agent: y }, { name: c, agent: z, depends_on: [a, b] }"
Ended = tuple[Call, Settlement]


async def begin(door: Door, tasks: str, count: int = 1) -> list[UUID]:
    path = load(PATH.format(tasks=tasks))
    ids = [(await start(door, path, f"client-{n}", "ann")).state.journey_id for n in range(count)]
    while await tick(door):
        pass
    return ids


def end(door: Door, claimed: Claimed, outcome: Outcome | None = None) -> Ended:
    """Return what an answer makes of a task."""
    done = outcome or Completed({"by": claimed.attempt.call.task_id})
    return claimed.attempt.call, settle_one(claimed.attempt, done, door.now(), 0.0)


async def put(door: Door, worker: UUID, *ended: Ended) -> int:
    return (await settle(door, worker, ended)).accepted


def names(claimed: Sequence[Claimed]) -> list[str]:
    return [c.attempt.call.task_id for c in claimed]


async def task(door: Door, name: str) -> Mapping[str, Any]:
    """Return a task's row."""
    columns = "status, retry_count, waiting_on, fence, owner, due_at, timed, held, sent, error"
    columns += ", output_data, deadline_at, lost_count, cancelling, question, handle"
    [row] = await rows(door.db, f"SELECT {columns} FROM tasks WHERE task_id = %s", name)
    return dict(zip(columns.split(", "), row, strict=True))


async def test_a_claim_is_bounded_in_order_and_takes_each_task_once(db: Database) -> None:
    door = still_door(db)
    await begin(door, ", ".join(f"{{ name: t{n}, agent: x }}" for n in range(12)), 3)
    assert await next_task(door) == 0
    first = await claim(door, ONE, 30)
    early = {f"t{n}": 3 for n in range(10)}
    assert Counter(names(first)) == early, "first the first tasks of all"
    rest = await claim(door, ONE, 4) + await claim(door, TWO, 100)
    assert Counter(names(rest)) == {"t10": 3, "t11": 3}
    keys = {(c.attempt.call.uow_id, c.attempt.call.task_id) for c in first + rest}
    assert len(keys) == 36
    assert await claim(door, TWO, 100) == []
    assert await next_task(door) == float("inf")


async def test_nothing_is_taken_of_those_who_crowd_the_worker_and_others_are_found(
    db: Database,
) -> None:
    door = still_door(db)
    flood, *_ = await begin(door, ", ".join(f"{{ name: t{n}, agent: x }}" for n in range(40)))
    working = await claim(door, ONE, 1)
    waits = end(door, working[0], Working({"id": 1}, timedelta(seconds=5)))
    await put(door, ONE, waits)
    path = load(PATH.format(tasks="{ name: s, agent: x }"))
    small = (await start(door, path, "small", "ann")).state.journey_id
    while await tick(door):
        pass
    taken = await claim(door, ONE, 4, crowded=[flood])
    assert [c.attempt.call.journey_id for c in taken] == [small]
    await put(door, ONE, end(door, taken[0], Working({"id": 2}, timedelta(seconds=5))))
    assert await claim(door, ONE, 4, crowded=[flood]) == []
    later(door, seconds=5)
    [polled] = await claim(door, ONE, 4, crowded=[flood])
    assert (polled.attempt.call.journey_id, polled.step) == (small, Step.POLL)
    assert await claim(door, ONE, 4, crowded=[flood, small]) == []
    assert len(await claim(door, ONE, 100)) == 40
    await change(door, flood, Cancel(actor="ann", reason="enough"))
    [stop] = await claim(door, ONE, 4, crowded=[flood, small])
    assert (stop.attempt.call.task_id, stop.step) == (working[0].attempt.call.task_id, Step.CANCEL)


async def test_the_dependants_of_those_who_crowd_the_worker_queue_up(db: Database) -> None:
    door = still_door(db)
    one, two = await begin(door, "{ name: a, agent: x }, { name: b, agent: x, depends_on: [a] }", 2)
    ended = [end(door, claimed) for claimed in await claim(door, ONE, 2)]
    written = await settle(door, ONE, ended, 10, crowded=[one])
    assert [c.attempt.call.journey_id for c in written.taken] == [two]
    assert (written.accepted, written.released) == (2, 2)
    [queued] = await claim(door, TWO, 10)
    assert (queued.attempt.call.journey_id, names([queued])) == (one, ["b"])


async def test_a_flood_of_small_units_stands_behind_who_comes_later(db: Database) -> None:
    door = still_door(db)
    flood, *_ = await begin(door, "{ name: t, agent: x }")
    for n in range(6):
        tasks = tuple(Task(f"u{n}-{k}", "t", "x") for k in range(5))
        unit = UnitOfWork(str(UUID(int=n)), "", "sandbox", tasks, name=f"u{n}")
        await change(door, flood, SubmitWork(actor="ann", unit=unit))
    path = load(PATH.format(tasks="{ name: s, agent: x }, { name: s2, agent: x }"))
    later(door, seconds=10)
    small = (await start(door, path, "small", "ann")).state.journey_id
    taken = [c.attempt.call.journey_id for c in await claim(door, ONE, 100)]
    assert len(taken) == 33
    ahead = [place for place, key in enumerate(taken) if key == small]
    assert len(ahead) == 2
    assert 10 <= min(ahead) < max(ahead) <= 21, "behind two tens: the flood is owed a task a second"


async def test_many_workers_at_once_never_take_the_same_task(db: Database) -> None:
    door = still_door(db)
    await begin(door, ", ".join(f"{{ name: t{n}, agent: x }}" for n in range(8)), 10)
    workers = [uuid4() for _ in range(8)]
    taken = await asyncio.gather(*(claim(door, w, 7) for w in workers for _ in range(2)))
    keys = [(c.attempt.call.uow_id, c.attempt.call.task_id) for t in taken for c in t]
    assert len(keys) == len(set(keys))
    while more := await claim(door, ONE, 50):
        keys += [(c.attempt.call.uow_id, c.attempt.call.task_id) for c in more]
    assert len(keys) == len(set(keys)) == 80


async def test_a_claimed_call_says_all_that_its_agent_needs(db: Database) -> None:
    door = still_door(db)
    tasks = (
        "{ name: a, agent: x, input: { to: '${client.id}', n: 1 }, timeout: 5s, idempotent: true }"
    )
    [journey] = await begin(door, tasks)
    [claimed] = await claim(door, ONE, 5)
    call = claimed.attempt.call
    assert (claimed.step, claimed.end) == (Step.SEND, None)
    assert (call.journey_id, call.client_id, call.stage) == (journey, "client-0", "sandbox")
    assert (call.agent_id, call.input_data) == ("x", {"to": "client-0", "n": 1})
    assert (call.timeout, call.idempotent) == (timedelta(seconds=5), True)
    assert (call.fence, call.retry_count, call.sent_before) == (1, 0, False)
    assert claimed.attempt.deadline_at == START + timedelta(days=3)
    [(status, started)] = await rows(db, "SELECT status, started_at FROM units_of_work")
    assert (status, started) == ("running", START)


async def test_a_fence_grows_with_every_claim_and_an_old_one_changes_nothing(db: Database) -> None:
    door = still_door(db)
    await begin(door, "{ name: a, agent: x }")
    [first] = await claim(door, ONE, 5)
    await hand_back(door, ONE)
    [second] = await claim(door, ONE, 5)
    assert [first.attempt.call.fence, second.attempt.call.fence] == [1, 2]
    assert first.attempt.call.key == second.attempt.call.key, "it is the same attempt"
    assert [first.attempt.call.sent_before, second.attempt.call.sent_before] == [False, True]
    assert await put(door, ONE, end(door, first)) == 0
    assert (await task(door, "a"))["status"] == "running"
    assert await put(door, TWO, end(door, second)) == 0, "it belongs to another worker"
    assert await put(door, ONE, end(door, second)) == 1
    before = await task(door, "a")
    assert (before["status"], before["output_data"]) == ("completed", {"by": "a"})
    assert await put(door, ONE, end(door, second, Rejected("no"))) == 0, "it is over"
    assert await task(door, "a") == before


async def test_each_run_of_repeated_work_is_an_attempt_of_its_own(db: Database) -> None:
    door = still_door(db)
    path = load(
        PATH.format(tasks="{ name: a, agent: x }").replace("name: w", "name: w\n        every: 6h")
    )
    await start(door, path, "client", "ann")
    keys = []
    for _ in range(2):
        while await tick(door):
            pass
        [first] = await claim(door, ONE, 5)
        await hand_back(door, ONE)
        [again] = await claim(door, ONE, 5)
        assert again.attempt.call.key == first.attempt.call.key, "it is the same run"
        assert await put(door, ONE, end(door, again)) == 1
        keys.append(again.attempt.call.key)
        while await tick(door):
            pass
        later(door, hours=7)
    assert len(set(keys)) == 2, "an agent that knows the key would answer with the run before"


async def test_of_a_set_each_outcome_stands_for_itself(db: Database) -> None:
    door = still_door(db)
    await begin(door, "{ name: a, agent: x }, { name: b, agent: x }")
    one = await claim(door, ONE, 1)
    two = await claim(door, TWO, 1)
    assert await put(door, ONE, end(door, one[0]), end(door, two[0])) == 1
    assert [(await task(door, n))["status"] for n in "ab"] == ["completed", "running"]


async def test_a_new_attempt_was_not_sent_before(db: Database) -> None:
    door = still_door(db)
    await begin(door, "{ name: a, agent: x, retry: { base: 10s } }")
    [first] = await claim(door, ONE, 5)
    assert await put(door, ONE, end(door, first, Failed("busy"))) == 1
    row = await task(door, "a")
    assert (row["status"], row["retry_count"], row["owner"]) == ("pending", 1, None)
    assert await claim(door, ONE, 5) == []
    assert await next_task(door) == 5
    later(door, seconds=5)
    [second] = await claim(door, ONE, 5)
    assert second.attempt.call.sent_before is False
    assert second.attempt.call.key != first.attempt.call.key


async def test_what_waits_for_two_is_released_once_when_both_end_at_once(db: Database) -> None:
    door, other = still_door(db), still_door(db)
    await begin(door, FORK, 30)
    xs = [c for c in await claim(door, ONE, 100) if c.attempt.call.task_id == "a"]
    await hand_back(door, ONE)
    claimed = await claim(door, ONE, 100)
    mine = [c for c in claimed if c.attempt.call.task_id == "a"]
    theirs = [c for c in claimed if c.attempt.call.task_id == "b"]
    assert len(xs) == len(mine) == len(theirs) == 30
    halves = [(door, mine[:15]), (other, theirs[::2]), (door, mine[15:]), (other, theirs[1::2])]
    written = await asyncio.gather(
        *(settle(d, ONE, [end(d, c) for c in part]) for d, part in halves)
    )
    assert sum(w.accepted for w in written) == 60
    assert sum(w.released for w in written) == 30
    assert await rows(db, "SELECT DISTINCT waiting_on FROM tasks WHERE task_id = 'c'") == [(0,)]
    assert Counter(names(await claim(door, TWO, 100))) == {"c": 30}


async def test_what_waits_for_two_that_end_in_one_set(db: Database) -> None:
    door = still_door(db)
    await begin(door, FORK)
    both = await claim(door, ONE, 5)
    written = await settle(door, ONE, [end(door, c) for c in both])
    assert (written.accepted, written.released, written.taken) == (2, 1, [])
    assert names(await claim(door, ONE, 5)) == ["c"]


async def test_what_became_ready_is_taken_at_once_where_there_is_room(db: Database) -> None:
    door = still_door(db)
    after = ", ".join(f"{{ name: t{n}, agent: x, depends_on: [a] }}" for n in range(5))
    await begin(door, "{ name: a, agent: x }, " + after)
    [first] = await claim(door, ONE, 5)
    written = await settle(door, ONE, [end(door, first)], room=3)
    assert (written.accepted, written.released, len(written.taken)) == (1, 5, 3)
    assert {c.step for c in written.taken} == {Step.SEND}
    rest = await claim(door, TWO, 9)
    assert sorted(names(written.taken) + names(rest)) == [f"t{n}" for n in range(5)]
    assert await put(door, ONE, *(end(door, c) for c in written.taken)) == 3
    assert await put(door, TWO, *(end(door, c) for c in rest)) == 2


async def test_inputs_see_what_was_done_before_in_the_unit(db: Database) -> None:
    door = still_door(db)
    tasks = "{ name: a, agent: x }, { name: b, agent: x, depends_on: [a], input: { v: '${tasks.a.output.n}' } }"
    await begin(door, tasks)
    [a] = await claim(door, ONE, 5)
    written = await settle(door, ONE, [end(door, a, Completed({"n": [1, 2]}))], room=5)
    taken = written.taken or await claim(door, ONE, 5)
    assert taken[0].attempt.call.input_data == {"v": [1, 2]}


async def test_a_reference_to_what_is_not_there_ends_the_task_with_its_words(db: Database) -> None:
    door = still_door(db)
    tasks = "{ name: a, agent: x }, { name: b, agent: x, depends_on: [a], input: { v: '${tasks.a.output.n}' } }"
    await begin(door, tasks)
    [a] = await claim(door, ONE, 5)
    await put(door, ONE, end(door, a, Completed({"m": 1})))
    [b] = await claim(door, ONE, 5)
    assert (b.step, b.end is not None) == (Step.GIVE_UP, True)
    assert b.end is not None
    assert await put(door, ONE, (b.attempt.call, b.end)) == 1
    row = await task(door, "b")
    assert (row["status"], row["error"]["kind"]) == ("failed", "reference")
    assert "did you mean 'm'" in row["error"]["message"] or "'n'" in row["error"]["message"]


async def test_measurements_are_written_once_with_the_outcome_that_counts(db: Database) -> None:
    door = still_door(db)
    await begin(door, "{ name: a, agent: x }")
    [first] = await claim(door, ONE, 5)
    hour = START - timedelta(hours=1)
    measured = (Measured("m", 1.5, 4), Measured("m", 2.5, 1, hour), Measured("m", 9.0, 1, hour))
    outcome = Completed({}, measured, {"region": "eu"})
    assert await put(door, TWO, end(door, first, outcome)) == 0
    assert await rows(db, "SELECT 1 FROM measurements") == []
    assert await put(door, ONE, end(door, first, outcome)) == 1
    found = await rows(db, "SELECT at, value, n, source FROM measurements ORDER BY at")
    assert found == [(hour, 2.5, 1, "x"), (START, 1.5, 4, "x")]
    assert await rows(db, "SELECT facts, source FROM wakeups") == [({"region": "eu"}, "x")]
    await tick(door)
    assert await rows(db, "SELECT name, value FROM facts") == [("region", "eu")]


async def test_the_conductor_is_woken_for_what_it_has_to_see_only(db: Database) -> None:
    door = still_door(db)
    await begin(
        door, "{ name: a, agent: x }, { name: b, agent: x, depends_on: [a], max_retries: 1 }"
    )
    [a] = await claim(door, ONE, 5)
    outcomes: list[tuple[Outcome | None, int]] = [
        (None, 0),
        (Working({"id": 1}), 0),
        (Failed("busy"), 0),
        (Needs("input", "Which?"), 1),
    ]
    for outcome, woken in outcomes:
        await put(door, ONE, end(door, a, outcome))
        assert len(await rows(db, "SELECT 1 FROM wakeups")) == woken, outcome
        later(door, minutes=10)
        if outcome is None or not woken:
            [a] = await claim(door, ONE, 5)
    while await tick(door):
        pass
    later(door, days=4)
    [b] = await claim(door, ONE, 5)
    assert b.step == Step.GIVE_UP
    assert b.end is not None
    await put(door, ONE, (b.attempt.call, b.end))
    assert len(await rows(db, "SELECT 1 FROM wakeups")) == 1


async def test_what_is_known_elsewhere_is_polled_and_an_answer_is_sent(db: Database) -> None:
    door = still_door(db)
    await begin(door, "{ name: a, agent: x }")
    [a] = await claim(door, ONE, 5)
    await put(door, ONE, end(door, a, Working({"id": 7}, timedelta(seconds=3))))
    assert await next_task(door) == 3
    later(door, seconds=3)
    [a] = await claim(door, ONE, 5)
    assert (a.step, a.attempt.call.handle) == (Step.POLL, {"id": 7})
    await put(door, ONE, end(door, a, Needs("input", "Which?", {"id": 7})))
    row = await task(door, "a")
    assert (row["owner"], row["question"]["prompt"]) == (None, "Which?")
    assert row["due_at"] == START + timedelta(days=3)


async def test_a_task_under_which_workers_keep_dying_is_given_up(db: Database) -> None:
    door = still_door(db)
    await begin(door, "{ name: a, agent: x }")
    await rows(db, "UPDATE tasks SET lost_count = %s", LOST_LIMIT)
    [a] = await claim(door, ONE, 5)
    assert a.step == Step.SEND
    await put(door, ONE, end(door, a, Working({"id": 7})))
    assert (await task(door, "a"))["lost_count"] == 0, "it has got on since"
    await rows(db, "UPDATE tasks SET lost_count = %s", LOST_LIMIT + 1)
    later(door, minutes=1)
    [a] = await claim(door, ONE, 5)
    assert a.end is not None
    assert (a.step, (a.end.error or {})["kind"]) == (Step.GIVE_UP, "lost")


async def test_withdrawn_work_is_refused_and_its_agent_told_to_stop_once(db: Database) -> None:
    door = still_door(db)
    tasks = ", ".join(f"{{ name: {n}, agent: x }}" for n in "abcd")
    [journey] = await begin(door, tasks)
    a, b, c = await claim(door, ONE, 3)
    await put(door, ONE, end(door, a), end(door, b, Working({"id": 2}, timedelta(hours=1))))
    await change(door, journey, Cancel(actor="ann", reason="over"))
    states = {n: (await task(door, n))["status"] for n in "abcd"}
    assert states == {"a": "completed", "b": "failed", "c": "failed", "d": "pending"}
    assert await put(door, ONE, end(door, c)) == 0
    [stop] = await claim(door, TWO, 9)
    assert (stop.step, names([stop]), stop.attempt.call.handle) == (Step.CANCEL, ["b"], {"id": 2})
    await settle_cancelled(door, ONE, [stop.attempt.call])
    assert (await task(door, "b"))["cancelling"], "only who holds it may say that it is done"
    await hand_back(door, TWO)
    [stop] = await claim(door, TWO, 9)
    await settle_cancelled(door, TWO, [stop.attempt.call])
    row = await task(door, "b")
    assert (row["cancelling"], row["owner"], row["due_at"]) == (False, None, None)
    assert await claim(door, TWO, 9) == []
    assert await rows(db, "SELECT status FROM units_of_work") == [("rolled_back",)]


async def test_a_hold_stops_dispatch_and_moves_what_is_timed_by_its_length(db: Database) -> None:
    door = still_door(db)
    tasks = ", ".join(f"{{ name: {n}, agent: x, retry: {{ base: 20s }} }}" for n in "abc")
    [journey] = await begin(door, tasks)
    a, b = await claim(door, ONE, 2)
    await put(door, ONE, end(door, a, Failed("busy")))
    await change(door, journey, HoldJourney(actor="ann", reason="look"))
    later(door, hours=1)
    assert await claim(door, ONE, 9) == []
    assert await next_task(door) == float("inf")
    await put(door, ONE, end(door, b, Failed("busy")))
    later(door, hours=9)
    await change(door, journey, Resume(actor="ann"))
    resumed = door.now()
    assert resumed == START + timedelta(hours=10)
    due: dict[str, datetime] = {n: (await task(door, n))["due_at"] for n in "ab"}
    ten = timedelta(seconds=10)
    assert due == {"a": resumed + ten, "b": resumed + ten}, "as if it had not been held"
    deadlines = {(await task(door, n))["deadline_at"] for n in "ab"}
    assert deadlines == {START + timedelta(days=3, hours=10)}
    assert names(await claim(door, ONE, 9)) == ["c"]
    later(door, seconds=10)
    assert sorted(names(await claim(door, ONE, 9))) == ["a", "b"]


async def test_what_a_task_of_a_held_journey_releases_waits(db: Database) -> None:
    door = still_door(db)
    [journey] = await begin(door, "{ name: a, agent: x }, { name: b, agent: x, depends_on: [a] }")
    [a] = await claim(door, ONE, 2)
    await change(door, journey, HoldJourney(actor="ann", reason="look"))
    written = await settle(door, ONE, [end(door, a)], room=5)
    assert (written.accepted, written.taken) == (1, [])
    assert await claim(door, ONE, 9) == []
    await change(door, journey, Resume(actor="ann"))
    assert names(await claim(door, ONE, 9)) == ["b"]


async def test_a_retry_begins_a_new_attempt_under_a_new_fence(db: Database) -> None:
    door = still_door(db)
    [journey] = await begin(door, "{ name: a, agent: x, max_retries: 0 }")
    [a] = await claim(door, ONE, 2)
    await put(door, ONE, end(door, a, Failed("no")))
    while await tick(door):
        pass
    later(door, days=9)
    await change(door, journey, RetryFailed(actor="ann"))
    row = await task(door, "a")
    assert (row["status"], row["retry_count"], row["error"]) == ("pending", 1, None)
    [again] = await claim(door, ONE, 2)
    assert again.step == Step.SEND, "its deadline begins anew"
    assert again.attempt.call.fence > a.attempt.call.fence
    assert again.attempt.call.key != a.attempt.call.key
    assert again.attempt.max_retries == 1, "the counts tell the truth"


async def test_polls_and_retries_are_not_kept_waiting_by_a_flood(db: Database) -> None:
    door = still_door(db)
    await begin(door, "{ name: a, agent: x }", 1)
    [a] = await claim(door, ONE, 1)
    await put(door, ONE, end(door, a, Working({"id": 1}, timedelta(seconds=1))))
    later(door, seconds=2)
    path = load(PATH.format(tasks="{ name: t, agent: x }").replace("name: p\n", "name: q\n"))
    for n in range(10):
        await start(door, path, f"flood-{n}", "ann")
    assert names(await claim(door, ONE, 3))[0] == "a"
