"""Who searched when, by the hour."""

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timedelta

HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Used:
    """What one person did in a period."""

    searches: int
    days: int


@dataclass(slots=True)
class Activity:
    """The searches of one client's people; a repeated request is counted once."""

    _hours: dict[datetime, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    _seen: set[str] = field(default_factory=set)

    def searched(self, email: str, at: datetime, request_id: str | None) -> None:
        """Count a search."""
        if request_id in self._seen:
            return
        if request_id:
            self._seen.add(request_id)
        self._hours[at.replace(minute=0, second=0, microsecond=0)][email] += 1

    def used(self, since: datetime, until: datetime) -> dict[str, Used]:
        """Return what each person did in the hours that lie wholly or partly in a period."""
        hours = [h for h in self._hours if h + HOUR > since and h <= until]
        searches: Counter[str] = Counter()
        days: dict[str, set[object]] = defaultdict(set)
        for hour in hours:
            searches += self._hours[hour]
            for email in self._hours[hour]:
                days[email].add(hour.date())
        return {email: Used(count, len(days[email])) for email, count in searches.items()}

    def daily(self, since: datetime, until: datetime) -> Counter[object]:
        """Return the number of searches of each day of a period."""
        found: Counter[object] = Counter()
        for hour, counts in self._hours.items():
            if hour + HOUR > since and hour <= until:
                found[hour.date()] += counts.total()
        return found
