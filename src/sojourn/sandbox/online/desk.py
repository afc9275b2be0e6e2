"""What an agent has at hand while it works on one call."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from time import monotonic
from typing import Final

from sojourn.core.outcomes import Call
from sojourn.sandbox.inputs import BadInput, Inputs
from sojourn.sandbox.online.backend import Backend
from sojourn.sandbox.scenario import Scenario
from sojourn.sandbox.world import SCENARIO, World, build

CONNECTORS: Final = "connectors"
"""Under this name it is remembered which connectors are installed."""
CRAWL_SECONDS: Final = 600.0
"""How long, in real time, an agent waits for a crawl to end."""
LOOK_SECONDS: Final = 0.05
"""How often it looks."""

Progress = Callable[[float, str], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Limits:
    """How much load an agent may put on the service, and where real collections are.

    ``requests`` and ``seconds`` bound one performance test, ``at_once`` and ``crowd_at_once`` how
    many requests of it and of simulated users run at the same time. What an agent has done within
    ``prompt_seconds`` is answered at once.
    """

    requests: int = 200
    seconds: float = 20.0
    at_once: int = 20
    crowd_at_once: int = 64
    collections: Path | None = None
    prompt_seconds: float = 0.3


@dataclass(frozen=True, slots=True)
class Desk:
    """One call, its input, the client's instance of the service, and a way to tell how it goes."""

    call: Call
    inputs: Inputs
    backend: Backend
    scenario: Scenario
    now: datetime
    progress: Progress
    limits: Limits = Limits()

    async def installed(self) -> World:
        """Return the world of the connectors that are installed; raises BadInput for none."""
        every = await self.backend.records(CONNECTORS)
        if not every:
            raise BadInput(f"no connector of {self.call.client_id} is installed; install one first")
        return world_of(self.call.client_id, every)

    async def crawled(self, datasource: str, share: float = 0.5) -> int:
        """Wait until the newest crawl of a data source has ended; return what is indexed."""
        begun = monotonic()
        while True:
            found = await status(self.backend.at(None), datasource)
            if found.settled or monotonic() - begun > CRAWL_SECONDS:
                return found.indexed
            done = found.indexed / max(found.uploaded, 1)
            await self.progress(share + (1 - share) * done, f"{datasource} is being crawled")
            await asyncio.sleep(LOOK_SECONDS)


@dataclass(frozen=True, slots=True)
class Status:
    """How far a data source has come; ``settled`` says that its last crawl has ended."""

    uploaded: int
    indexed: int
    settled: bool


async def status(backend: Backend, datasource: str) -> Status:
    """Return how far a data source has come."""
    answer = (await backend.index(f"debug/{datasource}/status"))["documents"]
    counts = {name: sum(c["count"] for c in answer["counts"][name]) for name in answer["counts"]}
    uploads, crawls = answer["bulkUploadHistory"], answer["processingHistory"]
    ended = [upload["endTime"] for upload in uploads if upload["status"] == "SUCCESSFUL"]
    settled = not ended or any(crawl["startTime"] >= max(ended) for crawl in crawls)
    return Status(counts["uploaded"], counts["indexed"], settled)


def world_of(client: str, connectors: Mapping[str, Mapping[str, str]]) -> World:
    """Return the world of a client's connectors, as they were installed."""
    first = connectors[min(connectors)]
    scenario, size = first.get("scenario", SCENARIO), first.get("size", "medium")
    return build(client, scenario, size, tuple(sorted(connectors)))
