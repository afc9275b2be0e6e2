from datetime import UTC, datetime, timedelta

from sojourn.analytics.change import COUNTED, as_of

THEN = datetime(2026, 3, 1, tzinfo=UTC)
DAY = timedelta(days=1)


def row(started: int, reached: int | None = None, ended: int | None = None) -> dict[str, object]:
    """Return a journey by days from then."""
    counts = dict.fromkeys(COUNTED, 2) | {f"{name}_then": 1 for name in COUNTED}
    return {
        "started_at": THEN + started * DAY,
        "reached_at": None if reached is None else THEN + reached * DAY,
        "ended_at": None if ended is None else THEN + ended * DAY,
        **counts,
    }


def test_what_started_later_was_not_there() -> None:
    assert len(as_of([row(-1), row(0), row(1)], THEN)) == 2


def test_what_came_later_had_not_happened() -> None:
    early, late = as_of([row(-20, -10, -5), row(-20, 3, 5)], THEN)
    assert (early["reached_at"], early["ended_at"]) == (THEN - 10 * DAY, THEN - 5 * DAY)
    assert (late["reached_at"], late["ended_at"]) == (None, None)
    assert [late[name] for name in COUNTED] == [1] * len(COUNTED)
