"""Set-up as someone new meets it, without the minute that installing takes."""

import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent


def make(*arguments: str) -> subprocess.CompletedProcess[str]:
    # Run by `make test`, this process has make's own variables; they are not meant for these.
    clean = {key: value for key, value in os.environ.items() if not key.startswith("MAKE")}
    command = ["make", "--no-print-directory", *arguments]
    return subprocess.run(command, cwd=ROOT, env=clean, capture_output=True, text=True, check=False)


def test_plain_make_lists_every_target_with_a_line() -> None:
    phony = re.search(r"^\.PHONY: (.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert phony
    listed = [line.split(maxsplit=2) for line in make().stdout.splitlines()]
    assert [words[1] for words in listed] == phony[1].split()
    assert all(len(words) == 3 for words in listed)


def test_without_a_python_that_is_new_enough_the_remedy_is_named(tmp_path: Path) -> None:
    old = tmp_path / "python2"
    old.write_text("#!/bin/sh\nexit 1\n")
    old.chmod(0o755)
    venv = tmp_path / "venv"
    done = make(f"PYTHONS={old} nowhere", f"VENV={venv}", f"{venv}/.ready")
    assert done.returncode != 0
    assert "needs Python 3.11 or newer" in done.stderr
    assert "apt-get install python3" in done.stderr
    assert not venv.exists()


def test_without_the_venv_module_the_remedy_is_named(tmp_path: Path) -> None:
    bare = tmp_path / "bare"
    bare.write_text(f'#!/bin/sh\n[ "$1" = -m ] && exit 1\nexec {sys.executable} "$@"\n')
    bare.chmod(0o755)
    venv = tmp_path / "venv"
    venv.mkdir()
    done = make(f"PYTHONS={bare}", f"VENV={venv}", f"{venv}/.ready")
    assert done.returncode != 0
    assert "apt-get install python3-venv" in done.stderr
    assert not venv.exists()


def test_the_lock_names_versions_and_hashes_and_no_place() -> None:
    lock = (ROOT / "requirements.lock").read_text()
    assert "://" not in lock
    requirements = re.split(r"\n(?=\S)", lock.strip())
    assert len(requirements) > 20
    for requirement in requirements:
        assert re.match(r"[a-z0-9.\[\],-]+==\S+", requirement)
        assert "--hash=sha256:" in requirement
