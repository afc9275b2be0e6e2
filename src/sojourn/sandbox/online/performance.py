"""The performance test: real load, bounded, on this machine only."""

from dataclasses import dataclass, field
from functools import partial
from time import monotonic
from urllib.parse import urlsplit

from sojourn.core.outcomes import Completed
from sojourn.sandbox.inputs import BadInput
from sojourn.sandbox.online.backend import ServiceError
from sojourn.sandbox.online.crowd import at_once
from sojourn.sandbox.online.desk import Desk
from sojourn.sandbox.online.directory import judge
from sojourn.sandbox.online.security import LOOPBACK
from sojourn.sandbox.performance import measured, moment_of
from sojourn.sandbox.seeds import rng, seed
from sojourn.sandbox.world import World


@dataclass(slots=True)
class Load:
    """What has been measured: milliseconds of requests that were answered, and failures."""

    ends_at: float
    times: list[float] = field(default_factory=list)
    errors: int = 0


async def run(desk: Desk) -> Completed:
    """Send requests spread over the last day as people work, as many as asked for and allowed.

    ``requests`` of the answer are those that were really answered; the times are the service's
    own, as it measures them for each request.
    """
    if urlsplit(desk.backend.url).hostname not in LOOPBACK:
        raise BadInput("load is put on services on this machine only")
    wanted = desk.inputs.whole("requests", 400, 1, 100_000)
    count = min(wanted, desk.limits.requests)
    world = await desk.installed()
    load = Load(monotonic() + desk.limits.seconds)
    await at_once(desk.limits.at_once, (partial(_one, desk, load, world, n) for n in range(count)))
    if not load.times:
        raise ServiceError(f"none of {load.errors} requests was answered", passing=True)
    return measured(load.times, load.errors)


async def _one(desk: Desk, load: Load, world: World, number: int) -> None:
    """Send one request, unless the time is up; all queries are asked equally often."""
    if monotonic() > load.ends_at:
        return
    chance = rng(world.client_id, "load", desk.now, number)
    first = seed(world.client_id, "load", desk.now)
    query = world.queries[(first + number) % len(world.queries)]
    backend = desk.backend.at(moment_of(desk.now, chance))
    who = judge(desk.call.client_id, query.user.department)
    try:
        hits = await backend.search(" ".join(query.words), who)
    except ServiceError:
        load.errors += 1
    else:
        load.times.append(hits.backend_ms)
