"""The world in which a scenario is played: how slow it is, and which agents have a process alone."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from sojourn.cli.pacing import SHORTEST
from sojourn.cli.tales import Tale
from sojourn.sandbox.online.desk import Limits
from sojourn.sandbox.world_process import Options

WAIT: Final = 0.25
"""Searches take a quarter of what an installation with a large corpus takes: about 50 ms."""
CRAWL: Final = 0.015
"""Seconds that one document takes to be crawled, where somebody is to be struck meanwhile."""
QUICK: Final = Limits(requests=60, at_once=30, prompt_seconds=5.0)
"""What is done in a few seconds is answered at once: nobody has to ask."""
SLOW: Final = Limits(requests=60, at_once=30, prompt_seconds=0.3)
MANY: Final = Limits(requests=60, at_once=16, crowd_at_once=16, prompt_seconds=20.0)
"""For many clients at once, each of whom gets a part of the machine."""
TOGETHER: Final = timedelta(hours=1)
"""What is due within an hour is done together, for many clients."""
AT_ONCE: Final = 24
"""Calls of agents under way at once, for many clients."""


def scenery(tales: Sequence[Tale]) -> Options:
    """Return how the world of scenarios behaves."""
    struck = tuple({tale.strike.agent for tale in tales if tale.strike})
    if struck:
        return Options(wait=WAIT, steady=True, crawl_seconds=CRAWL, limits=SLOW, alone=struck)
    return Options(wait=WAIT, steady=True, limits=MANY if len({*tales}) > 1 else QUICK)


def step_of(clients: Sequence[object]) -> timedelta:
    """Return the least that the clock is set ahead for so many clients at once."""
    return TOGETHER if len(clients) > 1 else SHORTEST
