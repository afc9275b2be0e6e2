"""Agents that count: every call is written down, with its key, before anything else is done.

One is a callable in the worker's own process, one a server of plain HTTP in a process of its own.
What they do is said by the task's input: ``nap`` seconds of work, ``fails`` so many attempts,
``hopeless`` never succeeds, ``drops`` its first reply, ``remote`` is done elsewhere and asked for.
What is asked at ``/back`` is answered at once, and its end is called back.
"""

import asyncio
import json
import os
import socket
import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from socketserver import ThreadingMixIn
from typing import Any, ClassVar

from sojourn.agents.about import about
from sojourn.core.outcomes import Call, Failed, Outcome, Rejected, Working
from tests.faults.calling import call_back, unheard

CALLS = "SOJOURN_TEST_CALLS"
"""The variable that names the folder in which calls are written down."""


class Book:
    """A file of one line for each call; a line is written whole or, by a kill, not at all."""

    def __init__(self, name: str) -> None:
        self.path = Path(os.environ[CALLS], name)
        self._file = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)

    def note(self, what: str, told: dict[str, Any]) -> None:
        line = {"what": what, "at": time.time(), "pid": os.getpid(), **told}
        os.write(self._file, b"\n" + json.dumps(line).encode() + b"\n")


def lines(path: Path) -> list[dict[str, Any]]:
    """Return what a book holds."""
    text = path.read_text() if path.exists() else ""
    return [json.loads(line) for line in text.split("\n") if line.endswith("}")]


def answer(told: dict[str, Any]) -> dict[str, Any]:
    """Return the output of a call: which attempt it was, under which fence."""
    return {"n": 1, "key": told["idempotency_key"], "fence": told["fence"]}


async def work(call: Call) -> Outcome | dict[str, Any]:
    """Do a task in the worker's process."""
    told, given = about(call), call.input_data
    Book("callable").note("polled" if call.handle else "asked", told)
    await asyncio.sleep(float(given.get("nap", 0)))
    if given.get("hopeless"):
        return Rejected("never")
    if call.retry_count < int(given.get("fails", 0)):
        return Failed("not this time")
    if given.get("remote") and not call.handle:
        return Working({"key": call.key, "fence": call.fence})
    return answer(told) | {"fence": (call.handle or told)["fence"]}


class Web(BaseHTTPRequestHandler):
    """POST / and /back take work, GET /<key> says how it goes, POST /hook takes events."""

    protocol_version = "HTTP/1.1"
    book: Book
    known: ClassVar[dict[str, dict[str, Any]]] = {}
    dropped: ClassVar[set[str]] = set()

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.path == "/hook":
            self.book.note("told", {"id": self.headers["webhook-id"], "event": body})
            return self._say(204, None)
        told = {k: v for k, v in body.items() if k != "input_data"}
        given = body["input_data"]
        key = told["idempotency_key"]
        back = self.path == "/back"
        header = self.headers["Idempotency-Key"]
        noted = {**told, "header": header, "given": given, "by_callback": back}
        self.book.note("asked", noted)
        first = self.known.setdefault(key, {**told, "given": given, "at": time.time()})
        if back:
            call_back(told, self.result(first), float(given.get("nap", 0)), self.book.note)
        if given.get("drops") and key not in self.dropped:
            self.dropped.add(key)
            self.close_connection = True
            return None
        if back:
            return self._say(202, {"status": "accepted"})
        if given.get("remote"):
            where = f"http://{self.headers['Host']}/{key}"
            return self._say(202, {"status_url": where, "poll_after": 3})
        time.sleep(float(given.get("nap", 0)))
        return self._say(200, self.result(first))

    def do_GET(self) -> None:
        first = self.known.get(self.path[1:])
        if first is None:
            return self._say(404, {"message": "nobody knows it"})
        if time.time() < first["at"] + float(first["given"].get("nap", 0)):
            return self._say(200, {"status": "working", "poll_after": 3})
        return self._say(200, self.result(first))

    def do_DELETE(self) -> None:
        self.book.note("stopped", {"idempotency_key": self.path[1:]})
        self._say(204, None)

    @staticmethod
    def result(first: dict[str, Any]) -> dict[str, Any]:
        """Return what comes of work that was first asked for so."""
        if first["given"].get("hopeless"):
            return {"status": "rejected", "message": "never"}
        if first["attempt"] <= int(first["given"].get("fails", 0)):
            return {"status": "failed", "message": "not now", "retryable": True}
        return {"status": "completed", "output": answer(first)}

    def _say(self, code: int, body: Any) -> None:
        content = b"" if body is None else json.dumps(body).encode()
        self.send_response(code)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        return


class _Server(ThreadingMixIn, HTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        return


def serve(listening: socket.socket) -> None:
    """Serve on a socket that outlives this process; what was asked before is known from the book."""
    Web.book = Book("web")
    for line in lines(Web.book.path):
        if line["what"] == "asked":
            Web.known.setdefault(line["idempotency_key"], line)
            Web.dropped.add(line["idempotency_key"])
    for line in unheard(lines(Web.book.path)):
        call_back(line, Web.result(line), 0, Web.book.note)
    server = _Server(listening.getsockname(), Web, bind_and_activate=False)
    server.socket.close()
    server.socket = listening
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    thread.join()
