from datetime import UTC, datetime, timedelta

from sojourn.sandbox.search_service.activity import Activity, Used

NOON = datetime(2026, 3, 4, 12, 30, tzinfo=UTC)
DAY = timedelta(days=1)


def test_searches_and_days_are_counted_by_person() -> None:
    activity = Activity()
    for days in (0, 0, 1, 9):
        activity.searched("ann", NOON - days * DAY, None)
    activity.searched("bob", NOON, None)
    assert activity.used(NOON - 7 * DAY, NOON) == {"ann": Used(3, 2), "bob": Used(1, 1)}
    assert activity.used(NOON - 30 * DAY, NOON)["ann"] == Used(4, 3)


def test_a_repeated_request_is_counted_once() -> None:
    activity = Activity()
    for request in ("one", "one", "two"):
        activity.searched("ann", NOON, request)
    assert activity.used(NOON - DAY, NOON) == {"ann": Used(2, 1)}


def test_days_have_their_counts() -> None:
    activity = Activity()
    for days in (0, 0, 1):
        activity.searched("ann", NOON - days * DAY, None)
    counts = activity.daily(NOON - 7 * DAY, NOON)
    assert counts == {NOON.date(): 2, (NOON - DAY).date(): 1}
