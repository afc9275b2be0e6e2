import json
import os
import subprocess
import sys
from pathlib import Path
from time import monotonic, sleep

import httpx
import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from sojourn.sandbox.serving import listen, serving, url_of

APP = Starlette(routes=[Route("/", lambda _: PlainTextResponse("here"))])


async def test_an_application_is_served_and_then_not() -> None:
    async with httpx.AsyncClient() as http:
        async with serving(APP) as url:
            assert (await http.get(url)).text == "here"
        with pytest.raises(httpx.TransportError):
            await http.get(url)


async def test_a_given_socket_is_used() -> None:
    sock = listen()
    async with serving(APP, sock) as url:
        assert url == url_of(sock)
        with pytest.raises(OSError, match="in use"):
            listen(sock.getsockname()[1])


def test_a_process_ends_when_its_parent_is_killed(tmp_path: Path) -> None:
    parent = tmp_path / "parent.py"
    parent.write_text(
        "import asyncio, sys\n"
        "from pathlib import Path\n"
        "from sojourn.sandbox.processes import Child\n"
        "async def main():\n"
        "    child = Child('sojourn.sandbox.search_service', {'secret': 's'}, Path(sys.argv[1]))\n"
        "    await child.start()\n"
        "    print(child.pid, child.url, flush=True)\n"
        "    await asyncio.sleep(60)\n"
        "asyncio.run(main())\n"
    )
    command = [sys.executable, str(parent), str(tmp_path / "log")]
    running = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert running.stdout is not None
        pid, url = running.stdout.readline().split()
        assert alive(int(pid))
        running.kill()
        ends = monotonic() + 10
        while alive(int(pid)) and monotonic() < ends:
            sleep(0.02)
        assert not alive(int(pid))
        with pytest.raises(httpx.TransportError):
            httpx.get(url)
    finally:
        running.kill()
        running.communicate()


def alive(pid: int) -> bool:
    """Say whether a process runs; one that has ended and was not waited for does not."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    state = Path(f"/proc/{pid}/stat")
    return not state.exists() or state.read_text().rpartition(")")[2].split()[0] != "Z"


def test_a_process_says_where_it_serves_and_ends_with_its_input() -> None:
    command = [sys.executable, "-m", "sojourn.sandbox.search_service"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as running:
        assert running.stdin is not None
        assert running.stdout is not None
        running.stdin.write(b'{"secret": "s"}\n')
        running.stdin.flush()
        url = json.loads(running.stdout.readline())["url"]
        assert httpx.get(f"{url}/openapi.json").status_code == 200
        running.stdin.close()
        assert running.wait(timeout=10) == 0
