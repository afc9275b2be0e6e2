"""Insights: who searched, how often, on how many days, from what was really searched."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final

from sojourn.sandbox.search_service.activity import Used
from sojourn.sandbox.search_service.bodies import Body
from sojourn.sandbox.search_service.instance import Instance

WEEK: Final = timedelta(days=7)
MONTH: Final = timedelta(days=30)


class Point(Body):
    """A point in time, absolute or counted in days from today."""

    epoch_seconds: int | None = None
    days_from_now: int | None = None


class Range(Body):
    """A period; the last thirty days if nothing is said."""

    start: Point | None = None
    end: Point | None = None


class Overview(Body):
    """What the overview is limited to."""

    day_range: Range | None = None


class InsightsBody(Body):
    """Which insights are wanted; the service knows the overview only."""

    overview_request: Overview | None = None
    disable_per_user_insights: bool = False


def insights(instance: Instance, body: InsightsBody, at: datetime) -> dict[str, Any]:
    """Return the overview, if it was asked for."""
    if body.overview_request is None:
        return {}
    since, until = _period(body.overview_request.day_range or Range(), at)
    used = instance.activity.used(since, until)
    people = {} if body.disable_per_user_insights else used
    overview = {
        **_active(instance, at),
        "employeeCount": _employees(instance),
        "searchSummary": {
            **_active(instance, at),
            "numSearches": sum(u.searches for u in used.values()),
            "numSearchUsers": len(used),
        },
        "searchActiveUsers": _active(instance, at),
        "searchesTimeseries": _series(instance, since, until),
        "lastUpdatedTs": int(at.timestamp()),
        "perUserInsights": [_person(email, u) for email, u in sorted(people.items())],
    }
    return {"overviewResponse": overview}


def _period(wanted: Range, at: datetime) -> tuple[datetime, datetime]:
    return _point(wanted.start, at, at - MONTH), _point(wanted.end, at, at)


def _point(point: Point | None, at: datetime, otherwise: datetime) -> datetime:
    if point is None:
        return otherwise
    if point.epoch_seconds is not None:
        return datetime.fromtimestamp(point.epoch_seconds, UTC)
    return otherwise if point.days_from_now is None else at - timedelta(days=point.days_from_now)


def _active(instance: Instance, at: datetime) -> Mapping[str, int]:
    used = instance.activity.used
    return {
        "monthlyActiveUsers": len(used(at - MONTH, at)),
        "weeklyActiveUsers": len(used(at - WEEK, at)),
    }


def _employees(instance: Instance) -> int:
    return len({email for s in instance.sources.values() for email in s.identities.users})


def _series(instance: Instance, since: datetime, until: datetime) -> dict[str, Any]:
    counts = instance.activity.daily(since, until)
    days = [day for day in counts if isinstance(day, date)]
    infos = [{"count": counts[day], "period": {"start": _midnight(day)}} for day in sorted(days)]
    return {"label": "searches", "countInfo": infos}


def _midnight(day: date) -> dict[str, int]:
    return {"epochSeconds": int(datetime.combine(day, time(), UTC).timestamp())}


def _person(email: str, used: Used) -> dict[str, Any]:
    who = {"name": email.partition("@")[0], "obfuscatedId": email, "metadata": {"email": email}}
    return {"person": who, "numSearches": used.searches, "numDaysActive": used.days}
