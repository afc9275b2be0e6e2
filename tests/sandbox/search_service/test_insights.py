from datetime import UTC, datetime, timedelta

from sojourn.sandbox.search_service.clock import Clock
from sojourn.sandbox.search_service.insights import InsightsBody, insights
from sojourn.sandbox.search_service.instance import Instance

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)
DAY = timedelta(days=1)


def instance() -> Instance:
    made = Instance("medtronic", Clock())
    for days in (0, 0, 8, 40):
        made.activity.searched("ann@x", NOON - days * DAY, None)
    return made


def searches(**period: object) -> int:
    body = InsightsBody.model_validate({"overviewRequest": {"dayRange": period}})
    summary = insights(instance(), body, NOON)["overviewResponse"]["searchSummary"]
    return int(summary["numSearches"])


def test_periods_are_counted_in_days_or_given_as_instants() -> None:
    assert searches() == 3
    assert searches(start={"daysFromNow": 7}) == 2
    assert searches(start={"daysFromNow": 60}, end={"daysFromNow": 7}) == 2
    assert searches(start={"epochSeconds": int((NOON - 10 * DAY).timestamp())}) == 3


def test_people_are_left_out_when_asked() -> None:
    body = InsightsBody.model_validate({"overviewRequest": {}, "disablePerUserInsights": True})
    overview = insights(instance(), body, NOON)["overviewResponse"]
    assert overview["perUserInsights"] == []
    assert overview["monthlyActiveUsers"] == 1
    days = overview["searchesTimeseries"]["countInfo"]
    assert [day["count"] for day in days] == [1, 2]


def test_what_is_not_asked_for_is_not_told() -> None:
    assert insights(instance(), InsightsBody(), NOON) == {}
