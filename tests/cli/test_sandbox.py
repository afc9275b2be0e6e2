"""``sojourn sandbox`` as people run it: where everything is, what goes wrong in it, how it ends."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from sojourn.agents.directory import Directory
from sojourn.cli.sandbox import LARGEST
from sojourn.core.outcomes import Call, Completed
from sojourn.sandbox.online.jobs import titles
from tests.sandbox.worlds import call

COMMAND = [sys.executable, "-m", "sojourn", "sandbox", "--wait", "0"]


@contextmanager
def running(place: Path, *more: str) -> Iterator[tuple[subprocess.Popen[str], dict[str, Any]]]:
    """Run a world, and yield it with what it said of itself."""
    pipe = subprocess.PIPE
    # The settings of Sojourn, wrong ones even, have no part in it.
    env = os.environ | {"TMPDIR": str(place), "SOJOURN_POLL_SECONDS": "no"}
    command = [*COMMAND, "--json", *more]
    with subprocess.Popen(command, env=env, stdout=pipe, stderr=pipe, text=True) as process:
        assert process.stdout is not None
        try:
            yield process, json.loads(process.stdout.readline())
        finally:
            process.kill()


def left(place: Path) -> list[str]:
    return [path.name for path in place.iterdir()]


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


async def test_its_agents_work_and_what_goes_wrong_is_as_written(tmp_path: Path) -> None:
    scenarios = tmp_path / "scenarios.yaml"
    spells = "[{kind: bug, from_day: 2}]"
    scenarios.write_text(f"medtronic: {{start: 2026-03-01T00:00:00Z, spells: {spells}}}")
    with running(tmp_path, "--scenarios", str(scenarios)) as (process, told):
        assert set(told["agents"]) == set(titles())
        agents = Directory.load([Path(told["directory"])])
        for client, bugs in (("medtronic", 1), ("other", 0)):
            outcome = await agents.send(_asked(client))
            assert isinstance(outcome, Completed), outcome
            assert outcome.output["critical_bugs"] == bugs
        await agents.aclose()
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=30)
    assert process.returncode == 0
    assert not any(alive(pid) for pid in told["processes"])
    assert left(tmp_path) == ["scenarios.yaml"]


def _asked(client: str) -> Call:
    return replace(call(client, window="8h"), agent_id="issue-tracker-agent", uow_id=uuid4())


def test_a_directory_of_ones_own_is_kept(tmp_path: Path) -> None:
    with running(tmp_path, "--dir", str(tmp_path / "world")) as (process, told):
        process.terminate()
        out, err = process.communicate(timeout=30)
    assert (out, "stopping" in err) == ("", True)
    assert told["directory"] == str(tmp_path / "world" / "a2a_agents.yaml")
    assert Path(told["directory"]).exists()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("- a", "must map clients"),
        ("acme: {spells: [{kind: rain}]}", "acme: world.spells[0].kind"),
        ("a: [", "cannot be read"),
        ("a: " + "[" * 100_000, "cannot be read"),
        ("a: {}\n#" + "x" * LARGEST, "larger than 1,048,576 bytes"),
    ],
    ids=["list", "unknown kind", "cut short", "deep", "large"],
)
def test_a_bad_file_of_scenarios_is_refused_at_once(text: str, said: str, tmp_path: Path) -> None:
    scenarios = tmp_path / "scenarios.yaml"
    scenarios.write_text(text)
    done = subprocess.run(
        [*COMMAND, "--scenarios", str(scenarios)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_a_directory_that_cannot_be_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    done = subprocess.run(
        [*COMMAND, "--dir", str(tmp_path / "file")], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "--dir" in done.stderr
    assert "File exists" in done.stderr
