from datetime import timedelta

from sojourn.core.outcomes import Measured
from sojourn.sandbox.issues import report
from tests.sandbox.worlds import NOON, done, output, refused, world

BUG = world({"kind": "bug", "from_day": 1, "until_day": 2})


async def test_there_are_no_critical_bugs_when_nothing_is_wrong() -> None:
    found = await done(report)
    assert set(found.output) == {"critical_bugs", "open", "incidents"}
    assert found.measurements == (Measured("bug_count", 0), Measured("major_incidents", 0))


async def test_a_bug_counts_until_a_window_after_it_was_fixed() -> None:
    counts = [
        (await output(report, world=BUG, now=NOON + timedelta(days=d)))["critical_bugs"]
        for d in (-3, -2, 0, 4, 5.4, 5.6)
    ]
    assert counts == [0, 1, 1, 1, 1, 0]


async def test_a_shorter_window_forgets_sooner() -> None:
    at = {"world": BUG, "now": NOON}
    assert (await output(report, window=1, **at))["critical_bugs"] == 0
    assert (await output(report, window="7d", **at))["critical_bugs"] == 1
    assert (await output(report, window=3, **at))["critical_bugs"] == 1


async def test_an_incident_is_counted_apart() -> None:
    found = await done(report, world=world({"kind": "incident", "from_day": 2}))
    assert found.output["incidents"] == 1
    assert found.output["critical_bugs"] == 0
    assert found.measurements[1] == Measured("major_incidents", 1)


async def test_minor_bugs_come_and_go() -> None:
    days = [NOON + timedelta(days=d) for d in range(20)]
    counts = {(await output(report, now=day))["open"] for day in days}
    assert len(counts) > 1
    assert max(counts) < 8


async def test_wrong_input_is_refused() -> None:
    assert "window: must be a number of days" in await refused(report, window="a week")
    assert "between 0 and 3650" in await refused(report, window=-1)
