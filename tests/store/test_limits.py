import asyncio
import random
from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from sojourn.control import change, start, tick
from sojourn.control.door import Door
from sojourn.control.tasks import Claimed, Step, claim, hand_back, next_task, settle
from sojourn.control.tasks import settle_cancelled as stopped
from sojourn.control.workers import register, rescue, sync_limits
from sojourn.core.commands import AnswerQuestion, Cancel, HoldJourney, Resume
from sojourn.core.limits import Breaker, Limits
from sojourn.core.outcomes import Completed, Failed, Needs, Outcome, Working
from sojourn.core.outcomes import settle as settled
from sojourn.paths import load
from sojourn.store import limits, work
from sojourn.store.postgres import Database
from sojourn.store.sets import Row
from tests.doors import later, rows, still_door

OUT = Failed("no connection")
DONE = Completed({"ok": True})
MINUTE = timedelta(minutes=1)
BREAKER = Breaker(failures=3, pause=timedelta(seconds=30), longest=timedelta(seconds=100))


def path(
    agents: Sequence[str], retries: int = 3, deadline: str = "3d", chained: bool = False
) -> str:
    lines = []
    for n, agent in enumerate(agents):
        after = f", depends_on: [t{n - 1}]" if chained and n else ""
        lines.append(
            f"- {{name: t{n}, agent: {agent}, max_retries: {retries}, deadline: {deadline}{after}}}"
        )
    tasks = "\n          ".join(lines)
    return f"""
name: limited
stages:
  - name: sandbox
    exit: {{criteria: [{{work: required}}]}}
    work:
      - name: unit
        tasks:
          {tasks}
  - {{name: pilot, exit: {{criteria: [{{fact: go}}]}}}}
"""


async def begin(door: Door, agents: Sequence[str], client: str = "acme", **given: object) -> UUID:
    decision = await start(door, load(path(agents, **given)), client, "ann")  # type: ignore[arg-type]
    while await tick(door):
        pass
    return decision.state.journey_id


async def worker(door: Door) -> UUID:
    made = uuid4()
    await register(door, made, "here", 1, MINUTE)
    return made


async def take(door: Door, by: UUID, most: int = 100) -> list[Claimed]:
    """Claim until there is nothing more to put aside, as a worker does."""
    found: list[Claimed] = []
    while True:
        taken = await claim(door, by, most - len(found))
        found += taken
        if not taken.aside or len(found) == most:
            return found


async def put(door: Door, by: UUID, outcome: Outcome, *taken: Claimed) -> int:
    done = [(c.attempt.call, settled(c.attempt, outcome, door.now(), 0.0)) for c in taken]
    if not done:
        return 0
    return (await settle(door, by, done, 100)).accepted


async def state(door: Door, agent: str = "slow") -> Row:
    async with door.db.connection() as connection:
        found = await limits.states(connection, door.now())
    return next(row for row in found if row["agent_id"] == agent)


def names(taken: Sequence[Claimed]) -> list[str]:
    return [c.attempt.call.task_id for c in taken]


async def test_limits_are_written_once_and_follow_the_directory(db: Database) -> None:
    door = still_door(db)
    given = [
        Limits("a", 3, 0.5, Breaker(5, MINUTE, MINUTE * 5)),
        Limits("b", rate_per_minute=90.5),
        Limits("c"),
    ]
    await sync_limits(door, given)
    read = "SELECT agent_id, max_concurrency, window_most, window_s, breaker_failures, xmin::text"
    before = await rows(db, f"{read} FROM agent_gates ORDER BY 1")
    assert [row[:5] for row in before] == [
        ("a", 3, 1, 120.0, 5),
        ("b", None, 90, 59.668508, 10),
        ("c", None, None, None, 10),
    ]
    await sync_limits(door, given)
    assert await rows(db, f"{read} FROM agent_gates ORDER BY 1") == before
    await sync_limits(door, [Limits("a", 4)])
    after = await rows(db, f"{read} FROM agent_gates ORDER BY 1")
    assert after[0][:5] == ("a", 4, None, None, 10)
    assert after[1:] == before[1:]


