"""The issue tracker: bugs and incidents of the client's installation."""

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from math import ceil
from typing import Any, Final

from sojourn.core.outcomes import Call, Completed, Measured
from sojourn.sandbox.inputs import Inputs, agent, done, wrong
from sojourn.sandbox.installed import moment
from sojourn.sandbox.scenario import Trouble, scenario_of
from sojourn.sandbox.seeds import rng

MINOR_A_DAY: Final = 0.4
"""Minor bugs reported on a day, on average."""
DAYS_IN: Final = {"d": 1.0, "h": 1 / 24}
"""How many days a window's unit has."""

Lasting = Iterable[tuple[datetime, datetime | None]]


@agent
def report(call: Call, inputs: Inputs) -> Completed:
    """Count what was open at any time in the window (days, 7 unless given), and what is now.

    Critical bugs and incidents are those of the scenario; minor bugs come by themselves.
    """
    now = moment(call)
    scenario = scenario_of(call)
    bugs, incidents = scenario.begun(Trouble.BUG), scenario.begun(Trouble.INCIDENT)
    return counted(bugs, incidents, minor(call.client_id, now), inputs, now)


def counted(
    bugs: Lasting, outages: Lasting, others: Lasting, inputs: Inputs, now: datetime
) -> Completed:
    """Return the answer for critical bugs, incidents and other bugs, each from when to when."""
    since = now - timedelta(days=_days(inputs))
    critical = _seen(bugs, since, now)
    incidents = _seen(outages, since, now)
    open_now = _seen(bugs, now, now) + _seen(others, now, now)
    output = {"critical_bugs": critical, "open": open_now, "incidents": incidents}
    return done(output, Measured("bug_count", critical), Measured("major_incidents", incidents))


def _days(inputs: Inputs) -> float:
    window: Any = inputs.data.get("window")
    if isinstance(window, str) and window[:-1].isdigit() and window[-1] in DAYS_IN:
        window = int(window[:-1]) * DAYS_IN[window[-1]]
    if isinstance(window, str):
        raise wrong("window", window, "a number of days, such as 7, or '7d' or '8h'")
    return Inputs({"window": window}).number("window", 7.0, 0.0, 3650.0)


def _seen(every: Lasting, since: datetime, now: datetime) -> int:
    return sum(begin <= now and (end is None or end > since) for begin, end in every)


def minor(client_id: str, now: datetime) -> list[tuple[datetime, datetime]]:
    """Return when each minor bug of the last ten days was reported and when it is fixed."""
    days = [now.astimezone(UTC).date() - timedelta(days=age) for age in range(10)]
    return [bug for day in days for bug in _reported(client_id, day)]


def _reported(client_id: str, day: date) -> Iterator[tuple[datetime, datetime]]:
    chance = rng(client_id, "minor", day)
    if chance.random() < MINOR_A_DAY:
        begin = datetime.combine(day, time(), UTC)
        yield begin, begin + timedelta(days=ceil(chance.expovariate(1 / 3)))
