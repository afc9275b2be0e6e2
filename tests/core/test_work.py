import random
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sojourn.core.work import (
    InvalidWork,
    Progress,
    Purpose,
    Retry,
    Task,
    TaskStatus,
    Undo,
    UnitOfWork,
    UnitOfWorkStatus,
    check_unit,
    hint,
    order,
    original,
    ready,
    undo_order,
    undo_unit,
    unit_status,
)

T0 = datetime(2026, 1, 5, 9, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def task(name: str, *needs: str, **more: Any) -> Task:
    return Task(name, name.title(), "an-agent", depends_on=needs, **more)


def unit(name: str, *tasks: Task, **more: Any) -> UnitOfWork:
    return UnitOfWork(name, "j", "sandbox", tasks, name=name, **more)


@st.composite
def dags(draw: st.DrawFn) -> dict[str, list[str]]:
    """Return names with what they depend on, in any order, never in a circle."""
    names = [f"t{i}" for i in range(draw(st.integers(1, 8)))]
    edges = {
        name: draw(st.lists(st.sampled_from(names[:i]), unique=True)) if i else []
        for i, name in enumerate(names)
    }
    return {name: edges[name] for name in draw(st.permutations(names))}


def test_units_and_tasks_have_the_specification_s_fields_first() -> None:
    assert [f.name for f in fields(UnitOfWork)][:9] == [
        "uow_id", "journey_id", "stage", "tasks", "dependencies", "status", "created_at",
        "started_at", "completed_at",
    ]  # fmt: skip
    assert [f.name for f in fields(Task)][:8] == [
        "task_id", "name", "agent_id", "input_data", "output_data", "status", "retry_count",
        "max_retries",
    ]  # fmt: skip
    assert [*UnitOfWorkStatus] == ["pending", "running", "completed", "failed", "rolled_back"]
    assert [*TaskStatus] == ["pending", "running", "completed", "failed"]


# Order


@given(dags())
def test_each_stands_after_what_it_depends_on(edges: dict[str, list[str]]) -> None:
    found = order(edges)
    assert sorted(found) == sorted(edges)
    assert all(found.index(need) < found.index(name) for name in edges for need in edges[name])


@given(dags())
def test_what_is_in_order_already_stays_as_given(edges: dict[str, list[str]]) -> None:
    once = order(edges)
    assert order({name: edges[name] for name in once}) == once


def test_order_asks_a_name_that_is_given_later_only_where_it_must() -> None:
    assert order({"a": [], "b": ["a"], "c": []}) == ["a", "b", "c"]
    assert order({"a": ["c"], "b": [], "c": []}) == ["b", "c", "a"]
    assert order({"a": ["b", "b"], "b": []}) == ["b", "a"]


@given(dags(), st.randoms(use_true_random=False))
def test_a_circle_is_refused_and_written_out(
    edges: dict[str, list[str]], draw: random.Random
) -> None:
    names = list(edges)
    circle = draw.sample(names, draw.randint(1, len(names)))
    closed = {name: list(needs) for name, needs in edges.items()}
    for name, need in zip(circle, [*circle[1:], circle[0]], strict=True):
        closed[name].append(need)
    with pytest.raises(InvalidWork, match="goes in a circle: ") as refused:
        order(closed)
    told = str(refused.value).split("circle: ")[1].split(" -> ")
    assert told[0] == told[-1]
    assert all(need in closed[name] for name, need in pairwise(told))
    assert refused.value.place == f"{told[0]}.depends_on"


def test_what_is_missing_is_named_with_what_may_be_meant() -> None:
    with pytest.raises(InvalidWork) as refused:
        order({"install": [], "verify": ["instal"]})
    assert str(refused.value) == (
        "verify.depends_on: 'instal' is not there; did you mean 'install'?"
    )
    assert hint("x", []) == "; there is none"
    assert hint("zzz", ["b", "a"]) == "; there is: a, b"


# Units that cannot be


def test_a_sound_unit_is_returned() -> None:
    sound = unit("u", task("a"), task("b", "a"))
    assert check_unit(sound, {"an-agent"}) is sound


@pytest.mark.parametrize(
    ("tasks", "place", "message"),
    [
        ((), "tasks", "needs at least one task"),
        ((task("a"), task("a")), "tasks[1].task_id", "'a' stands there twice"),
        ((task("a", "b"),), "a.depends_on", "'b' is not there"),
        ((task("a", "a"),), "a.depends_on", "a -> a"),
        ((task("a", "b"), task("b", "a")), ".depends_on", "goes in a circle"),
        ((replace(task("a"), agent_id="an-agnt"),), "tasks[0].agent_id", "mean 'an-agent'?"),
    ],
)
def test_a_faulty_unit_is_refused_with_the_place(
    tasks: tuple[Task, ...], place: str, message: str
) -> None:
    with pytest.raises(InvalidWork) as refused:
        check_unit(unit("u", *tasks), {"an-agent"})
    assert refused.value.place.endswith(place)
    assert message in str(refused.value)


# Readiness and status


@given(dags(), st.data())
def test_ready_is_what_is_pending_with_all_dependencies_completed(
    edges: dict[str, list[str]], data: st.DataObject
) -> None:
    tasks = [
        replace(task(name, *needs), status=data.draw(st.sampled_from(TaskStatus)))
        for name, needs in edges.items()
    ]
    done = [t.task_id for t in tasks if t.status == "completed"]
    expected = [t for t in tasks if t.status == "pending" and all(n in done for n in t.depends_on)]
    assert ready(tasks) == expected


@given(dags())
def test_running_whatever_is_ready_completes_a_unit_in_an_order_that_holds(
    edges: dict[str, list[str]],
) -> None:
    tasks = {name: task(name, *needs) for name, needs in edges.items()}
    rounds = 0
    while found := ready(tasks.values()):
        rounds += 1
        for t in found:
            tasks[t.task_id] = replace(t, status=TaskStatus.COMPLETED)
    assert all(t.status == "completed" for t in tasks.values())
    assert rounds <= len(tasks)


def progress(**counts: Any) -> Progress:
    return Progress("u", "u", "sandbox", 1, Purpose.ACTIVITY, UnitOfWorkStatus.PENDING, **counts)


@pytest.mark.parametrize(
    ("counts", "status"),
    [
        ({"total": 3, "live": 1}, "pending"),
        ({"total": 3, "live": 1, "started": True}, "running"),
        ({"total": 3, "completed": 2, "live": 1, "started": True}, "running"),
        ({"total": 3, "completed": 3, "started": True}, "completed"),
        ({"total": 3, "completed": 1, "failed": 1, "live": 1, "started": True}, "running"),
        ({"total": 3, "completed": 1, "failed": 1, "started": True}, "failed"),
    ],
)
def test_a_unit_has_the_status_that_its_tasks_have_earned(
    counts: dict[str, Any], status: str
) -> None:
    assert unit_status(progress(**counts)) == status


@pytest.mark.parametrize("status", ["completed", "failed", "rolled_back"])
def test_a_closed_unit_keeps_its_status(status: str) -> None:
    closed = replace(progress(total=2, completed=2), status=UnitOfWorkStatus(status))
    assert unit_status(closed) == status
    assert not closed.open


def test_a_repeated_unit_is_done_after_its_first_run() -> None:
    assert not progress(total=1).done
    assert progress(total=1, runs=1).done
    assert replace(progress(total=1), status=UnitOfWorkStatus.COMPLETED).done


# Retries


@given(
    base=st.timedeltas(timedelta(0), timedelta(days=30)),
    factor=st.floats(1, 100),
    longest=st.timedeltas(timedelta(0), timedelta(days=365)),
    retry=st.integers(1, 1000),
    draw=st.floats(0, 1, exclude_max=True),
)
def test_a_retry_waits_between_half_of_the_backoff_and_all_of_it(
    base: timedelta, factor: float, longest: timedelta, retry: int, draw: float
) -> None:
    policy = Retry(base, factor, longest)
    full = policy.backoff(retry)
    micro = timedelta(microseconds=1)
    assert full / 2 - micro <= policy.delay(retry, draw) <= full
    assert full <= longest
    assert full <= policy.backoff(retry + 1) + micro
    if retry == 1:
        assert full == min(base, longest)


def test_the_usual_policy_doubles_from_a_second_to_ten_minutes() -> None:
    waits = [Retry().backoff(n) for n in range(1, 12)]
    assert waits[:5] == [SECOND, 2 * SECOND, 4 * SECOND, 8 * SECOND, 16 * SECOND]
    assert waits[-1] == timedelta(minutes=10)
    assert Retry().delay(1, 0) == SECOND / 2
    assert Retry().delay(1000, 0.999) <= timedelta(minutes=10)


# Undo

UNDO = Undo("an-agent", {"action": "remove"})


@st.composite
def histories(draw: st.DrawFn) -> list[tuple[UnitOfWork, Task]]:
    """Return completed tasks of units that depend on each other, as a store might list them.

    Times are a possible run of them, but coarse, so that many are equal.
    """
    shape, clock = draw(dags()), T0
    done: list[tuple[UnitOfWork, Task]] = []
    for name in order(shape):
        inner = draw(dags())
        parent = unit(name, dependencies=tuple(shape[name]))
        for step in order(inner):
            clock += draw(st.sampled_from([timedelta(0), SECOND]))
            at = clock + draw(st.sampled_from([timedelta(0), timedelta(days=1)]))
            undo = draw(st.sampled_from([UNDO, None]))
            done.append((parent, task(step, *inner[step], completed_at=at, undo=undo)))
    return draw(st.permutations(done))


def key(pair: tuple[UnitOfWork, Task]) -> tuple[str, str]:
    return pair[0].uow_id, pair[1].task_id


@given(histories())
def test_undo_order_never_puts_a_task_before_what_it_depends_on(
    done: list[tuple[UnitOfWork, Task]],
) -> None:
    found = undo_order(done)
    assert sorted(map(key, found)) == sorted(map(key, done))
    place = {key(pair): index for index, pair in enumerate(found)}
    for parent, t in found:
        for need in t.depends_on:
            assert place[parent.uow_id, need] < place[parent.uow_id, t.task_id]
        for other, earlier in found:
            if other.uow_id in parent.dependencies:
                assert place[other.uow_id, earlier.task_id] < place[parent.uow_id, t.task_id]


@given(histories())
def test_the_rollback_unit_takes_back_in_reverse_topological_order_one_after_another(
    done: list[tuple[UnitOfWork, Task]],
) -> None:
    in_order = undo_order(done)
    expected = [key(pair) for pair in reversed(in_order) if pair[1].undo]
    found = undo_unit("j", "pilot", in_order, 4)
    if not expected:
        assert found is None
        return
    assert found is not None
    assert [t.undo_of for t in found.tasks] == expected
    assert (found.purpose, found.visit, found.stage) == ("rollback", 4, "pilot")
    check_unit(found, {"an-agent"})
    ids = [t.task_id for t in found.tasks]
    assert [t.depends_on for t in found.tasks] == [(), *((name,) for name in ids[:-1])]


def test_independent_work_is_undone_newest_first() -> None:
    older, newer = unit("older"), unit("newer")
    done = [
        (newer, task("b", completed_at=T0 + SECOND, undo=UNDO)),
        (older, task("a", completed_at=T0, undo=UNDO)),
    ]
    found = undo_unit("j", "pilot", undo_order(done), 2)
    assert found is not None
    assert [t.undo_of for t in found.tasks] == [("newer", "b"), ("older", "a")]


def test_a_repeated_unit_that_completed_again_is_still_undone_after_its_dependants() -> None:
    watch = unit("watch", every=timedelta(hours=1))
    deploy = unit("deploy", dependencies=("watch",))
    done = [
        (watch, task("look", completed_at=T0 + timedelta(days=1))),
        (deploy, task("put", completed_at=T0)),
    ]
    assert [key(p) for p in undo_order(done)] == [("watch", "look"), ("deploy", "put")]


def test_of_equal_times_the_later_visit_is_undone_first() -> None:
    first, second = unit("one", visit=1), unit("two", visit=3)
    done = [(second, task("b", completed_at=T0)), (first, task("a", completed_at=T0))]
    assert [key(p) for p in undo_order(done)] == [("one", "a"), ("two", "b")]


def test_an_undo_is_told_what_it_takes_back_and_is_tried_at_least_three_times() -> None:
    done = task(
        "a", undo=UNDO, input_data={"x": 1}, output_data={"y": 2}, max_retries=0,
        timeout=timedelta(minutes=9), completed_at=T0,
    )  # fmt: skip
    found = undo_unit("j", "sandbox", [(unit("u"), done)], 2)
    assert found is not None
    step = found.tasks[0]
    assert step.input_data == {"action": "remove", "undo_of": original(done)}
    assert original(done) == {"task_id": "a", "input": {"x": 1}, "output": {"y": 2}}
    assert (step.name, step.agent_id, step.idempotent) == ("Undo A", "an-agent", True)
    assert (step.max_retries, step.timeout) == (3, timedelta(minutes=9))
