"""Versions of the product before this one, from the history, to run beside it."""

import io
import os
import subprocess
import tarfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).absolute().parents[2]
COMMIT: Final = "SOJOURN_PREVIOUS"
"""The variable that names another commit than the one that would be taken."""
CODE: Final = "src/sojourn"
SCHEMA: Final = "src/sojourn/store/migrations"
BACK: Final = 10
"""How many changes of the product lie between this version and the previous, at most."""


class NoHistory(Exception):
    """There is no previous version to be had, and why."""


@dataclass(frozen=True, slots=True)
class Version:
    """A version's source, laid out in a folder of its own."""

    commit: str
    source: Path

    @property
    def migrations(self) -> Path:
        """Return the folder of its migrations."""
        return self.source / "sojourn/store/migrations"


def of_this_schema(folder: Path) -> Version:
    """Return a version some changes ago that has the same migrations; raises NoHistory."""
    if named := os.environ.get(COMMIT):
        return _laid_out(named, folder)
    now = _files(ROOT / SCHEMA)
    for commit in reversed(_git("log", f"-{BACK + 1}", "--format=%H", "--", CODE).split()[1:]):
        if _listed(commit) == now:
            return _laid_out(commit, folder)
    raise NoHistory("the schema is newer than all before; test_upgrade.py deploys across that")


def of_schema_before(folder: Path) -> Version:
    """Return the newest version that lacks the newest migration; raises NoHistory."""
    newest = max(_files(ROOT / SCHEMA))
    [*made] = _git("log", "--format=%H", "--diff-filter=A", "--", f"{SCHEMA}/{newest}").split()
    if not made:  # it is not committed yet
        return _laid_out("HEAD", folder)
    return _laid_out(f"{made[-1]}^", folder)


def _files(folder: Path) -> set[str]:
    return {file.name for file in folder.glob("*.sql")}


def _listed(commit: str) -> set[str]:
    names = _git("ls-tree", "--name-only", commit, f"{SCHEMA}/").split()
    return {Path(name).name for name in names}


def _laid_out(commit: str, folder: Path) -> Version:
    try:
        packed = _run("archive", "--format=tar", commit, "src")
    except subprocess.CalledProcessError as error:
        told = error.stderr.decode(errors="replace").strip()
        raise NoHistory(f"the history does not have {commit}: {told}") from None
    with tarfile.open(fileobj=io.BytesIO(packed)) as tar:
        tar.extractall(folder, filter="data")
    return Version(commit, folder / "src")


def _git(*words: str) -> str:
    try:
        if _run("rev-parse", "--show-prefix").strip():
            raise NoHistory("this tree is a part of another repository")
        if _run("rev-parse", "--is-shallow-repository").strip() == b"true":
            raise NoHistory("this clone has no history; git fetch --unshallow")
        return _run(*words).decode()
    except FileNotFoundError:
        raise NoHistory("git is not installed") from None
    except subprocess.CalledProcessError as error:
        told = error.stderr.decode(errors="replace").strip()
        raise NoHistory(f"there is no history here: {told}") from None


def _run(*words: str) -> bytes:
    return subprocess.run(["git", "-C", str(ROOT), *words], check=True, capture_output=True).stdout