async def test_no_more_tasks_are_at_an_agent_than_it_takes_whoever_claims(db: Database) -> None:
    door = still_door(db)
    await sync_limits(door, [Limits("slow", max_concurrency=3)])
    await begin(door, ["slow"] * 40)
    there: set[str] = set()
    done: list[str] = []
    most = 0

    async def claimer(seed: int) -> None:
        nonlocal most
        by, draw = await worker(door), random.Random(seed)
        while len(done) < 40:
            taken = await take(door, by, draw.choice([1, 2, 100]))
            there.update(names(taken))
            most = max(most, len(there))
            for one in taken:
                await asyncio.sleep(draw.random() * 0.003)
                there.discard(one.attempt.call.task_id)
                done.append(one.attempt.call.task_id)
                assert await put(door, by, DONE, one) == 1

    await asyncio.gather(*(claimer(seed) for seed in range(6)))
    assert 1 < most <= 3
    assert sorted(done) == sorted(f"t{n}" for n in range(40))


async def test_an_agent_that_is_busy_keeps_nobody_else_waiting(db: Database) -> None:
    door = still_door(db)
    await sync_limits(door, [Limits("slow", max_concurrency=1), Limits("quick")])
    await begin(door, ["slow"] * 30)
    later(door, seconds=1)
    await begin(door, ["quick"] * 3, "other")
    by = await worker(door)
    taken = await take(door, by, 10)
    assert sorted(c.attempt.call.agent_id for c in taken) == ["quick"] * 3 + ["slow"]
    assert await take(door, by, 10) == []


async def test_one_agents_limit_is_not_anothers(db: Database) -> None:
    door = still_door(db)
    await sync_limits(
        door, [Limits("slow", max_concurrency=2), Limits("slower", max_concurrency=1)]
    )
    await begin(door, ["slow", "slower"] * 4)
    taken = await take(door, await worker(door))
    found = sorted(c.attempt.call.agent_id for c in taken)
    assert found == ["slow", "slow", "slower"]


async def test_work_that_goes_on_remotely_keeps_its_place_and_is_polled(db: Database) -> None:
    door = still_door(db)
    await sync_limits(door, [Limits("slow", max_concurrency=2)])
    await begin(door, ["slow"] * 4)
    by = await worker(door)
    taken = await take(door, by)
    await put(door, by, Working({"id": "r"}, timedelta(seconds=5)), *taken)
    assert await take(door, by) == []
    later(door, seconds=6)
    polled = await take(door, by)
    assert [c.step for c in polled] == [Step.POLL, Step.POLL]
    assert (await state(door))["places"] == 2
    await put(door, by, DONE, polled[0])
    assert len(await take(door, by)) == 1


async def test_who_waits_for_a_person_gives_the_place_up_and_takes_one_again(db: Database) -> None:
    door = still_door(db)
    await sync_limits(door, [Limits("slow", max_concurrency=1)])
    journey = await begin(door, ["slow"] * 2)
    by = await worker(door)
    [first] = await take(door, by)
    await put(door, by, Needs("input", "which?", {"id": "r"}), first)
    while await tick(door):
        pass
    [second] = await take(door, by)
    await change(door, journey, AnswerQuestion(actor="ann", answer="this"))
    assert await take(door, by) == []
    await put(door, by, DONE, second)
    [again] = await take(door, by)
    assert (again.step, again.attempt.call.answer) == (Step.SEND, "this")
    assert (await state(door))["places"] == 1


async def test_a_place_stays_taken_when_its_worker_dies(db: Database) -> None:
    door = still_door(db)
    await sync_limits(door, [Limits("slow", max_concurrency=1)])
    await begin(door, ["slow"] * 3)
    by = uuid4()
    [first] = await take(door, by)
    assert await rescue(door) == (0, 1)
    [again] = await take(door, await worker(door))
    assert names([again]) == names([first])
    assert again.attempt.call.sent_before
    assert await put(door, by, DONE, first) == 0
    assert (await state(door))["places"] == 1


