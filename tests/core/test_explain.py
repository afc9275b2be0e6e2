from typing import Any

from sojourn.core.commands import Cancel, HoldJourney, RollBack
from sojourn.core.criteria import Verdict
from sojourn.core.explain import HAS_BALL, Explanation, explain
from sojourn.core.journeys import Ball
from sojourn.core.outcomes import Needs
from sojourn.core.paths import Gate, Mode
from tests.core.driver import Driver, begin, reach
from tests.core.scenes import DAY, HOUR, NOW, metric, path, seen, shot, small, soak, stage

INES: dict[str, Any] = {"actor": "ines", "reason": "because"}


def told(journey: Driver) -> Explanation:
    return explain(journey.observed(journey.snapshot()), journey.now)


def text(journey: Driver) -> str:
    return " ".join(told(journey).sentences)


def test_it_says_where_the_journey_is_what_it_waits_for_and_who_has_the_ball() -> None:
    journey = begin(small())
    found = told(journey)
    assert found.sentences[0] == (
        "medtronic (small@0) is in sandbox for 0s (target 15d, limit 30d): on track."
    )
    assert found.sentences[1].startswith("Its gate sandbox/exit is shut: 1 of 3 checks hold")
    assert "An agent has the ball: work: setup." in found.sentences
    assert found.gate == "sandbox/exit"
    assert [c.name for c in found.triggers] == ["pause_requested", "leaks"]


def test_it_is_the_predicate_that_promotes() -> None:
    journey = begin(small())
    for _ in range(60):
        journey.pass_time(HOUR)
        for name, value in journey.feed.items():
            journey.measure(name, value)
        journey.run()
        shown = told(journey)
        before = journey.state
        decision = journey.decide()
        moved = decision.state.visit != before.visit
        assert moved <= shown.result.passed


def test_it_names_the_earliest_date() -> None:
    journey = Driver(path(stage("sandbox", [soak(DAY)])))
    journey.start()
    journey.live(HOUR)
    assert told(journey).sentences[-1] == ("The earliest it can move is 2026-01-06 09:00 (in 23h).")
    journey.decide(HoldJourney(**INES))
    assert told(journey).sentences[-1] == "It cannot move before it is resumed."
    assert "It has been held by ines for 0s: because." in told(journey).sentences


def test_a_gate_that_holds_says_who_passes_it() -> None:
    looks = {"sandbox/exit/search_precision": seen(0.9)}
    auto = explain(shot(metric(), seen=looks), NOW)
    assert "Its gate sandbox/exit holds (1 checks); the engine passes it." in auto.sentences
    assert auto.sentences[-1] == "It can move now."
    plan = path(stage("sandbox", Gate((metric(),), Mode.MANUAL)))
    by_hand = explain(shot(path=plan, seen=looks), NOW)
    assert "Its gate sandbox/exit holds (1 checks); a person passes it." in by_hand.sentences


def test_questions_failures_rollbacks_and_ends_are_told() -> None:
    asks = {"install-agent": lambda _: Needs("input", "Which region?")}
    journey = begin(small(), agents=asks)
    journey.settle_down()
    assert "Install (install-agent): Which region?." in text(journey)
    rolling = reach("pilot")
    rolling.decide(RollBack(**INES))
    assert text(rolling).startswith("medtronic (small@0) is rolling back to sandbox since 0s")
    assert told(rolling).gate == "rollback/checks"
    assert told(rolling).triggers == ()
    rolling.decide(Cancel(**INES))
    [sentence] = told(rolling).sentences
    assert sentence.startswith("medtronic (small@0) is cancelled after ")
    assert told(rolling).gate == ""
    assert told(rolling).result.verdict == Verdict.INSUFFICIENT_DATA


def test_every_holder_of_the_ball_has_words() -> None:
    assert set(HAS_BALL) == set(Ball)
