"""Tasks a second at agents over HTTP and A2A: the journeys of `work`, with an agent elsewhere.

The agent is a process of its own that answers at once, so that what is measured is the sending. The
floor sends requests of the same size to it over a hundred bare connections, without HTTP's library,
A2A's, or a database. See docs/performance.md.
"""

import argparse
import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any
from uuid import uuid4

from benchmarks import work
from benchmarks.elsewhere import Answer, length, serve
from benchmarks.ground import another, drop, fresh
from benchmarks.report import report
from sojourn.agents.directory import Directory
from sojourn.agents.spec import AgentSpec
from sojourn.store.postgres import Database

AT_ONCE = 100
"""Connections of the floor."""
OUTPUT = {"ok": True, "score": 0.93, "by": "agent-7"}
KINDS = ("http", "a2a")


def answering(url: str) -> Answer:
    """Return what the agent at a URL answers: to a flow's call, for its card, to a message."""

    def answer(head: bytes, body: bytes) -> tuple[str, dict[str, Any]]:
        if head.startswith(b"GET"):
            return "200 OK", _card(url)
        return "200 OK", _task(json.loads(body)) if b"/rpc " in head else {"output": OUTPUT}

    return answer


def _card(url: str) -> dict[str, Any]:
    binding = {"url": f"{url}/rpc", "protocolBinding": "JSONRPC", "protocolVersion": "1.0"}
    return {
        "name": "note",
        "description": "Answers at once.",
        "version": "1",
        "supportedInterfaces": [binding],
        "capabilities": {},
        "defaultInputModes": ["application/json"],
        "defaultOutputModes": ["application/json"],
        "skills": [{"id": "note", "name": "note", "description": "Notes.", "tags": ["note"]}],
    }


def _task(asked: dict[str, Any]) -> dict[str, Any]:
    task = {
        "id": str(uuid4()),
        "contextId": asked["params"]["message"]["contextId"],
        "status": {"state": "TASK_STATE_COMPLETED"},
        "artifacts": [{"artifactId": "a", "parts": [{"data": OUTPUT}]}],
    }
    return {"jsonrpc": "2.0", "id": asked["id"], "result": {"task": task}}


@contextmanager
def agent() -> Iterator[str]:
    """Run the agent as a process; yield its URL."""
    process = work.child("benchmarks.remote", "--serve")
    try:
        yield work.line_of(process).strip()
    finally:
        process.communicate(timeout=60)


def directory(kind: str, url: str) -> Directory:
    """Return the agents of the path: one, which speaks one protocol."""
    place = f"{url}/work" if kind == "http" else url
    entry = {"protocol": kind, "url": place, "allow_private": True}
    return Directory({"note": AgentSpec.model_validate(entry)})


async def floor(url: str, tasks: int) -> float:
    """Return requests a second over bare connections."""
    body = json.dumps({"task": "a1", "input": {}, "padding": "x" * 700}).encode()
    host, _, port = url.removeprefix("http://").partition(":")
    asked = b"POST /work HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)

    async def line() -> None:
        reader, writer = await asyncio.open_connection(host, int(port))
        for _ in range(tasks // AT_ONCE):
            writer.write(asked)
            await reader.readexactly(length(await reader.readuntil(b"\r\n\r\n")))
        writer.close()

    began = time.monotonic()
    await asyncio.gather(*(line() for _ in range(AT_ONCE)))
    return tasks / (time.monotonic() - began)


async def run(journeys: int, counts: list[int]) -> list[dict[str, Any]]:
    """Measure each protocol with each number of workers, the floor before and after each."""
    with agent() as url:
        async with fresh() as db:
            return [
                await _measured(db, url, kind, journeys, workers)
                for kind in KINDS
                for workers in counts
            ]


async def _measured(
    db: Database, url: str, kind: str, journeys: int, workers: int
) -> dict[str, Any]:
    name = f"remote_{kind}_{workers}"
    dsn, tasks = await another(db, name), journeys * work.PER
    before = await floor(url, tasks)
    row = await work.measure(dsn, journeys, workers, partial(spawn, kind=kind, url=url))
    await drop(db, name)
    level = (before + await floor(url, tasks)) / 2
    ratio = round(row["tasks_per_s"] / level, 3)
    return {"agent": kind} | row | {"floor_per_s": round(level), "ratio": ratio}


def spawn(dsn: str, kind: str, url: str) -> subprocess.Popen[str]:
    """Start a worker of its own process, whose agent speaks a protocol."""
    return work.child("benchmarks.remote", "--child", dsn, "--kind", kind, "--agent", url)


def main(arguments: list[str]) -> None:
    """Print a table and JSON."""
    parser = argparse.ArgumentParser(prog="benchmarks remote", description=__doc__)
    parser.add_argument("--journeys", type=int, default=500)
    parser.add_argument("--workers", type=int, nargs="*", default=[1])
    parser.add_argument("--forget", action="store_true", help="keep no file of results")
    for hidden in ("--child", "--kind", "--agent"):
        parser.add_argument(hidden, help=argparse.SUPPRESS)
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args(arguments)
    if given.serve:
        return asyncio.run(serve(answering))
    if given.child:
        return asyncio.run(work.worker(given.child, directory(given.kind, given.agent)))
    rows = asyncio.run(run(given.journeys, given.workers))
    return report("remote", rows, keep=not given.forget)


if __name__ == "__main__":
    main(sys.argv[1:])
