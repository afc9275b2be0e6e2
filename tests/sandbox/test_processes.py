import socket
from pathlib import Path

import pytest

from sojourn.sandbox.processes import Child, NotStarted, free_port


async def test_a_process_that_does_not_start_leaves_its_last_words(tmp_path: Path) -> None:
    child = Child("sojourn.sandbox.search_service", {}, tmp_path / "log")
    with pytest.raises(NotStarted, match="KeyError: 'secret'"):
        await child.start()
    assert child.pid is None


async def test_a_process_is_started_again_where_it_was(tmp_path: Path) -> None:
    child = Child("sojourn.sandbox.search_service", {"secret": "s"}, tmp_path / "log")
    await child.start()
    try:
        url, pid = child.url, child.pid
        await child.kill()
        await child.start()
        assert child.url == url
        assert child.pid not in (None, pid)
    finally:
        await child.stop()
    await child.stop()


def test_a_free_port_can_be_listened_on() -> None:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", free_port()))
