import pytest

from sojourn.core.criteria import Verdict
from sojourn.core.journeys import Ball, Schedule
from sojourn.core.work import TaskStatus, UnitOfWorkStatus
from sojourn.dashboard.icons import PATHS
from sojourn.dashboard.statuses import KINDS, status

CASES = [
    *(("schedule", value) for value in Schedule),
    *(("ball", value) for value in Ball),
    *(("verdict", value) for value in Verdict),
    *(("work", value) for value in (*TaskStatus, *UnitOfWorkStatus)),
]


@pytest.mark.parametrize(("kind", "value"), CASES)
def test_everything_that_core_can_say_has_a_look(kind: str, value: str) -> None:
    assert status(kind, value).word != "Unknown"


def test_what_nobody_knows_is_grey_and_missing_evidence_too() -> None:
    assert status("verdict", "sideways").tone == "unknown"
    assert status("verdict", "insufficient_data").tone == "unknown"


def test_no_look_is_told_by_colour_alone() -> None:
    for kind, looks in KINDS.items():
        seen = [(look.icon, look.word) for look in looks.values()]
        assert len(set(seen)) == len(seen), kind
        assert all(look.icon in PATHS and look.word for look in looks.values())
