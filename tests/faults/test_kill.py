"""Kill any process at any moment and start it again: it continues from the rows."""

import asyncio
import random
import signal

from tests.doors import rows
from tests.faults.scene import Scene

KILLS = 15


async def test_processes_killed_at_any_moment_lose_nothing_and_repeat_nothing(
    scene: Scene, chance: random.Random
) -> None:
    for _ in range(3):
        scene.nursery.spawn()
    await scene.start(8)
    for _ in range(KILLS):
        await asyncio.sleep(chance.uniform(0.01, 0.3))
        assert scene.nursery.kill(chance.choice(scene.nursery.pids)) == -signal.SIGKILL
        scene.nursery.spawn()
    await scene.until("all journeys complete", scene.completed)
    for pid in list(scene.nursery.pids):
        assert scene.nursery.kill(pid, signal.SIGTERM) == 0
    await scene.reckon()


async def test_all_of_them_killed_at_once(scene: Scene, chance: random.Random) -> None:
    await scene.start(3)
    for _ in range(3):
        for _ in range(2):
            scene.nursery.spawn()
        await asyncio.sleep(chance.uniform(0.1, 0.5))
        for pid in list(scene.nursery.pids):
            scene.nursery.kill(pid)
    scene.nursery.spawn()
    await scene.until("all journeys complete", scene.completed)
    await scene.reckon()


async def begun(scene: Scene, count: int) -> bool:
    """Say whether so many processes are at work; one that finds no database at its start ends."""
    return await rows(scene.db, "SELECT count(*) FROM workers") == [(count,)]


async def test_connections_cut_at_any_moment(scene: Scene, chance: random.Random) -> None:
    for _ in range(2):
        scene.nursery.spawn()
    await scene.until("both have begun", lambda: begun(scene, 2))
    await scene.start(5)
    cut = (
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid() AND random() < 0.5"
    )
    for _ in range(10):
        await asyncio.sleep(chance.uniform(0.02, 0.2))
        await rows(scene.db, cut)
    await scene.until("all journeys complete", scene.completed)
    for pid in list(scene.nursery.pids):
        assert scene.nursery.kill(pid, signal.SIGTERM) == 0
    await scene.reckon()