async def test_what_a_stopping_worker_hands_back_is_the_first_to_go_on(db: Database) -> None:
    door = still_door(db)
    await sync_limits(door, [Limits("slow", max_concurrency=1)])
    await begin(door, ["slow"] * 3)
    by = await worker(door)
    [first] = await take(door, by)
    await hand_back(door, by)
    assert names(await take(door, await worker(door))) == names([first])


async def test_a_cancelled_task_keeps_its_place_until_the_agent_was_told(db: Database) -> None:
    door = still_door(db)
    await sync_limits(door, [Limits("slow", max_concurrency=1)])
    journey = await begin(door, ["slow"])
    by = await worker(door)
    await put(door, by, Working({"id": "r"}), *await take(door, by))
    await begin(door, ["slow"], "other")
    await change(door, journey, Cancel(actor="ann", reason="over"))
    [stop] = await take(door, by)
    assert stop.step == Step.CANCEL
    assert await take(door, by) == []
    await stopped(door, by, [stop.attempt.call])
    assert len(await take(door, by)) == 1


async def test_a_failed_task_is_sent_again_only_where_there_is_room(db: Database) -> None:
    door = still_door(db)
    await sync_limits(door, [Limits("slow", max_concurrency=1, breaker=Breaker(0))])
    await begin(door, ["slow"] * 2)
    by = await worker(door)
    [first] = await take(door, by)
    await put(door, by, OUT, first)
    [second] = await take(door, by)
    assert names([second]) != names([first])
    later(door, minutes=10)
    assert await take(door, by) == []
    await put(door, by, DONE, second)
    [again] = await take(door, by)
    assert (names([again]), again.attempt.call.retry_count) == (names([first]), 1)


async def test_what_becomes_ready_is_not_begun_past_a_limit(db: Database) -> None:
    door = still_door(db)
    await sync_limits(door, [Limits("slow", max_concurrency=1)])
    await begin(door, ["quick", "slow", "quick"], chained=True)
    await begin(door, ["slow"], "other")
    by = await worker(door)
    taken = await take(door, by)
    quick = next(c for c in taken if c.attempt.call.agent_id == "quick")
    done = [(quick.attempt.call, settled(quick.attempt, DONE, door.now(), 0.0))]
    written = await settle(door, by, done, 100)
    assert (written.released, written.taken) == (1, [])
    later(door, seconds=1)
    assert await take(door, by) == []


async def test_a_held_journey_leaves_its_room_to_others(db: Database) -> None:
    door = still_door(db)
    await sync_limits(door, [Limits("slow", max_concurrency=1)])
    await begin(door, ["slow"], "busy")
    by = await worker(door)
    [busy] = await take(door, by)
    held = await begin(door, ["slow"], "held")
    later(door, seconds=1)
    await begin(door, ["slow"], "next")
    assert await take(door, by) == []
    await change(door, held, HoldJourney(actor="ann", reason="wait"))
    await put(door, by, DONE, busy)
    [taken] = await take(door, by)
    assert taken.attempt.call.client_id == "next"
    await change(door, held, Resume(actor="ann"))
    await put(door, by, DONE, taken)
    [taken] = await take(door, by)
    assert taken.attempt.call.client_id == "held"


async def test_no_minute_sees_more_starts_than_the_rate(db: Database) -> None:
    door = still_door(db)
    await sync_limits(door, [Limits("slow", rate_per_minute=10)])
    await begin(door, ["slow"] * 34)
    workers = [await worker(door) for _ in range(4)]
    starts: list[datetime] = []
    draw = random.Random(7)
    while len(starts) < 34:
        taken = await asyncio.gather(*(take(door, by, draw.choice([1, 3, 50])) for by in workers))
        for by, some in zip(workers, taken, strict=True):
            starts += [door.now()] * len(some)
            await put(door, by, DONE, *some)
        later(door, seconds=draw.choice([0.3, 1, 7, 25]))
    for at in starts:
        assert sum(at <= one < at + MINUTE for one in starts) <= 10
    assert starts[-1] - starts[0] < 5 * MINUTE
    [(left,)] = await rows(db, "SELECT count(*) FROM agent_starts")
    assert left <= 61


