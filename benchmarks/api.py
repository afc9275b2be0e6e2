"""The HTTP API from outside: requests a second, measurements in bulk, and 200 readers of events.

The server is a process of its own on one embedded PostgreSQL; whoever asks it sits in this process,
on the same cores. Bulk measurements stand against a bare COPY of the same rows in the same run.
"""

import argparse
import asyncio
import json
import os
import socket
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import uvicorn

from benchmarks.ground import door_of, fresh
from benchmarks.pages import BEGIN, fill
from benchmarks.report import quantile, report
from sojourn.agents.directory import Directory
from sojourn.api import Options, create_app
from sojourn.control import keys
from sojourn.control.change import change
from sojourn.control.door import Door
from sojourn.core.commands import HoldJourney, Resume
from sojourn.store.clock import Clock
from sojourn.store.postgres import Database, open_database
from sojourn.store.search import newest_event

ONE = "/api/v1/journeys/client-00042"
GETS = (
    "/api/v1/session", "/api/v1/journeys?limit=50", ONE, f"{ONE}/explain", f"{ONE}/events?limit=100",
    "/api/v1/portfolio/attention?limit=20", "/api/v1/portfolio/summary",
)  # fmt: skip
AT_ONCE = 8
SECONDS = 4.0
LINES = 10_000
BATCHES = 5
METRICS = 10
READERS = 200
CHANGES = 50
"""Holds and resumptions that the readers are told of, two events a round."""


class Line:
    """One connection that is kept, and asks for one thing after another."""

    def __init__(self, port: int, token: str) -> None:
        self.port, self.token = port, token

    async def open(self) -> None:
        """Connect."""
        self.reader, self.writer = await asyncio.open_connection("127.0.0.1", self.port)

    async def ask(self, method: str, path: str, body: bytes = b"", kind: str = "") -> bytes:
        """Send a request and return the body of its answer; raises where it is not good."""
        await self.send(method, path, body, kind)
        status, headers = await self.head()
        found = await self.reader.readexactly(int(headers.get("content-length", 0)))
        if status >= 400:
            raise RuntimeError(f"{method} {path}: {status} {found[:200]!r}")
        return found

    async def send(self, method: str, path: str, body: bytes = b"", kind: str = "") -> None:
        """Send a request."""
        lines = [f"{method} {path} HTTP/1.1", "Host: x", f"Authorization: Bearer {self.token}"]
        lines += [f"Content-Type: {kind}", f"Content-Length: {len(body)}"] if body else []
        self.writer.write("\r\n".join([*lines, "", ""]).encode() + body)
        await self.writer.drain()

    async def head(self) -> tuple[int, dict[str, str]]:
        """Read status and headers."""
        text = (await self.reader.readuntil(b"\r\n\r\n")).decode()
        first, *rest = text.strip().split("\r\n")
        pairs = (line.partition(": ") for line in rest)
        return int(first.split()[1]), {name.lower(): value for name, _, value in pairs}

    def close(self) -> None:
        """Hang up."""
        self.writer.close()


async def serve(url: str, listening: int) -> None:
    """Serve the API on a socket that was handed down, until standard input closes."""
    async with open_database(url, Path()) as db:
        app = create_app(await door_of(db), Directory.load(), Options(bulk_lines=LINES))
        server = uvicorn.Server(uvicorn.Config(app, log_level="warning", access_log=False))
        loop = asyncio.get_running_loop()
        loop.add_reader(sys.stdin.fileno(), lambda: setattr(server, "should_exit", True))
        await server.serve([socket.socket(fileno=listening)])


@asynccontextmanager
async def serving(db: Database) -> AsyncIterator[int]:
    """Run the server as a process of its own; yield its port."""
    listening = socket.create_server(("127.0.0.1", 0))
    command = ["-m", "benchmarks", "api", "--child", db.dsn, "--socket", str(listening.fileno())]
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        *command,
        pass_fds=[listening.fileno()],
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.DEVNULL,
    )
    port = listening.getsockname()[1]
    listening.close()
    try:
        yield port
    finally:
        if child.stdin:
            child.stdin.close()
        await asyncio.wait_for(child.wait(), 20)


