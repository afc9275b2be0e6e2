"""Real workers (``sojourn worker``) and agents, forked from a process that has imported them.

``python -m tests.faults.cradle`` reads one JSON line for each wish and answers with one number:
``{"spawn": "worker", "env": {...}}`` its pid, ``{"wait": pid}`` how it ended.
"""

import json
import os
import signal
import socket
import sys
import traceback
from typing import Any

from sojourn.cli.main import main as sojourn
from sojourn.cli.main import program
from sojourn.control.door import Door
from sojourn.engine import engine
from sojourn.engine.notifier import Notifier
from tests.faults import agents, blunders


def _private(door: Door, poll: float, **_: Any) -> Notifier:
    """Tell webhooks on loopback, too: the tests' receiver lives there."""
    return Notifier(door, poll, private=True)


def _worker() -> None:
    setattr(engine, "Notifier", _private)  # noqa: B010
    blunders.commit(os.environ.get(blunders.WITHOUT, ""))
    sys.exit(sojourn(["worker", "--json"]))


def _spawn(what: str, env: dict[str, str], listening: socket.socket) -> int:
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
        _worker() if what == "worker" else agents.serve(listening)
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
    with socket.create_server(("127.0.0.1", 0), backlog=200) as listening:
        print(listening.getsockname()[1], flush=True)
        for line in sys.stdin:
            wish: dict[str, Any] = json.loads(line)
            if "wait" in wish:
                status = os.waitpid(wish["wait"], 0)[1]
                children.discard(wish["wait"])
                print(os.waitstatus_to_exitcode(status), flush=True)
            else:
                pid = _spawn(wish["spawn"], wish["env"], listening)
                children.add(pid)
                print(pid, flush=True)
    for child in children:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


if __name__ == "__main__":
    main()
