from datetime import UTC, datetime, timedelta

from sojourn.sandbox.scenario import read
from sojourn.sandbox.search_service.bodies import DatasourceBody, DocumentBody
from sojourn.sandbox.search_service.clock import Clock
from sojourn.sandbox.search_service.instance import Instance
from sojourn.sandbox.search_service.statuses import configuration, credentials, status

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)


def instance(*spells: dict[str, object]) -> Instance:
    made = Instance("medtronic", Clock())
    made.configure(DatasourceBody(name="jira", is_test_datasource=True))
    bodies = [DocumentBody(datasource="jira", id=f"d{n}", object_type="page") for n in range(10)]
    made.put(made.source("jira"), bodies, NOON)
    made.scenario = read({"start": "2026-03-05T00:00:00Z", "spells": [*spells]})
    return made


def test_a_crawl_that_gets_stuck_shows_in_the_counts() -> None:
    made = instance({"kind": "sync", "amount": 0.7, "connector": "jira"})
    for days, indexed in ((0, 10), (2, 7)):
        counts = status(made, "jira", NOON + timedelta(days=days))["documents"]["counts"]
        assert counts["uploaded"] == [{"objectType": "page", "count": 10}]
        assert counts["indexed"] == [{"objectType": "page", "count": indexed}]


def test_a_test_data_source_says_so() -> None:
    assert status(instance(), "jira", NOON)["datasourceVisibility"] == "ENABLED_FOR_TEST_GROUP"


def test_credentials_are_missing_until_they_are_set() -> None:
    assert credentials(instance(), "jira", NOON)["status"] == "MISSING"


def test_trouble_with_authentication_shows_in_the_configuration() -> None:
    made = instance({"kind": "auth"})
    made.source("jira").values["authMethod"] = "oauth2"
    assert configuration(made, "jira", NOON)["authMethod"] == "oauth2"
    later = configuration(made, "jira", NOON + timedelta(days=1))
    assert (later["authMethod"], later["transport"]) == ("basic", "http")
