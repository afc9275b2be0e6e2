"""An agent elsewhere, for benchmarks: a lean HTTP server in a process of its own."""

import asyncio
import json
import sys
from collections.abc import Callable
from typing import Any

Answer = Callable[[bytes, bytes], tuple[str, dict[str, Any]]]
"""From a request's head and body to a status and a document."""


class Server(asyncio.Protocol):
    """Answers every request at once."""

    def __init__(self, answer: Answer) -> None:
        """Answer by a function."""
        self._answer = answer
        self._held = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remember where to answer."""
        self._transport: Any = transport

    def data_received(self, data: bytes) -> None:
        """Answer every request that has come in whole."""
        self._held += data
        while (end := self._held.find(b"\r\n\r\n")) >= 0:
            head = self._held[:end]
            until = end + 4 + length(head)
            if len(self._held) < until:
                return
            body, self._held = self._held[end + 4 : until], self._held[until:]
            self._transport.write(_reply(*self._answer(head, body)))


def length(head: bytes) -> int:
    """Return how long the body is, by the head of a request or an answer."""
    found = head.lower().partition(b"content-length:")[2]
    return int(found.split(b"\r\n")[0]) if found else 0


def _reply(status: str, body: dict[str, Any]) -> bytes:
    raw = json.dumps(body).encode()
    lines = f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {len(raw)}"
    return f"{lines}\r\n\r\n".encode() + raw


async def serve(answering: Callable[[str], Answer]) -> None:
    """Serve until standard input closes; print the URL first, of which the answers may tell."""
    answers: list[Answer] = []
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Server(answers[0]), "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    answers.append(answering(url))
    print(url, flush=True)
    await asyncio.to_thread(sys.stdin.read)
    server.close()
