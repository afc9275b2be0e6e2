"""``sojourn demo`` as people run it: how it ends, and what it leaves behind."""

import json
import os
import pty
import re
import select
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pytest

from sojourn.app import open_app
from sojourn.control.audit import verify
from sojourn.control.change import snapshot
from sojourn.control.door import resolve
from sojourn.settings import Settings

PROGRAM: Final = "import sys; from sojourn.cli import main; sys.exit(main())"
FAST: Final = ("--speed", "1e9")
BOUND: Final = 550
"""Seconds that a run may take on a machine that has much else to do."""


def command(*options: str) -> list[str]:
    return [sys.executable, "-c", PROGRAM, "demo", *options]


def environment(place: Path, **more: str) -> dict[str, str]:
    """Return an environment in which temporary files have a place of their own."""
    clean = {k: v for k, v in os.environ.items() if k not in ("NO_COLOR", "COLUMNS")}
    return clean | {"TMPDIR": str(place)} | more


def demonstrated(place: Path, *options: str, **more: str) -> subprocess.CompletedProcess[str]:
    env = environment(place, **more)
    return subprocess.run(
        command(*options), env=env, capture_output=True, text=True, timeout=BOUND, check=False
    )


@contextmanager
def running(place: Path, *options: str) -> Iterator[subprocess.Popen[str]]:
    """Start a demonstration that has begun its journey; kill it if the test did not end it."""
    pipe = subprocess.PIPE
    env = environment(place, PYTHONUNBUFFERED="1")
    with subprocess.Popen(
        command("--plain", *options), env=env, stdout=pipe, stderr=pipe, text=True
    ) as process:
        assert process.stdout is not None
        try:
            for line in process.stdout:
                if "Sandbox is open" in line:
                    break
            yield process
        finally:
            process.kill()


def nothing_is_left(place: Path) -> bool:
    listed = subprocess.run(
        ["ps", "-eo", "args", "-ww"], capture_output=True, text=True, check=True
    )
    return list(place.iterdir()) == [] and str(place) not in listed.stdout


def test_the_happy_journey_ends_well_and_leaves_nothing(empty_data_dir: Path) -> None:
    # The user's own settings, wrong ones even, have no part in it.
    own = {"SOJOURN_DATABASE_URL": "postgresql://nowhere.invalid/x", "SOJOURN_POLL_SECONDS": "no"}
    done = demonstrated(empty_data_dir, "--json", *FAST, **own)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    story = json.loads(done.stdout)
    assert story["ok"]
    assert story["stage"] == "completed"
    assert story["total"]["days"] < story["total"]["aim_days"]
    assert story["audit"]["intact"]
    agents = {agent["agent"]: agent["completed"] for agent in story["agents"]}
    assert agents["performance-agent"] > 50
    assert nothing_is_left(empty_data_dir)


@pytest.mark.parametrize(
    ("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)]
)
def test_whoever_stops_it_finds_everything_put_away(
    number: signal.Signals, status: int, empty_data_dir: Path
) -> None:
    with running(empty_data_dir) as process:
        process.send_signal(number)
        _, err = process.communicate(timeout=60)
    assert process.returncode == status
    assert "Traceback" not in err
    assert nothing_is_left(empty_data_dir)


async def test_a_killed_demonstration_leaves_data_that_can_be_opened(empty_data_dir: Path) -> None:
    kept = empty_data_dir / "kept"
    with running(empty_data_dir, "--keep", str(kept)) as process:
        process.kill()
        process.wait(timeout=60)
    async with open_app(Settings(data_dir=kept)) as app:
        journey_id = await resolve(app.door, "medtronic")
        async with app.door.db.connection() as connection:
            shot = await snapshot(connection, app.door, journey_id, app.door.now())
        assert shot.state.current_stage == "sandbox"
        assert shot.units
        [[found]] = [batch async for batch in verify(app.door, journey_id)]
        assert found.faults == ()


def test_a_demonstration_that_does_not_end_in_time_says_where_it_stands(
    empty_data_dir: Path,
) -> None:
    done = demonstrated(empty_data_dir, "--timeout", "3", "--speed", "3600")
    assert done.returncode == 1
    assert "✗ stopped: not done in 3 seconds" in done.stdout
    assert "medtronic (healthcare@1) is in sandbox for" in done.stdout
    assert "data_sources" in done.stdout
    last = done.stdout.rstrip().splitlines()[-1]
    assert last == "✗ FAILED: medtronic did not end as scenario happy says."
    assert nothing_is_left(empty_data_dir)


def test_an_unknown_scenario_is_refused_before_anything_begins(empty_data_dir: Path) -> None:
    done = demonstrated(empty_data_dir, "--scenario", "lateny-regression")
    assert done.returncode == 2
    assert "did you mean 'latency-regression'?" in done.stderr
    assert nothing_is_left(empty_data_dir)


def on_a_terminal(place: Path, *options: str, **more: str) -> tuple[int, str]:
    """Run on a terminal of 80 columns and 24 lines; return the status and all that was written."""
    ours, theirs = pty.openpty()
    env = environment(place, TERM="xterm-256color", COLUMNS="80", LINES="24", **more)
    with subprocess.Popen(
        command(*options), env=env, stdin=theirs, stdout=theirs, stderr=theirs, process_group=0
    ) as process:
        os.close(theirs)
        written = b"".join(_read(ours))
        os.close(ours)
        return process.wait(timeout=60), written.decode()


def _read(terminal: int) -> Iterator[bytes]:
    """Yield what is written until the other side is closed, or for as long as a run may take."""
    while select.select([terminal], [], [], BOUND)[0]:
        try:
            part = os.read(terminal, 65536)
        except OSError:
            return
        if not part:
            return
        yield part


def test_on_a_terminal_it_is_drawn_and_then_reported(empty_data_dir: Path) -> None:
    options = ("--scenario", "cancelled", *FAST)
    status, written = on_a_terminal(empty_data_dir, *options, NO_COLOR="1")
    assert status == 0
    drawing, _, told = written.partition("\x1b[?1049l")
    assert drawing.count("\x1b[?1049h") == 1
    for part in ("▶ Sandbox", "Gate sandbox/exit", "Client stakeholder demo approved", "▶ Pilot"):
        assert part in drawing
    assert "Report: medtronic on healthcare@1, cancelled" in told
    assert told.rstrip().endswith("✓ PASSED: medtronic is cancelled, as the scenario says.")
    # NO_COLOR: bold and reverse may be, colours may not.
    assert not re.search(r"\x1b\[(?:\d+;)*(?:3[0-7]|38|9[0-7])(?:;\d+)*m", written)
    assert nothing_is_left(empty_data_dir)