async def asked(port: int, token: str, path: str, seconds: float) -> dict[str, Any]:
    """Ask for one page over and over on several connections."""
    times: list[float] = []
    end = time.perf_counter() + seconds

    async def one() -> None:
        line = Line(port, token)
        await line.open()
        while (began := time.perf_counter()) < end:
            await line.ask("GET", path)
            times.append((time.perf_counter() - began) * 1000)
        line.close()

    began = time.perf_counter()
    await asyncio.gather(*(one() for _ in range(AT_ONCE)))
    rate = len(times) / (time.perf_counter() - began)
    spread = {"p50_ms": _ms(times, 0.5), "p95_ms": _ms(times, 0.95)}
    return {"what": f"GET {path}", "at_once": AT_ONCE, "per_s": round(rate), **spread}


def _ms(times: list[float], share: float) -> float:
    return round(quantile(times, share), 1)


def measured(batch: int, journeys: int) -> Iterator[dict[str, Any]]:
    """Yield measurements of one batch, each for another journey, metric or time."""
    for number in range(LINES):
        client = f"client-{number % journeys:05d}"
        turn, metric = divmod(number // journeys, METRICS)
        at = BEGIN + timedelta(seconds=batch * LINES + turn)
        value = {"value": number / 7, "source": "bench", "at": at.isoformat()}
        yield {"client": client, "metric": f"metric_{metric}", **value}


async def bulk(port: int, token: str, journeys: int) -> dict[str, Any]:
    """Record batches of measurements."""
    line, times = Line(port, token), []
    await line.open()
    for batch in range(BATCHES):
        body = b"\n".join(json.dumps(one).encode() for one in measured(batch, journeys))
        began = time.perf_counter()
        found = await line.ask("POST", "/api/v1/measurements", body, "application/x-ndjson")
        times.append(time.perf_counter() - began)
        if json.loads(found)["measurements"] != LINES:
            raise RuntimeError(f"not all of the measurements were new: {found!r}")
    line.close()
    best = LINES / min(times)
    return {"what": f"POST measurements, {LINES:,} a batch", "per_s": round(best)}


async def copied(db: Database, journeys: int) -> float:
    """Return how many of the same rows a bare COPY writes in a second, with the same constraints."""
    async with db.connection() as connection:
        await connection.execute(b"CREATE TABLE bare (LIKE measurements INCLUDING ALL)")
        found = await connection.execute(b"SELECT client_id, journey_id FROM journey_states")
        ids = dict(await found.fetchall())
        times = []
        for batch in range(BATCHES):
            rows = [(ids[m["client"]], *_row(m)) for m in measured(batch, journeys)]
            began = time.perf_counter()
            columns = b"COPY bare (journey_id, metric, at, source, value) FROM STDIN"
            async with connection.cursor().copy(columns) as copy:
                for row in rows:
                    await copy.write_row(row)
            times.append(time.perf_counter() - began)
    return LINES / min(times)


def _row(one: dict[str, Any]) -> tuple[Any, ...]:
    return one["metric"], datetime.fromisoformat(one["at"]), one["source"], one["value"]


async def follow(port: int, token: str, after: int, last: asyncio.Future[int]) -> dict[int, float]:
    """Read the stream until its last event; return when each event came."""
    line, came = Line(port, token), dict[int, float]()
    await line.open()
    await line.send("GET", f"/api/v1/events/stream?after={after}")
    await line.head()
    newest = after
    while not (last.done() and newest >= last.result()):
        text = await line.reader.readline()
        if text.startswith(b"id: "):
            newest = int(text[4:])
            came[newest] = time.perf_counter()
    line.close()
    return came


async def streamed(db: Database, door: Door, port: int, token: str) -> dict[str, Any]:
    """Tell many readers of changes while they happen; each must be told of all, once, in order."""
    last: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    async with db.connection() as connection:
        after = await newest_event(connection)
        found = await connection.execute(
            b"SELECT journey_id FROM journey_states ORDER BY 1 LIMIT 1"
        )
        key = (await found.fetchone() or [None])[0]
    readers = [asyncio.create_task(follow(port, token, after, last)) for _ in range(READERS)]
    await asyncio.sleep(2)
    written: dict[int, float] = {}
    seen = after
    for number in range(CHANGES):
        for command in (HoldJourney(actor="bench", reason=str(number)), Resume(actor="bench")):
            await change(door, key, command)
            now = time.perf_counter()
            async with db.connection() as connection:
                upto = await newest_event(connection)
            written |= dict.fromkeys(range(seen + 1, upto + 1), now)
            seen = upto
        await asyncio.sleep(0.05)
    last.set_result(seen)
    every = await asyncio.wait_for(asyncio.gather(*readers), 60)
    return _told(every, written)


def _told(every: list[dict[int, float]], written: dict[int, float]) -> dict[str, Any]:
    full = sum(list(came) == sorted(came) and len(came) == len(every[0]) for came in every)
    late = [(at - written[n]) * 1000 for came in every for n, at in came.items() if n in written]
    told = f"{READERS} readers of {len(every[0])} events, each got all: {full} of {READERS}"
    if full != READERS:
        raise RuntimeError(told)
    spread = {"p50_ms": max(_ms(late, 0.5), 0.0), "p95_ms": _ms(late, 0.95)}
    return {"what": told, "at_once": READERS, **spread}


async def run(journeys: int, events: int, seconds: float) -> list[dict[str, Any]]:
    """Measure everything on one database."""
    async with fresh() as db:
        door = Door(db, Clock(BEGIN, time.monotonic(), 1.0))
        await fill(door, journeys, events)
        made = await keys.create(door, "bench", ["admin", "operator"], "bench")
        async with serving(db) as port:
            await _up(port, made.token)
            rows = [await asked(port, made.token, path, seconds) for path in GETS]
            level = await copied(db, journeys)
            post = await bulk(port, made.token, journeys)
            ratio = {"copy_per_s": round(level), "ratio": round(post["per_s"] / level, 3)}
            rows.append(post | ratio)
            rows.append(await streamed(db, door, port, made.token))
    return [{"journeys": journeys, "events": events} | row for row in rows]


async def _up(port: int, token: str) -> None:
    wrong = ""
    for _ in range(300):
        try:
            line = Line(port, token)
            await line.open()
            await line.ask("GET", "/api/v1/session")
            return line.close()
        except (OSError, RuntimeError, asyncio.IncompleteReadError) as error:
            wrong = repr(error)
            await asyncio.sleep(0.1)
    raise RuntimeError(f"the server did not answer within 30 seconds: {wrong}")


def main(arguments: list[str]) -> None:
    """Print a table and JSON."""
    parser = argparse.ArgumentParser(prog="benchmarks api", description=__doc__)
    parser.add_argument("--journeys", type=int, default=2_000)
    parser.add_argument("--events", type=int, default=100_000)
    parser.add_argument("--seconds", type=float, default=SECONDS, help="for each page")
    parser.add_argument("--forget", action="store_true", help="keep no file of results")
    parser.add_argument("--child", metavar="URL", help=argparse.SUPPRESS)
    parser.add_argument("--socket", type=int, help=argparse.SUPPRESS)
    given = parser.parse_args(arguments)
    if given.child:
        os.set_inheritable(given.socket, False)
        return asyncio.run(serve(given.child, given.socket))
    rows = asyncio.run(run(given.journeys, given.events, given.seconds))
    return report("api", rows, keep=not given.forget)


if __name__ == "__main__":
    main(sys.argv[1:])
