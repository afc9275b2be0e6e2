"""A small disk for PostgreSQL: a file system in memory that is filled to the last byte, and freed."""

import errno
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

CHUNK: Final = bytes(1 << 16)


class NoDisk(Exception):
    """No file system of its own can be had here, and why."""


@dataclass(frozen=True, slots=True)
class Disk:
    """A file system mounted at a folder."""

    folder: Path

    @property
    def ballast(self) -> Path:
        """Return the file that fills it."""
        return self.folder / "ballast"

    def fill(self) -> None:
        """Leave no room at all; whoever frees some on it finds it taken at the next call."""
        with self.ballast.open("ab", buffering=0) as file:
            try:
                while file.write(CHUNK):
                    continue
            except OSError as error:
                if error.errno != errno.ENOSPC:
                    raise

    def free(self) -> None:
        """Take the ballast away."""
        self.ballast.unlink(missing_ok=True)


@contextmanager
def small_disk(folder: Path, megabytes: int) -> Iterator[Disk]:
    """Move a folder to a file system of its own, which only root can mount; raises NoDisk."""
    if os.geteuid() != 0:
        raise NoDisk("only root can mount a file system")
    whole = folder.rename(folder.with_name(folder.name + ".whole"))
    folder.mkdir()
    try:
        _run("mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", str(folder))
    except NoDisk:
        folder.rmdir()
        whole.rename(folder)
        raise
    try:
        _run("cp", "-a", f"{whole}/.", str(folder))
        yield Disk(folder)
    finally:
        _run("umount", "--lazy", str(folder))


def _run(*command: str) -> None:
    try:
        subprocess.run(command, check=True, capture_output=True)
    except FileNotFoundError:
        raise NoDisk(f"there is no command {command[0]}") from None
    except subprocess.CalledProcessError as error:
        raise NoDisk(error.stderr.decode(errors="replace").strip()) from None
