"""The issue tracker: bugs and incidents of the client's installation."""

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Any, Final

from sojourn.core.outcomes import Call, Completed, Measured
from sojourn.sandbox.inputs import Inputs, agent, done, wrong
from sojourn.sandbox.installed import moment
from sojourn.sandbox.scenario import SCENARIOS, Trouble
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
    since = now - timedelta(days=_days(inputs))
    scenario = SCENARIOS.of(call)
    bugs = scenario.begun(Trouble.BUG)
    critical = _seen(bugs, since, now)
    incidents = _seen(scenario.begun(Trouble.INCIDENT), since, now)
    open_now = _seen(bugs, now, now) + _minor(call.client_id, now)
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


def _minor(client_id: str, now: datetime) -> int:
    """Return the minor bugs open now: reported in the last ten days and not yet fixed."""
    return sum(_reported(client_id, now.date() - timedelta(days=age), age) for age in range(10))


def _reported(client_id: str, day: date, age: int) -> bool:
    chance = rng(client_id, "minor", day)
    return chance.random() < MINOR_A_DAY and chance.expovariate(1 / 3) > age
