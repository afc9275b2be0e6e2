import csv
import io
from datetime import UTC, datetime

import pytest
from starlette.datastructures import QueryParams

from sojourn.dashboard.fleet import COLUMNS, safe, wanted
from tests.dashboard.life import Life


def test_an_address_says_what_is_wanted_and_comes_back_the_same() -> None:
    asked = wanted(QueryParams("stage=pilot&held=yes&set=reached&sort=client&page=3"))
    assert asked.filters["stage"] == "pilot"
    assert asked.filters["held"] is True
    assert asked.offset == 100
    assert asked.href() == "/journeys?stage=pilot&set=reached&held=yes&sort=client&page=3"
    assert wanted(QueryParams(asked.href().partition("?")[2])) == asked
    assert asked.href(page=4).endswith("page=4")
    assert [word for word, _ in asked.chips] == ["stage: pilot", "reached production", "held"]
    assert "held" not in asked.chips[2][1]


@pytest.mark.parametrize(
    "query", ["page=0", "page=-1", "page=x", "page=²", "sort=none", "set=none", "held=maybe"]
)
def test_what_is_not_understood_is_left_out(query: str) -> None:
    asked = wanted(QueryParams(query))
    assert (asked.href(), asked.page) == ("/journeys", 1)


@pytest.mark.parametrize("value", ["=1+1", "+1", "-1", "@x", "\tx"])
def test_csv_runs_nothing(value: str) -> None:
    assert safe(value) == f"'{value}"
    assert safe(-1) == -1
    assert safe(datetime(2026, 1, 1, tzinfo=UTC)) == "2026-01-01T00:00:00+00:00"


async def test_csv_has_all_columns_and_the_filters_rows(life: Life) -> None:
    async with life.client() as client:
        text = (await client.get("/journeys.csv?search=glob")).text
    [row] = csv.DictReader(io.StringIO(text))
    assert tuple(row) == COLUMNS
    assert (row["client_id"], row["current_stage"], row["gate_passed"]) == ("globex", "pilot", "1")
    assert float(row["days_in_stage"]) == pytest.approx(6, abs=0.1)


async def test_lines_say_how_a_journey_stands(life: Life) -> None:
    async with life.client() as client:
        for query, clients in {
            "held=yes": {"stark"},
            "stage=completed": {"wayne"},
            "set=rolled_back": {"hooli"},
            "set=reached": {"wayne"},
            "set=decided": {"wayne", "tyrell"},
            "failing=stakeholder_demo": {"initech", "umbrella", "hooli", "stark"},
            "search=UMB": {"umbrella"},
            "owner=nobody": set(),
        }.items():
            text = (await client.get(f"/journeys.csv?{query}")).text
            assert {row["client_id"] for row in csv.DictReader(io.StringIO(text))} == clients, query
