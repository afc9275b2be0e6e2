"""The clock goes ahead in steps, never past what is due, and waits for the engine."""

import time
from datetime import timedelta

import pytest

from sojourn.cli import pacing
from sojourn.cli.pacing import LONGEST, SHORTEST, Pacer
from sojourn.control.tick import tick
from tests.cli.plays import opened, started

MOMENT = timedelta(seconds=5)
"""What the real time that a test takes may add."""


async def test_with_nothing_to_do_the_clock_takes_its_longest_step(database_url: str) -> None:
    async with opened(database_url) as app:
        pacer = Pacer(app.door, 1e9)
        before = app.door.now()
        assert await pacer.idle()
        await pacer.step()
        assert LONGEST <= app.door.now() - before < LONGEST + MOMENT


async def test_a_step_ends_where_something_is_due(database_url: str) -> None:
    async with opened(database_url) as app:
        await started(app)
        while await tick(app.door):
            pass
        pacer = Pacer(app.door, 1e9)
        before = app.door.now()
        steps = 0
        while await pacer.idle():
            await pacer.step()
            steps += 1
        # The conductor looks at a waiting journey again after an hour.
        late = app.door.now() - before
        assert timedelta(hours=1) - MOMENT < late < timedelta(hours=1) + SHORTEST + MOMENT
        assert steps <= 2


async def test_the_clock_waits_for_work_but_not_for_ever(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with opened(database_url) as app:
        # Its work is ready and there is no engine that would do it.
        await started(app, infrastructure_provisioned=True, data_sources=["jira"])
        pacer = Pacer(app.door, 1e9)
        assert [await pacer.idle() for _ in range(20)] == [False] * 20
        monkeypatch.setattr(pacing, "PATIENCE", 0.0)
        assert await pacer.idle()
        before = app.door.now()
        await pacer.step()
        assert app.door.now() - before >= SHORTEST


async def test_the_clock_keeps_to_its_speed(database_url: str) -> None:
    async with opened(database_url) as app:
        pacer = Pacer(app.door, LONGEST.total_seconds() / 0.2)
        began = time.monotonic()
        for _ in range(4):
            await pacer.step()
        # What one step is late by, the next ones make up for: all of them count from the beginning.
        assert time.monotonic() - began >= 0.79
