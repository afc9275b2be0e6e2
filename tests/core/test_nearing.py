from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from sojourn.core.decision import Alert
from sojourn.core.journeys import Hold
from sojourn.core.nearing import nearing
from sojourn.core.paths import Action, RollbackTrigger, Trigger
from sojourn.core.snapshot import Snapshot
from tests.core.scenes import DAY, HOUR, NOW, T0, metric, path, seen, shot, stage, state

KEY = "sandbox/trigger/adoption"


def watched(value: float | None, action: Action = Action.ROLLBACK, **more: Any) -> Snapshot:
    """Return a journey that is rolled back below 0.4, after a day."""
    rule = metric("adoption", "<", 0.4)
    trigger = Trigger(next(iter(RollbackTrigger)), rule, action, lasting=DAY)
    plan = path(stage("sandbox", [metric()], triggers=(trigger,)))
    observed = {} if value is None else {KEY: seen(value)}
    journey = more.pop("state", None) or state(admitted_at=T0)
    return shot(path=plan, state=journey, seen=observed, **more)


def found(at: Snapshot) -> list[tuple[str, str]]:
    return [(a.kind, a.subject) for a in nearing(at, NOW)]


@pytest.mark.parametrize(
    ("value", "kinds"),
    [
        (0.45, []),
        (0.43, ["near_limit"]),
        (0.4, ["near_limit"]),
        (0.39, ["breached"]),
        (None, []),
    ],
)
def test_a_trigger_is_told_before_it_trips(value: float | None, kinds: list[str]) -> None:
    assert found(watched(value)) == [(kind, "adoption") for kind in kinds]


def test_it_says_the_value_against_the_limit() -> None:
    [alert] = nearing(watched(0.42), NOW)
    assert (alert.actual, alert.expected, alert.severity) == ("0.42", "< 0.4", "notify")
    assert alert.message == "adoption is 0.42 and is near what rolls the journey back (< 0.4)"
    assert "an-agent" in alert.cause


def test_a_value_on_the_edge_does_not_swing() -> None:
    known = frozenset({("near_limit", "adoption")})
    assert found(watched(0.455)) == []
    assert found(watched(0.455, alerts=known)) == [("near_limit", "adoption")]
    assert found(watched(0.47, alerts=known)) == []


def test_what_is_only_told_of_has_an_alert_of_its_own_when_it_trips() -> None:
    assert found(watched(0.3, Action.ALERT)) == []
    assert found(watched(0.42, Action.ALERT)) == [("near_limit", "adoption")]


def test_nothing_is_told_where_triggers_rest() -> None:
    assert found(watched(0.41, state=state(admitted_at=None))) == [], "not admitted yet"
    held = state(admitted_at=T0, hold=Hold(T0, "pause", "ann"))
    assert found(watched(0.41, state=held)) == []
    assert found(watched(0.41, state=state(current_stage="cancelled"))) == []


def test_a_limit_of_zero_has_no_neighbourhood() -> None:
    rule = metric("bugs", ">", 0)
    trigger = Trigger(next(iter(RollbackTrigger)), rule)
    plan = path(stage("sandbox", [metric()], triggers=(trigger,)))
    at = shot(path=plan, state=state(admitted_at=T0), seen={"sandbox/trigger/bugs": seen(0)})
    assert found(at) == []


def test_evidence_that_grew_old_is_told_once_for_its_metric() -> None:
    fresh = metric(max_age=timedelta(hours=3))
    gate = [fresh, replace(fresh, name="again")]
    at = shot(*gate, state=state(admitted_at=T0))

    def told(age: timedelta) -> dict[tuple[str, str], Alert]:
        keys = ("sandbox/exit/search_precision", "sandbox/exit/again")
        aged = replace(at, seen=dict.fromkeys(keys, seen(0.9, age=age)))
        return {(a.kind, a.subject): a for a in nearing(aged, NOW)}

    assert told(3 * HOUR) == {}
    [alert] = told(4 * HOUR).values()
    assert (alert.kind, alert.actual, alert.expected) == ("stale_source", "4h", "at most 3h")
    assert alert.remedy == "let an-agent measure search_precision again"
    assert list(nearing(at, NOW)) == [], "what was never seen is missing, not stale"
