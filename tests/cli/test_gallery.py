"""A demonstration with its pages: they are there while it plays, and until they are ended."""

import json
import os
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Final

QUICK: Final = ("--scenario", "cancelled", "--speed", "1e9", "--serve", "--json")


@contextmanager
def served(place: Path, *options: str) -> Iterator[tuple[subprocess.Popen[str], dict[str, Any]]]:
    command = [sys.executable, "-m", "sojourn", "demo", *QUICK, *options]
    env = os.environ | {"TMPDIR": str(place)}
    pipe = subprocess.PIPE
    with subprocess.Popen(
        command, env=env, stdin=pipe, stdout=pipe, stderr=pipe, text=True
    ) as process:
        assert process.stdout is not None
        try:
            yield process, json.loads(process.stdout.readline())
        finally:
            process.kill()


def until_closed(lines: IO[str]) -> Iterator[str]:
    """Yield the lines of one JSON document."""
    for line in lines:
        yield line
        if line == "}\n":
            return


def test_the_pages_stay_after_the_play_until_ctrl_c(empty_data_dir: Path) -> None:
    with served(empty_data_dir) as (process, told):
        assert process.stdout is not None
        story = json.loads("".join(until_closed(process.stdout)))
        assert (story["ok"], story["stage"]) == (True, "cancelled")
        pages = urllib.request.build_opener(urllib.request.HTTPCookieProcessor())
        assert pages.open(told["link"]).status == 200
        with pages.open(f"{told['url']}/journeys/{story['client']}") as page:
            assert "Cancelled" in page.read().decode()
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 0
    assert list(empty_data_dir.iterdir()) == []


def test_an_attached_one_ends_with_who_began_it(empty_data_dir: Path) -> None:
    with served(empty_data_dir, "--attached") as (process, _):
        assert process.stdin is not None
        process.stdin.close()
        assert process.wait(120) in (0, 128 + signal.SIGTERM)
    assert list(empty_data_dir.iterdir()) == []
