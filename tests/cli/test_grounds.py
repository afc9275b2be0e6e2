"""A demonstration's directory is gone afterwards, and a signal ends it in good order."""

import asyncio
import fcntl
import logging
import os
import signal
import time
from pathlib import Path

import pytest
import structlog
import typer

from sojourn.cli import grounds
from sojourn.cli.failures import Failure
from sojourn.cli.grounds import OLD, PREFIX, directory, logged, run, sweep
from sojourn.settings import Settings


def test_a_directory_of_its_own_is_removed_whatever_happens() -> None:
    seen: list[Path] = []
    with pytest.raises(KeyboardInterrupt), directory(None) as path:
        seen.append(path)
        (path / "pg").mkdir()
        assert path.name.startswith(PREFIX)
        assert path.stat().st_mode & 0o777 == 0o755
        raise KeyboardInterrupt
    assert not seen[0].exists()


def test_a_directory_that_is_to_be_kept_is_new_and_stays(tmp_path: Path) -> None:
    with directory(tmp_path / "a" / "b") as path:
        (path / "file").touch()
    assert (tmp_path / "a" / "b" / "file").exists()
    with pytest.raises(Failure, match="not empty"), directory(tmp_path / "a" / "b"):
        pass
    with pytest.raises(Failure, match="--keep"), directory(tmp_path / "a" / "b" / "file"):
        pass


def left_behind(parent: Path, name: str, age: float) -> Path:
    path = parent / f"{PREFIX}{name}"
    path.mkdir()
    (path / "use.lock").touch()
    os.utime(path / "use.lock", times=(time.time() - age, time.time() - age))
    return path


def test_what_a_killed_demonstration_left_is_swept_up_and_nothing_else(tmp_path: Path) -> None:
    dead = left_behind(tmp_path, "dead", OLD + 10)
    young = left_behind(tmp_path, "young", 1)
    used = left_behind(tmp_path, "used", OLD + 10)
    starting = tmp_path / f"{PREFIX}starting"
    starting.mkdir()
    other = tmp_path / "other"
    other.mkdir()
    with (used / "use.lock").open("ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_SH)
        sweep(tmp_path)
    assert not dead.exists()
    assert all(path.exists() for path in (young, used, starting, other))


def test_logs_go_to_a_file_and_not_to_the_screen(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = logging.getLogger().handlers[:]
    try:
        with logged(Settings(data_dir=tmp_path, log_format="json")) as path:
            structlog.get_logger().warning("took over from lost workers", tasks=2)
        assert '"took over from lost workers"' in path.read_text()
        assert capsys.readouterr() == ("", "")
    finally:
        logging.getLogger().handlers[:] = before
        structlog.reset_defaults()


@pytest.mark.parametrize("number", grounds.SIGNALS)
def test_a_signal_ends_the_work_with_everything_put_away(number: signal.Signals) -> None:
    put_away: list[str] = []

    async def work() -> None:
        try:
            os.kill(os.getpid(), number)
            await asyncio.sleep(30)
        finally:
            # A second signal does not stop the putting away.
            os.kill(os.getpid(), number)
            await asyncio.sleep(0.05)
            put_away.append("done")

    handlers = {n: signal.getsignal(n) for n in grounds.SIGNALS}
    try:
        if number == signal.SIGINT:
            with pytest.raises(KeyboardInterrupt):
                run(work())
        else:
            with pytest.raises(typer.Exit) as ended:
                run(work())
            assert ended.value.exit_code == 128 + number
    finally:
        for n, handler in handlers.items():
            signal.signal(n, handler)
    assert put_away == ["done"]


def test_a_signal_that_was_missed_can_be_given_again() -> None:
    missed: list[str] = []

    async def work() -> None:
        for _ in range(2):
            os.kill(os.getpid(), signal.SIGTERM)
            try:
                await asyncio.sleep(30)
            except asyncio.CancelledError:
                if missed:
                    raise
                missed.append("once")

    handlers = {n: signal.getsignal(n) for n in grounds.SIGNALS}
    try:
        with pytest.raises(typer.Exit):
            run(work(), insist=0.0)
    finally:
        for n, handler in handlers.items():
            signal.signal(n, handler)
    assert missed == ["once"]


def test_a_result_and_an_error_pass_through() -> None:
    async def seven() -> int:
        return 7

    async def wrong() -> int:
        raise ValueError("no")

    assert run(seven()) == 7
    with pytest.raises(ValueError, match="no"):
        run(wrong())
