"""The issue tracker: bugs and incidents of the scenario, minor bugs, and what people report."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime

from sojourn.sandbox.issues import Lasting, minor
from sojourn.sandbox.scenario import Scenario, Trouble
from sojourn.sandbox.search_service.failures import Refused

LABELS = {Trouble.BUG: ("bug", "critical"), Trouble.INCIDENT: ("incident", "P1")}
REPORTED = 1_000_000
"""The number of the first issue that somebody reported; those of the scenario come before."""


@dataclass(frozen=True, slots=True)
class Issue:
    """One issue; ``closed_at`` None means that it is open."""

    number: int
    title: str
    labels: tuple[str, ...]
    created_at: datetime
    closed_at: datetime | None = None


@dataclass(slots=True)
class Tracker:
    """The issues of one client's installation."""

    client: str
    reported: list[Issue] = field(default_factory=list)

    def issues(self, scenario: Scenario, now: datetime) -> list[Issue]:
        """Return all issues as they stand now, oldest first."""
        every = [*self._told(scenario), *self._minor(now), *self.reported]
        shown = [_seen(issue, now) for issue in every if issue.created_at <= now]
        return sorted(shown, key=lambda issue: (issue.created_at, issue.number))

    def report(self, title: str, labels: tuple[str, ...], now: datetime) -> Issue:
        """Open an issue."""
        issue = Issue(REPORTED + len(self.reported), title, labels, now)
        self.reported.append(issue)
        return issue

    def close(self, number: int, now: datetime) -> Issue:
        """Close an issue that somebody reported; raises Refused (404)."""
        place = number - REPORTED
        if not 0 <= place < len(self.reported):
            raise Refused(404, f"nobody reported an issue with number {number}")
        issue = self.reported[place]
        self.reported[place] = replace(issue, closed_at=issue.closed_at or now)
        return self.reported[place]

    def _told(self, scenario: Scenario) -> Iterator[Issue]:
        number = 0
        for kind, labels in LABELS.items():
            for begin, end in scenario.begun(kind):
                number += 1
                yield Issue(number, f"{kind} number {number}", labels, begin, end)

    def _minor(self, now: datetime) -> Iterator[Issue]:
        every: Lasting = minor(self.client, now)
        for begin, end in every:
            yield Issue(1000 + begin.toordinal() % REPORTED, "minor bug", ("bug",), begin, end)


def _seen(issue: Issue, now: datetime) -> Issue:
    """Return an issue without an end that lies in the future."""
    future = issue.closed_at is not None and issue.closed_at > now
    return replace(issue, closed_at=None) if future else issue
