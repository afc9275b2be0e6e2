"""The issue tracker: critical bugs and incidents are counted from the issues that are really there."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from sojourn.core.outcomes import Completed
from sojourn.sandbox.issues import Lasting, counted
from sojourn.sandbox.online.desk import Desk
from sojourn.sandbox.search_service.tokens import Kind

CRITICAL: Final = frozenset({"bug", "critical"})
INCIDENTS: Final = (frozenset({"incident", "P0"}), frozenset({"incident", "P1"}))


async def report(desk: Desk) -> Completed:
    """Count what was open at any time in the window, and what is now."""
    path = f"/tracker/repos/{desk.backend.instance}/search/issues?state=all"
    every = await desk.backend.ask(Kind.CLIENT, "GET", path)
    labelled = [({label["name"] for label in issue["labels"]}, issue) for issue in every]
    bugs = [_lasting(issue) for labels, issue in labelled if labels >= CRITICAL]
    outages = [_lasting(i) for labels, i in labelled if any(labels >= kind for kind in INCIDENTS)]
    others = [_lasting(i) for labels, i in labelled if "bug" in labels and not labels >= CRITICAL]
    lasting: tuple[Lasting, Lasting, Lasting] = (bugs, outages, others)
    return counted(*lasting, desk.inputs, desk.now)


def _lasting(issue: Mapping[str, Any]) -> tuple[datetime, datetime | None]:
    closed = issue["closed_at"]
    return datetime.fromisoformat(issue["created_at"]), closed and datetime.fromisoformat(closed)
