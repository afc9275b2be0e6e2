"""The README's tour and the tutorial are true: their commands run, one after another."""

import json
import os
import re
import shlex
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SOJOURN = [sys.executable, "-m", "sojourn"]


def commands(page: str) -> list[str]:
    blocks = re.findall(r"```console\n(.*?)```", (ROOT / page).read_text(), re.DOTALL)
    return [line.removeprefix("$ ") for block in blocks for line in block.splitlines()]


def files(page: str) -> list[tuple[str, str]]:
    shown = r"Save this as `([^`]+)`:\n\n```\w+\n(.*?)```"
    return re.findall(shown, (ROOT / page).read_text(), re.DOTALL)


@pytest.fixture
def environ(empty_data_dir: Path) -> dict[str, str]:
    """A data directory of the tour's own, whose server is stopped whatever happens."""
    own = {k: v for k, v in os.environ.items() if not k.startswith("SOJOURN_")}
    return own | {"SOJOURN_DATA_DIR": str(empty_data_dir), "SOJOURN_LOG_LEVEL": "error"}


def run(arguments: list[str], environ: dict[str, str], folder: Path) -> str:
    told = subprocess.run(
        [*SOJOURN, *arguments],
        env=environ,
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert told.returncode == 0, f"sojourn {shlex.join(arguments)}: {told.stdout}{told.stderr}"
    return told.stdout


def settled(client: str, environ: dict[str, str], folder: Path) -> None:
    """Wait until the engine has done what it can, and somebody else has the ball."""
    for _ in range(100):
        shown = json.loads(run(["explain", client, "--json"], environ, folder))
        if shown["ball"] not in ("agent", "nobody"):
            return
        time.sleep(0.2)
    raise AssertionError(f"{client} does not come to rest: {shown['sentences']}")


@pytest.mark.parametrize(
    ("page", "client"), [("README.md", "medtronic"), ("docs/tutorial.md", "acme")]
)
def test_the_commands_run_as_they_stand(
    page: str, client: str, environ: dict[str, str], tmp_path: Path
) -> None:
    for name, text in files(page):
        (tmp_path / name).write_text(text)
        environ |= {"SOJOURN_AGENTS": str(tmp_path / "agents.yaml"), "PYTHONPATH": str(tmp_path)}
    worker: subprocess.Popen[bytes] | None = None
    try:
        for line in commands(page):
            arguments = shlex.split(line)[1:]
            if arguments[-1] == "&":
                worker = subprocess.Popen([*SOJOURN, *arguments[:-1]], env=environ, cwd=tmp_path)
            else:
                run(arguments, environ, tmp_path)
            if worker is not None and arguments[0] in ("worker", "record", "approve"):
                settled(client, environ, tmp_path)
    finally:
        if worker is not None:
            worker.terminate()
            worker.wait(30)


def test_every_link_of_the_readme_leads_somewhere() -> None:
    text = (ROOT / "README.md").read_text()
    for target in re.findall(r"\]\(([^)#]+)\)", text):
        assert (ROOT / target).exists(), target
