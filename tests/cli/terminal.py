"""A terminal for tests: runs command lines in this process, and the engine between them."""

import asyncio
import io
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from sojourn.app import open_app
from sojourn.cli.main import main
from sojourn.settings import Settings
from sojourn.store.postgres import open_database
from tests.doors import dump
from tests.journeys.small import SMALL
from tests.journeys.story import Story

AGENTS = """
agents:
  builder: { protocol: python, target: "tests.cli.agents:build" }
  remover: { protocol: python, target: "tests.cli.agents:build" }
  teller: { protocol: python, target: "tests.cli.agents:build" }
"""


@dataclass(frozen=True)
class Ran:
    """What a command line printed, and its exit status."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def lines(self) -> list[Any]:
        """Return what was printed as one JSON document a line."""
        return [json.loads(line) for line in self.out.splitlines()]

    @property
    def error(self) -> dict[str, Any]:
        """Return the error that was printed as JSON."""
        assert self.out == ""
        error = json.loads(self.err)["error"]
        assert error.keys() >= {"code", "message", "remedy"}
        return dict(error)


class Terminal:
    """Runs ``sojourn`` with words as arguments on a database of its own."""

    def __init__(
        self,
        url: str,
        folder: Path,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        self.folder = folder
        self.environ = {
            "SOJOURN_DATABASE_URL": url,
            "SOJOURN_DATA_DIR": str(folder / "data"),
            "SOJOURN_AGENTS": self.write("agents.yaml", AGENTS),
        }
        self._monkeypatch = monkeypatch
        self._capsys = capsys
        for name, value in self.environ.items():
            monkeypatch.setenv(name, value)
        self.small = self.write("small.yaml", SMALL)

    def __call__(self, *words: str, code: int = 0, stdin: bytes = b"") -> Ran:
        """Run a command line, which has to end with ``code``."""
        self._monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        self._capsys.readouterr()
        status = main(words)
        out, err = self._capsys.readouterr()
        assert status == code, f"sojourn {' '.join(words)} ended with {status}\n{out}\n{err}"
        assert "Traceback" not in err
        return Ran(status, out, err)

    def refused(self, *words: str, code: int, stdin: bytes = b"") -> str:
        """Run a command line that fails and changes nothing; return the line that it says."""
        before = self.dump()
        ran = self(*words, code=code, stdin=stdin)
        assert ran.out == ""
        assert ran.err.startswith("error: ")
        error = self(*words, "--json", code=code, stdin=stdin).error
        assert (
            ran.err.strip()
            .splitlines()[-1]
            .startswith(f"error: {error['message']}".splitlines()[-1][:200])
        )
        assert self.dump() == before
        return ran.err.strip()

    def dry(self, *words: str, stdin: bytes = b"") -> Any:
        """Run a change as a dry run: nothing may differ; return what it says in JSON."""
        before = self.dump()
        assert "dry run" in self(*words, "--dry-run", stdin=stdin).out
        told = self(*words, "--dry-run", "--json", stdin=stdin).json
        assert told["dry_run"] is True
        assert self.dump() == before
        return told

    def write(self, name: str, text: str | bytes) -> str:
        """Write a file and return its name."""
        file = self.folder / name
        data = text if isinstance(text, bytes) else dedent(text).encode()
        file.write_bytes(data)
        return str(file)

    def start(self, client: str = "acme", *words: str, facts: bool = True) -> None:
        """Start a client on the small path, admitted to its first stage unless told otherwise."""
        told = ("--fact", "contract_signed=true") if facts else ()
        self("start", client, "--path", self.small, *told, *words)

    def settle(self) -> None:
        """Let the engine do all that is due."""

        async def work() -> None:
            async with open_app(Settings.load()) as app:
                story = Story(app.door, app.agents)
                await story.settle()
                await story.worker.close()
                await story.lease.close()

        asyncio.run(work())

    def spawn(self, *words: str, **environ: str) -> "subprocess.Popen[str]":
        """Begin a command line in a process of its own; the test ends it."""
        return subprocess.Popen(
            [sys.executable, "-m", "sojourn", *words],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=os.environ | self.environ | environ,
        )

    def dump(self) -> dict[str, list[str]]:
        """Return everything that the database holds of journeys."""
        return asyncio.run(self._dump())

    async def _dump(self) -> dict[str, list[str]]:
        url = self.environ["SOJOURN_DATABASE_URL"]
        async with open_database(url, Path()) as db:
            return await dump(db)

    def sql(self, statement: str) -> list[tuple[Any, ...]]:
        """Run a statement against the database, past all doors."""

        async def work() -> list[tuple[Any, ...]]:
            url = self.environ["SOJOURN_DATABASE_URL"]
            async with open_database(url, Path()) as db, db.connection() as connection:
                cursor = await connection.execute(statement.encode())
                return await cursor.fetchall() if cursor.description else []

        return asyncio.run(work())
