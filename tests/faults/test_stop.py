"""A process that sleeps through its lease changes nothing when it wakes; SIGTERM is graceful."""

import os
import signal

from sojourn.paths import load
from tests.doors import dump, rows
from tests.faults.scene import Scene

SLOW = load(
    """
name: slow
stages:
  - name: sandbox
    exit: { criteria: [{ work: required }] }
    work:
      - name: w
        tasks:
          - { name: slow, agent: x, measures: { quality: quality } }
          - { name: after, agent: x, depends_on: [slow] }
"""
)


async def asked(scene: Scene) -> bool:
    """Say whether an agent is at work."""
    return bool(scene.calls("asked"))


async def test_a_process_that_slept_through_its_lease_changes_nothing(scene: Scene) -> None:
    sleeper = scene.nursery.spawn()
    await scene.start(1, SLOW)
    await scene.until("the sleeper has a task", lambda: asked(scene))
    os.kill(sleeper, signal.SIGSTOP)
    other = scene.nursery.spawn()
    await scene.until("the other has done it", scene.completed)
    before = await dump(scene.db)
    os.kill(sleeper, signal.SIGCONT)

    async def woken() -> bool:
        answered = {c["pid"] for c in scene.calls("answered") if c["task"] == "slow"}
        known = await rows(scene.db, "SELECT count(*) FROM workers WHERE pid = %s", sleeper)
        return (known == [(1,)] and answered == {other}) or sleeper in answered

    await scene.until("the sleeper is awake", woken)
    for pid in (sleeper, other):
        assert scene.nursery.kill(pid, signal.SIGTERM) == 0
    assert await dump(scene.db) == before
    assert await rows(scene.db, "SELECT count(*) FROM measurements") == [(1,)]
    keys = {c["key"] for c in scene.calls("asked") if c["task"] == "slow"}
    assert len(keys) == 1


async def test_a_process_that_is_told_to_stop_finishes_what_it_has_begun(scene: Scene) -> None:
    pid = scene.nursery.spawn()
    await scene.start(2, SLOW)

    async def both() -> bool:
        return len(scene.calls("asked")) == 2

    await scene.until("both tasks are under way", both)
    assert scene.nursery.kill(pid, signal.SIGTERM) == 0
    done = await rows(scene.db, "SELECT task_id, status, owner FROM tasks ORDER BY 1 DESC")
    assert done[:2] == [("slow", "completed", None)] * 2
    assert {c["task"] for c in scene.calls("asked")} == {"slow"}, "nothing new was begun"
    assert await rows(scene.db, "SELECT 1 FROM workers") == []
    scene.nursery.spawn()
    await scene.until("another goes on", scene.completed)
    assert len(scene.calls("asked")) == 4, "each task was asked for once"
