from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from sojourn.api.documents import (
    JsonObject,
    Line,
    Text,
    check_of,
    event_of,
    planned_event,
    result_of,
)
from sojourn.core.criteria import CriteriaCheck, aggregate_results
from sojourn.core.journal import Event

AT = datetime(2026, 1, 1, tzinfo=UTC)


class Form(BaseModel):
    line: Line = "x"
    text: Text = ""
    object: JsonObject = {}


@pytest.mark.parametrize(
    "given",
    [
        {"line": ""},
        {"line": "a\x00"},
        {"text": "x" * 2001},
        {"text": "\ud800"},
        {"object": {"a": [{"b": "\x00"}]}},
        {"object": {"a": 10**30}},
        {"object": {"a": float("nan")}},
    ],
)
def test_what_the_database_cannot_keep_is_refused_by_its_place(given: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Form(**given)


def test_a_row_of_the_journal_is_an_event() -> None:
    row = {"event_id": 4, "journey_id": "j", "seq": 1, "type": "transition", "at": AT}
    row |= {"actor": "ann", "from_stage": "none", "to_stage": "sandbox", "hash": b"\x01\xff"}
    found = event_of(row | {"event": "start_journey", "unknown": 1})
    assert (found.from_stage, found.to_stage, found.hash) == (None, "sandbox", "01ff")


def test_an_event_that_is_not_written_yet_has_no_number() -> None:
    found = planned_event(Event("transition", AT, "ann", transition=("a", "promote_to_b", "b")))
    assert (found.seq, found.event, found.to_stage) == (None, "promote_to_b", "b")


def test_checks_and_results_say_all_that_is_known() -> None:
    check = CriteriaCheck("c", False, 0.7, 0.8, "0.7 is below 0.8", n=20)
    assert check_of(check).verdict == "failed"
    assert result_of(aggregate_results([check])).checks[0].n == 20