async def test_a_rate_below_one_a_minute_is_one_in_a_longer_time(db: Database) -> None:
    door = still_door(db)
    await sync_limits(door, [Limits("slow", rate_per_minute=0.25)])
    await begin(door, ["slow"] * 2)
    by = await worker(door)
    assert len(await take(door, by)) == 1
    later(door, minutes=3.9)
    assert await take(door, by) == []
    wait = await next_task(door)
    assert 0 < wait <= 12
    later(door, seconds=wait)
    assert len(await take(door, by)) == 1


async def test_retries_and_answers_count_as_starts_and_polls_do_not(db: Database) -> None:
    door = still_door(db)
    await sync_limits(door, [Limits("slow", rate_per_minute=2, breaker=Breaker(0))])
    await begin(door, ["slow"] * 2)
    by = await worker(door)
    one, two = await take(door, by)
    await put(door, by, OUT, one)
    await put(door, by, Working({"id": "r"}, timedelta(seconds=5)), two)
    later(door, seconds=30)
    [polled] = await take(door, by)
    assert polled.step == Step.POLL
    later(door, seconds=29)
    assert await take(door, by) == []
    later(door, seconds=3)
    assert names(await take(door, by)) == names([one])


async def open_breaker(door: Door, by: UUID) -> list[Claimed]:
    """Let three calls fail; return what was taken beside them."""
    taken = await take(door, by, 5)
    await put(door, by, OUT, *taken[:3])
    return taken[3:]


async def test_failures_in_a_row_open_the_breaker_for_all_workers(db: Database) -> None:
    door = still_door(db)
    await sync_limits(door, [Limits("slow", breaker=BREAKER)])
    await begin(door, ["slow"] * 20, retries=0)
    workers = [await worker(door) for _ in range(3)]
    for by in workers[:2]:
        await put(door, by, OUT, *await take(door, by, 1))
        assert (await state(door))["breaker"] == "closed"
    await put(door, workers[2], OUT, *await take(door, workers[2], 1))
    found = await state(door)
    assert (found["breaker"], found["failures"]) == ("open", 3)
    taken = await asyncio.gather(*(take(door, by) for by in workers))
    assert taken == [[], [], []]
    assert await next_task(door) == 30
    figures = await figures_of(door)
    assert (figures["breaker"], figures["waiting"], figures["failures_in_a_row"]) == ("open", 17, 3)


async def figures_of(door: Door) -> Row:
    async with door.db.connection() as connection:
        [row] = await work.agent_figures(connection, door.now())
    return row


async def test_after_the_pause_one_task_is_sent_to_see_whoever_claims(db: Database) -> None:
    door = still_door(db)
    await sync_limits(door, [Limits("slow", breaker=BREAKER)])
    await begin(door, ["slow"] * 20)
    workers = [await worker(door) for _ in range(4)]
    await open_breaker(door, workers[0])
    for pause in (30, 60, 100, 100):
        later(door, seconds=pause - 1)
        assert await take(door, workers[0]) == []
        later(door, seconds=1)
        assert (await state(door))["breaker"] == "half_open"
        taken = await asyncio.gather(*(take(door, by) for by in workers))
        [(by, probe)] = [(b, t[0]) for b, t in zip(workers, taken, strict=True) if t]
        assert sum(map(len, taken)) == 1
        await put(door, by, OUT, probe)
        assert (await state(door))["breaker"] == "open"


async def test_a_probe_that_is_answered_closes_the_breaker(db: Database) -> None:
    door = still_door(db)
    await sync_limits(door, [Limits("slow", breaker=BREAKER)])
    await begin(door, ["slow"] * 20)
    by = await worker(door)
    await open_breaker(door, by)
    later(door, seconds=30)
    [probe] = await take(door, by)
    await put(door, by, Working({"id": "r"}, timedelta(hours=1)), probe)
    found = await state(door)
    assert (found["breaker"], found["failures"], found["openings"]) == ("closed", 0, 0)
    assert len(await take(door, by)) == 17


