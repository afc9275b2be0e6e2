from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sojourn.core.stages import (
    RESERVED,
    ROLLBACK_TARGET,
    STANDARD_STAGES,
    TERMINAL,
    TRANSITIONS,
    IllegalTransition,
    JourneyStage,
    TransitionEvent,
    allowed_events,
    as_stage,
    next_stage,
    promotion_event,
    rollback_targets,
    rows,
    transition_table,
)

SANDBOX, PILOT, PRODUCTION = STANDARD_STAGES
ROLLBACK, COMPLETED, CANCELLED = (
    JourneyStage.ROLLBACK,
    JourneyStage.COMPLETED,
    JourneyStage.CANCELLED,
)

SPECIFIED: dict[Any, Any] = {
    (None, TransitionEvent.START_JOURNEY): SANDBOX,
    (SANDBOX, TransitionEvent.PROMOTE_TO_PILOT): PILOT,
    (PILOT, TransitionEvent.PROMOTE_TO_PRODUCTION): PRODUCTION,
    (PRODUCTION, TransitionEvent.MARK_COMPLETE): COMPLETED,
    (SANDBOX, TransitionEvent.INITIATE_ROLLBACK): ROLLBACK,
    (PILOT, TransitionEvent.INITIATE_ROLLBACK): ROLLBACK,
    (PRODUCTION, TransitionEvent.INITIATE_ROLLBACK): ROLLBACK,
    (SANDBOX, TransitionEvent.CANCEL_JOURNEY): CANCELLED,
    (PILOT, TransitionEvent.CANCEL_JOURNEY): CANCELLED,
    (PRODUCTION, TransitionEvent.CANCEL_JOURNEY): CANCELLED,
}
"""TRANSITIONS as the specification has it."""

NAMES = st.text("abcdefgh_", min_size=1, max_size=8).filter(lambda n: n not in set(JourneyStage))
CUSTOM = st.lists(NAMES | st.sampled_from(STANDARD_STAGES), min_size=1, max_size=5, unique=True)


def test_the_stages_and_events_are_the_specification_s() -> None:
    assert [s.value for s in JourneyStage] == [
        "sandbox", "pilot", "production", "rollback", "completed", "cancelled",
    ]  # fmt: skip
    assert [e.value for e in TransitionEvent] == [
        "start_journey", "promote_to_pilot", "promote_to_production", "initiate_rollback",
        "complete_rollback", "cancel_journey", "mark_complete",
    ]  # fmt: skip


def test_the_table_is_the_specification_s_and_the_two_that_its_workflow_needs() -> None:
    workflow = {
        (ROLLBACK, TransitionEvent.COMPLETE_ROLLBACK): ROLLBACK_TARGET,
        (ROLLBACK, TransitionEvent.CANCEL_JOURNEY): CANCELLED,
    }
    assert dict(TRANSITIONS) == SPECIFIED | workflow


def test_stages_and_events_are_their_names() -> None:
    assert str(JourneyStage.PILOT) == "pilot"
    assert TRANSITIONS[None, "start_journey"] == "sandbox"
    assert as_stage("pilot") is JourneyStage.PILOT
    assert as_stage("compliance") == "compliance"


def test_promotion_events_are_named_after_the_stage_entered() -> None:
    assert promotion_event("pilot") is TransitionEvent.PROMOTE_TO_PILOT
    assert promotion_event("compliance") == "promote_to_compliance"


def test_a_custom_stage_stands_in_its_place_of_the_table() -> None:
    table = transition_table(["sandbox", "compliance", "pilot"])
    assert next_stage(table, "sandbox", "promote_to_compliance") == "compliance"
    assert next_stage(table, "compliance", "promote_to_pilot") == "pilot"
    assert next_stage(table, "pilot", "mark_complete") == "completed"
    with pytest.raises(IllegalTransition, match="promote_to_pilot is not allowed in stage sandbox"):
        next_stage(table, "sandbox", "promote_to_pilot")


@given(CUSTOM)
def test_every_table_has_one_way_forward_and_rolls_back_from_every_stage(stages: list[str]) -> None:
    table = transition_table(stages)
    stage = next_stage(table, None, "start_journey")
    walked = [stage]
    while stage not in TERMINAL:
        events = [e for e in allowed_events(table, stage) if e.startswith(("promote_to", "mark_"))]
        assert len(events) == 1
        assert {"initiate_rollback", "cancel_journey"} <= set(allowed_events(table, stage))
        stage = next_stage(table, stage, events[0])
        walked.append(stage)
    assert walked == [*stages, "completed"]
    assert rollback_targets(table) == stages


@given(CUSTOM, st.data())
def test_what_is_not_in_the_table_is_refused_and_the_refusal_says_what_is_allowed(
    stages: list[str], data: st.DataObject
) -> None:
    table = transition_table(stages)
    events = [*TransitionEvent, *(f"promote_to_{s}" for s in stages), "nonsense"]
    places = [None, *stages, *RESERVED, "nowhere"]
    stage, event = data.draw(st.sampled_from(places)), data.draw(st.sampled_from(events))
    target = data.draw(st.sampled_from([None, *stages]))
    allowed = allowed_events(table, stage)
    if event in allowed and (event != "complete_rollback" or target):
        assert next_stage(table, stage, event, target) in {*stages, *RESERVED}
        return
    with pytest.raises(IllegalTransition) as refused:
        next_stage(table, stage, event, target)
    if event not in allowed:
        told = str(refused.value)
        assert told.startswith(f"{event} is not allowed in stage {stage or 'none'}")
        assert all(name in told for name in allowed) if allowed else "ended" in told


def test_the_end_of_a_rollback_needs_a_target_that_can_itself_be_rolled_back() -> None:
    assert next_stage(TRANSITIONS, "rollback", "complete_rollback", "sandbox") == "sandbox"
    for target in (None, "completed", "rollback", "nowhere", ROLLBACK_TARGET):
        with pytest.raises(IllegalTransition, match="needs the stage to return to"):
            next_stage(TRANSITIONS, "rollback", "complete_rollback", target)


def test_ended_stages_allow_nothing() -> None:
    assert [allowed_events(TRANSITIONS, s) for s in TERMINAL] == [[], []]


@given(CUSTOM)
def test_the_rows_for_the_database_hold_exactly_what_the_table_allows(stages: list[str]) -> None:
    table = transition_table(stages)
    written = rows(table)
    assert len(set(written)) == len(written)
    assert ROLLBACK_TARGET not in {entered for _, _, entered in written}
    for left, event, entered in written:
        assert next_stage(table, left, event, entered) == entered
    returns = {entered for left, _, entered in written if left == "rollback"}
    assert returns == {*stages, "cancelled"}
