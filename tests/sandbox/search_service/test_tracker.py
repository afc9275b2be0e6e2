from datetime import UTC, datetime, timedelta

import pytest

from sojourn.sandbox.scenario import Scenario, read
from sojourn.sandbox.search_service.failures import Refused
from sojourn.sandbox.search_service.tracker import Tracker

START = datetime(2026, 3, 1, tzinfo=UTC)
WORLD = {
    "start": START.isoformat(),
    "spells": [
        {"kind": "bug", "from_day": 2, "until_day": 4},
        {"kind": "incident", "from_day": 3, "until_day": 5},
    ],
}


def open_on(day: float, label: str) -> int:
    issues = Tracker("medtronic").issues(read(WORLD), START + timedelta(days=day))
    return sum(label in issue.labels and issue.closed_at is None for issue in issues)


def test_bugs_and_incidents_begin_and_end_with_their_spells() -> None:
    assert [open_on(day, "critical") for day in (1, 2, 3, 4)] == [0, 1, 1, 0]
    assert [open_on(day, "P1") for day in (2, 3, 4, 5)] == [0, 1, 1, 0]


def test_reported_issues_are_open_until_they_are_closed() -> None:
    tracker = Tracker("medtronic")
    issue = tracker.report("down", ("critical",), START)
    later = START + timedelta(days=1)
    tracker.close(issue.number, later)
    found = [i for i in tracker.issues(Scenario(), later) if i.number == issue.number]
    assert [i.closed_at for i in found] == [later]
    with pytest.raises(Refused, match="nobody reported"):
        tracker.close(1, later)


def test_minor_bugs_come_by_themselves() -> None:
    tracker = Tracker("medtronic")
    every = tracker.issues(Scenario(), START)
    assert every
    assert {issue.labels for issue in every} == {("bug",)}
