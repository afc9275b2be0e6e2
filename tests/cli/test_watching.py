"""Watching a journey line by line, drawn, or not at all."""

import asyncio
import re
from uuid import UUID

import pytest

from sojourn.cli.watching import Watcher, live, plain, silent
from sojourn.store import journal
from tests.cli.plays import opened, played

STAMP = re.compile(r"\w{3} \d\d \w{3} \d\d:\d\d  day +\d+\.\d  \S")


async def watched(url: str, watcher: Watcher) -> int:
    """Play the short scenario under a watcher; return how many events it has."""
    stop = asyncio.Event()
    watching: list[asyncio.Task[None]] = []

    async with opened(url) as app:

        def watch(journey_id: UUID) -> None:
            seen = watcher(app.door, journey_id, stop, "a day takes 2 s")
            watching.append(asyncio.ensure_future(seen))

        done = await played(app, watch)
        stop.set()
        await asyncio.wait_for(watching[0], 10)
        async with app.door.db.connection() as connection:
            return len(await journal.of_journey(connection, done.journey_id))


async def test_events_are_told_in_order_and_once(
    database_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    count = await watched(database_url, plain)
    out, err = capsys.readouterr()
    lines = out.splitlines()
    assert all(STAMP.match(line) for line in lines)
    assert lines[0].endswith("dana.reyes starts the journey, in Sandbox")
    assert lines[-1].endswith("✗ dana.reyes cancels the journey: enough seen")
    assert len(lines) == len(set(lines)) == count
    assert err == "a day takes 2 s\n"


async def test_a_drawing_is_left_behind_by_nothing(
    database_url: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sojourn.cli.watching.LINGERS", 0.0)
    monkeypatch.setenv("TTY_COMPATIBLE", "1")
    await watched(database_url, live)
    out, _ = capsys.readouterr()
    assert out.count("\x1b[?1049h") == out.count("\x1b[?1049l") == 1
    assert out.rindex("\x1b[?1049l") > out.rindex("The journey is cancelled.")
    # The cursor is shown again.
    assert out.rindex("\x1b[?25h") > out.rindex("\x1b[?25l")


async def test_silence(database_url: str, capsys: pytest.CaptureFixture[str]) -> None:
    await watched(database_url, silent)
    assert capsys.readouterr() == ("", "")