async def test_another_probe_follows_one_of_which_nothing_came(db: Database) -> None:
    door = still_door(db)
    await sync_limits(door, [Limits("slow", breaker=BREAKER)])
    await begin(door, ["slow"] * 20)
    by = await worker(door)
    await open_breaker(door, by)
    later(door, seconds=30)
    assert len(await take(door, by)) == 1
    assert await take(door, by) == []
    assert await next_task(door) == 30
    later(door, seconds=30)
    assert len(await take(door, by)) == 1


async def test_late_failures_do_not_lengthen_a_pause_and_an_answer_ends_it(db: Database) -> None:
    door = still_door(db)
    await sync_limits(door, [Limits("slow", breaker=BREAKER)])
    await begin(door, ["slow"] * 20, retries=0)
    by = await worker(door)
    rest = await open_breaker(door, by)
    later(door, seconds=10)
    await put(door, by, OUT, rest[0])
    assert await take(door, by) == []
    assert await next_task(door) == 20
    await put(door, by, DONE, rest[1])
    assert (await state(door))["breaker"] == "closed"


async def test_an_answer_in_between_begins_the_count_anew(db: Database) -> None:
    door = still_door(db)
    await sync_limits(door, [Limits("slow", breaker=BREAKER)])
    await begin(door, ["slow"] * 20)
    by = await worker(door)
    for outcome in (OUT, OUT, DONE, OUT, OUT, Failed("401", retryable=False)):
        await put(door, by, outcome, *await take(door, by, 1))
    found = await state(door)
    assert (found["breaker"], found["failures"]) == ("closed", 2)
    taken = await take(door, by, 4)
    await put(door, by, OUT, *taken)
    assert (await state(door))["breaker"] == "open"


async def test_silence_counts_as_failure_and_a_persons_answer_is_not_the_agents(
    db: Database,
) -> None:
    door = still_door(db)
    await sync_limits(door, [Limits("slow", breaker=BREAKER)])
    await begin(door, ["slow"] * 3)
    by = await worker(door)
    one, two, three = await take(door, by)
    await put(door, by, Working({"lost": 1}, unheard=True), one)
    await put(door, by, Needs("input", "was it done?", unheard=True), two)
    assert (await state(door))["failures"] == 2
    await put(door, by, Failed("bad answer", retryable=False), three)
    assert (await state(door))["failures"] == 2


async def test_a_refused_outcome_says_nothing_of_the_agent(db: Database) -> None:
    door = still_door(db)
    await sync_limits(door, [Limits("slow", breaker=BREAKER)])
    await begin(door, ["slow"] * 5)
    taken = await take(door, uuid4())
    await rescue(door)
    assert await put(door, await worker(door), OUT, *taken) == 0
    assert (await state(door))["failures"] == 0


async def test_an_open_breaker_is_an_alert_until_it_closes(db: Database) -> None:
    door = still_door(db)
    await sync_limits(door, [Limits("slow", breaker=BREAKER)])
    await begin(door, ["slow"] * 9)
    by = await worker(door)
    rest = await open_breaker(door, by)
    read = "SELECT kind, subject, message, resolved_at IS NULL FROM system_alerts"
    [(kind, subject, message, is_open)] = await rows(db, read)
    assert (kind, subject, is_open) == ("breaker_open", "slow", True)
    assert "3 calls of slow in a row failed" in message
    assert "no connection" in message
    await put(door, by, DONE, rest[0])
    [(_, _, _, is_open)] = await rows(db, read)
    assert not is_open


