from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import orjson

from sojourn.cli import documents, screen
from sojourn.core.criteria import CriteriaCheck, Verdict
from sojourn.core.decide import decide, start
from sojourn.core.explain import explain
from sojourn.core.journeys import Hold, Interval
from sojourn.core.snapshot import Snapshot
from sojourn.paths import Problem, load
from tests.journeys.small import SMALL

NOW = datetime(2026, 5, 3, tzinfo=UTC)
DAY = timedelta(days=1)
PATH = load(SMALL)
BEGUN = start(PATH, "acme", UUID(int=1), NOW - 4 * DAY, "ann", owner="bob", metadata={"a": 1})


def test_days_leave_held_time_out() -> None:
    state = replace(BEGUN.state, holds=(Interval(NOW - 3 * DAY, NOW - 2 * DAY),))
    clock = documents.clock(state, PATH, NOW)
    assert (clock["days"], clock["days_in_stage"]) == (3.0, 3.0)
    assert (clock["target_days"], clock["limit_days"]) == (5.0, 10.0)


def test_an_ended_journeys_clock_stands() -> None:
    state = replace(BEGUN.state, current_stage="completed", ended_at=NOW - 2 * DAY)
    clock = documents.clock(state, PATH, NOW)
    assert (clock["days"], clock["limit_days"]) == (2.0, None)


def test_a_hold_is_told_with_its_reason() -> None:
    state = replace(BEGUN.state, hold=Hold(NOW, "summer", "ann"))
    told = documents.journey(state, PATH, BEGUN.view, NOW)
    assert told["held"] == {"since": NOW, "by": "ann", "reason": "summer"}
    assert told["owner"] == "bob"
    assert told["metadata"] == {"a": 1}
    assert orjson.loads(screen.json(told))["started_at"] == "2026-04-29T00:00:00+00:00"


def test_a_check_has_the_specifications_fields_first() -> None:
    check = CriteriaCheck("a", False, 1, 2, "m", verdict=Verdict.FAILED, observed_at=NOW - DAY)
    told = documents.check(check, NOW)
    assert told["age_s"] == 86400
    assert documents.check(check)["age_s"] is None
    assert [told[k] for k in ("name", "passed", "actual_value", "expected_value", "message")] == [
        "a", False, 1, 2, "m",
    ]  # fmt: skip


def test_an_explanation_has_sentences_and_the_hash_that_binds_an_approval() -> None:
    told = documents.explanation(explain(Snapshot(BEGUN.state, PATH), NOW), NOW)
    assert told["sentences"][0].startswith("acme (small@0) is in sandbox for 4d")
    assert len(told["evidence_hash"]) == 64
    assert told["result"]["checks"][0]["name"] == "contract_signed"


def test_a_change_is_told_with_its_effects() -> None:
    told = documents.changed(BEGUN, NOW, dry_run=True)
    assert told.keys() == {"dry_run", "journey", "effects", "gate"}
    assert told["effects"]["transitions"] == [
        {"from": None, "event": "start_journey", "to": "sandbox", "reason": ""}
    ]
    assert told["gate"]["verdict"] == "insufficient_data"
    quiet = decide(Snapshot(BEGUN.state, PATH, seq=1), NOW)
    assert documents.effects(quiet)["events"] == []


def test_an_event_of_the_journal_says_none_for_no_stage() -> None:
    row = {"seq": 1, "type": "transition", "at": NOW, "actor": "a", "reason": "", "cause": "",
           "data": {}, "from_stage": "none", "event": "start_journey", "to_stage": "sandbox"}  # fmt: skip
    told = documents.recorded(row)
    assert (told["from"], told["event"], told["to"]) == (None, "start_journey", "sandbox")


def test_a_problem_has_its_place() -> None:
    assert documents.problem(Problem("f", 1, 2, "p", "m")) == {
        "file": "f", "line": 1, "column": 2, "place": "p", "message": "m",
    }  # fmt: skip
    assert documents.without({"a": 1, "b": 2}, ["a"]) == {"b": 2}
