import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from tests.cli.terminal import Terminal


@pytest.fixture
def cli(
    database_url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Iterator[Terminal]:
    """A terminal on a database of the test's own."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield Terminal(database_url, tmp_path, monkeypatch, capsys)
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


@pytest.fixture
def acme(cli: Terminal) -> Terminal:
    """A terminal on a database in which acme has been admitted to the sandbox of the small path."""
    cli.start()
    return cli