async def test_nobody_waits_for_an_agent_past_the_deadline(db: Database) -> None:
    door = still_door(db)
    await sync_limits(door, [Limits("slow", 2, breaker=BREAKER), Limits("free", breaker=BREAKER)])
    await begin(door, ["slow"] * 5 + ["free"] * 5, deadline="2h")
    by = await worker(door)
    for _ in range(4):
        taken = await take(door, by)
        await put(door, by, OUT, *taken)
        later(door, seconds=1)
    assert (await state(door))["breaker"] == "open"
    assert (await state(door, "free"))["breaker"] == "open"
    later(door, hours=3)
    given_up: list[Claimed] = []
    while taken := await take(door, by):
        probes = [c for c in taken if c.step != Step.GIVE_UP]
        given_up += [c for c in taken if c.step == Step.GIVE_UP]
        await put(door, by, OUT, *probes)
    assert len(given_up) + 2 >= 9
    assert all(c.end and "deadline" in str(c.end.error) for c in given_up)


async def test_taking_limits_away_lets_everything_go(db: Database) -> None:
    door = still_door(db)
    await sync_limits(door, [Limits("slow", 1, breaker=BREAKER)])
    await begin(door, ["slow"] * 9)
    by = await worker(door)
    await put(door, by, OUT, *await take(door, by))
    for _ in range(2):
        await put(door, by, OUT, *await take(door, by))
    assert (await state(door))["breaker"] == "open"
    await sync_limits(door, [Limits("slow", breaker=Breaker(0))])
    assert len(await take(door, by)) == 6
    assert (await state(door))["breaker"] == "closed"


async def test_many_workers_and_a_flaky_agent_end_with_everything_done_once(db: Database) -> None:
    door = still_door(db)
    given = Limits("slow", 4, 120, Breaker(4, timedelta(seconds=1), timedelta(seconds=4)))
    await sync_limits(door, [given])
    for n in range(6):
        await begin(door, ["slow", "quick"] * 5, f"client-{n}", retries=50)
    done: list[tuple[UUID, str]] = []
    there = 0

    async def claimer(seed: int) -> None:
        nonlocal there
        by, draw = await worker(door), random.Random(seed)
        while len(done) < 60:
            for one in await take(door, by, 3):
                call, slow = one.attempt.call, one.attempt.call.agent_id == "slow"
                there += slow
                assert there <= 4
                await asyncio.sleep(0)
                good = not slow or draw.random() < 0.4
                there -= slow
                assert await put(door, by, DONE if good else OUT, one) == 1
                if good:
                    done.append((call.uow_id, call.task_id))
            later(door, seconds=0.5)
            await asyncio.sleep(0.001)

    await asyncio.gather(*(claimer(seed) for seed in range(5)))
    assert len(done) == len(set(done)) == 60
    assert (await state(door))["places"] == 0


async def test_the_claim_looks_only_at_what_is_due(db: Database) -> None:
    door = still_door(db)
    await sync_limits(door, [Limits("slow", 2)])
    await begin(door, ["quick"] * 3 + ["slow"] * 3)
    await rows(
        db,
        "WITH u AS (INSERT INTO units_of_work (journey_id, uow_id, external_id, name, stage, visit,"
        " purpose, status) SELECT journey_id, gen_random_uuid(), n, n, stage, 9, purpose, 'completed'"
        " FROM units_of_work, generate_series(1, 2000) n RETURNING *)"
        " INSERT INTO tasks (journey_id, uow_id, task_id, position, name, agent_id, status)"
        " SELECT u.journey_id, u.uow_id, 'x' || n, n, 'x', 'slow', 'completed'"
        " FROM u, generate_series(1, 10) n",
    )
    await rows(db, "ANALYZE tasks, units_of_work")
    given = {"worker": uuid4(), "now": door.now(), "limit": 200, "agents": ["slow"]}
    given["crowded"] = []
    for query in (work._QUERIES["claim"], work._QUERIES["next_due"], limits._QUERIES["lock"]):
        async with db.connection() as connection:
            explain = f"EXPLAIN {query.sql}".encode()
            lines = await (await connection.execute(explain, given)).fetchall()
        assert not [line for (line,) in lines if "Seq Scan on tasks" in line], query.name
