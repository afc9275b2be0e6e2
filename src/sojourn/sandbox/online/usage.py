"""Usage: who really searched in the last week, from the service's own insights."""

from datetime import timedelta
from typing import Any

from sojourn.core.outcomes import Completed
from sojourn.sandbox.online.crowd import Crowd
from sojourn.sandbox.online.desk import Desk
from sojourn.sandbox.online.directory import admitted, email
from sojourn.sandbox.usage import used

WEEK = timedelta(days=7)


async def report(desk: Desk, crowd: Crowd) -> Completed:
    """Report the share of the people with access who searched in the last seven days."""
    world = await desk.installed()
    await crowd.live(desk)
    percent = desk.inputs.number("percent", 100.0, 0.0, 100.0)
    people = [u for u in await admitted(desk.backend, world) if u.bucket < percent / 100]
    counts = await searches(desk)
    return used([counts.get(email(world.client_id, user.user_id), 0) for user in people])


async def searches(desk: Desk) -> dict[str, int]:
    """Return how often each person searched in the last seven days, by address."""
    start = {"epochSeconds": int((desk.now - WEEK).timestamp())}
    body: dict[str, Any] = {"overviewRequest": {"dayRange": {"start": start}}}
    answer = await desk.backend.admin("POST", "insights", body)
    every = answer["overviewResponse"]["perUserInsights"]
    return {each["person"]["metadata"]["email"]: each["numSearches"] for each in every}
