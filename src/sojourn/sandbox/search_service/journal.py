"""What changed, one JSON line a change, so that a killed service finds everything again."""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import orjson

END: Final = b"\n"


class Journal:
    """An append-only file, or nothing at all where no path is given."""

    def __init__(self, path: Path | None) -> None:
        """Open the file; a line that a crash cut short is cut off."""
        self._file: int | None = None
        self._path = path
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
            self._mend(path)

    def entries(self) -> Iterator[Mapping[str, Any]]:
        """Yield every change that was written down, oldest first."""
        if self._path is None:
            return
        with self._path.open("rb") as lines:
            for line in lines:
                yield orjson.loads(line)

    def write(self, entry: Mapping[str, Any]) -> None:
        """Append a change; it outlives the process from here on.

        Raises OSError where it cannot be written, on a full disk for instance, and leaves no
        part of it behind.
        """
        if self._file is None:
            return
        before = os.fstat(self._file).st_size
        line = orjson.dumps(entry) + END
        try:
            while line:
                line = line[os.write(self._file, line) :]
        except OSError:
            os.ftruncate(self._file, before)
            raise

    def close(self) -> None:
        """Let go of the file."""
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def _mend(self, path: Path) -> None:
        text = path.read_bytes()
        whole = text.rfind(END) + 1
        if self._file is not None and whole < len(text):
            os.ftruncate(self._file, whole)
