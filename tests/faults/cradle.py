"""Real workers (``sojourn worker``), APIs (``sojourn serve``) and agents, forked from one process.

``python -m tests.faults.cradle`` prints the agent's port and the API's, reads one JSON line for each
wish and answers with one number: ``{"spawn": "worker", "env": {...}}`` its pid, ``{"wait": pid}`` how
it ended. ``api`` and ``web`` are spawned likewise; whatever they die of, their ports stay.
"""

import json
import os
import signal
import socket
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any

from sojourn.cli import web
from sojourn.cli.main import main as sojourn
from sojourn.cli.main import program
from sojourn.control.door import Door
from sojourn.engine import engine
from sojourn.engine.notifier import Notifier
from tests.faults import agents, blunders


def _private(door: Door, poll: float, **_: Any) -> Notifier:
    """Tell webhooks on loopback, too: the tests' receiver lives there."""
    return Notifier(door, poll, private=True)


def _careless() -> None:
    setattr(engine, "Notifier", _private)  # noqa: B010
    blunders.commit(os.environ.get(blunders.WITHOUT, ""))


def _worker(_: socket.socket) -> None:
    _careless()
    sys.exit(sojourn(["worker", "--json"]))


def _api(listening: socket.socket) -> None:
    """Serve on the cradle's socket, as under a supervisor that holds it; several share it."""

    @contextmanager
    def inherited(*_: object) -> Iterator[socket.socket]:
        listening.setblocking(False)
        yield listening

    setattr(web, "listening", inherited)  # noqa: B010
    _careless()
    sys.exit(sojourn(["serve", "--json"]))


WHAT: dict[str, Callable[[socket.socket], None]] = {
    "worker": _worker,
    "api": _api,
    "web": agents.serve,
}


def _spawn(what: str, env: dict[str, str], listening: socket.socket) -> int:
    if what == "api":
        import_module("sojourn.app.serving")  # once for all of them
    pid = os.fork()
    if pid:
        return pid
    code = 1
    try:
        os.environ.update(env)
        log = os.open(env["SOJOURN_TEST_LOG"], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        os.dup2(log, 1)
        os.dup2(log, 2)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        WHAT[what](listening)
        code = 0
    except SystemExit as end:
        code = int(end.code or 0)
    except Exception:  # noqa: BLE001 -- whatever it is, it is told, and the process ends
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def main() -> None:
    """Spawn on demand; at the end kill what is left."""
    program()
    children: set[int] = set()
    here = ("127.0.0.1", 0)
    with (
        socket.create_server(here, backlog=200) as ours,
        socket.create_server(here, backlog=200) as site,
    ):
        print(ours.getsockname()[1], site.getsockname()[1], sep="\n", flush=True)
        for line in sys.stdin:
            wish: dict[str, Any] = json.loads(line)
            if "wait" in wish:
                status = os.waitpid(wish["wait"], 0)[1]
                children.discard(wish["wait"])
                print(os.waitstatus_to_exitcode(status), flush=True)
            else:
                where = site if wish["spawn"] == "api" else ours
                pid = _spawn(wish["spawn"], wish["env"], where)
                children.add(pid)
                print(pid, flush=True)
    for child in children:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


if __name__ == "__main__":
    main()
