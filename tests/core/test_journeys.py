from dataclasses import FrozenInstanceError, fields, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from sojourn.core.journeys import (
    Ball,
    Hold,
    Interval,
    JourneyState,
    Schedule,
    Soak,
    active_time,
    after_active,
    before,
    begin_hold,
    default_key,
    end_hold,
    held_time,
    stage_before,
    start_journey,
    window_end,
    window_start,
)
from sojourn.core.stages import IllegalTransition, JourneyStage, transition_table

T0 = datetime(2026, 1, 5, 9, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def sandbox() -> JourneyState:
    return start_journey("medtronic", T0, journey_id=UUID(int=7))


def test_the_state_has_the_specification_s_fields_first() -> None:
    assert [f.name for f in fields(JourneyState)][:7] == [
        "client_id", "current_stage", "previous_stage", "started_at", "stage_started_at",
        "completed_stages", "metadata",
    ]  # fmt: skip


def test_a_journey_starts_in_the_first_stage() -> None:
    state = start_journey("medtronic", T0, metadata={"size": "medium"}, owner="ines")
    assert state.current_stage is JourneyStage.SANDBOX
    assert (state.previous_stage, state.visit, state.completed_stages) == (None, 1, ())
    assert (state.started_at, state.stage_started_at) == (T0, T0)
    assert state.journey_key == default_key("medtronic", T0) == "journey-medtronic-2026"
    assert (state.metadata, state.owner, state.active, state.ended) == (
        {"size": "medium"}, "ines", True, False,
    )  # fmt: skip


def test_promotions_gather_completed_stages_until_the_end() -> None:
    state = sandbox()
    for day, event in enumerate(("promote_to_pilot", "promote_to_production", "mark_complete"), 1):
        state = state.transition(event, T0 + day * DAY)
    assert state.current_stage is JourneyStage.COMPLETED
    assert state.completed_stages == ("sandbox", "pilot", "production")
    assert state.previous_stage == "production"
    assert (state.ended, state.active, state.ended_at) == (True, False, T0 + 3 * DAY)
    assert (state.visit, state.started_at) == (4, T0)


def test_a_transition_leaves_the_state_it_came_from_as_it_was() -> None:
    state = replace(sandbox(), admitted_at=T0, wave=2, requested_by="ines")
    same = replace(state)
    moved = state.transition("promote_to_pilot", T0 + DAY)
    assert state == same
    assert moved is not state
    with pytest.raises(FrozenInstanceError):
        state.visit = 9  # type: ignore[misc]
    with pytest.raises(IllegalTransition):
        state.transition("mark_complete", T0 + DAY)
    assert state == same


def test_a_stage_begins_afresh_whichever_event_leads_there() -> None:
    soak = Soak("sandbox/exit@1", HOUR, T0, good=True)
    state = replace(sandbox(), admitted_at=T0, wave=2, soak=soak, requested_by="ines")
    moved = state.transition("promote_to_pilot", T0 + DAY)
    assert (moved.admitted_at, moved.wave, moved.soak, moved.requested_by) == (None, 0, None, None)
    assert (moved.stage_started_at, moved.started_at) == (T0 + DAY, T0)


def test_a_rollback_returns_to_the_stage_it_chose_and_forgets_what_came_after() -> None:
    state = sandbox().transition("promote_to_pilot", T0).transition("promote_to_production", T0)
    rolling = state.transition("initiate_rollback", T0 + DAY, target="sandbox")
    assert (rolling.current_stage, rolling.target_stage) == ("rollback", "sandbox")
    assert (rolling.rollbacks, rolling.active, rolling.ended) == (1, False, False)
    assert rolling.completed_stages == ("sandbox", "pilot")
    back = rolling.transition("complete_rollback", T0 + 2 * DAY)
    assert (back.current_stage, back.previous_stage) == ("sandbox", "rollback")
    assert (back.completed_stages, back.target_stage, back.rollbacks) == ((), None, 1)


def test_a_rollback_goes_to_the_stage_before_unless_told_otherwise() -> None:
    state = sandbox()
    assert stage_before(state) == "sandbox"
    assert state.transition("initiate_rollback", T0).target_stage == "sandbox"
    production = state.transition("promote_to_pilot", T0).transition("promote_to_production", T0)
    assert production.transition("initiate_rollback", T0).target_stage == "pilot"


@pytest.mark.parametrize("target", ["production", "completed", "rollback", "nowhere"])
def test_a_rollback_cannot_go_where_the_journey_has_not_been(target: str) -> None:
    pilot = sandbox().transition("promote_to_pilot", T0)
    with pytest.raises(IllegalTransition, match="allowed: sandbox, pilot"):
        pilot.transition("initiate_rollback", T0, target=target)


def test_the_end_of_a_journey_is_the_end_of_its_hold() -> None:
    for event in ("cancel_journey", "mark_complete"):
        state = replace(sandbox(), current_stage="production")
        held = begin_hold(state, "waiting", "ines", T0 + HOUR)
        ended = held.transition(event, T0 + DAY)
        assert (ended.hold, ended.ended_at) == (None, T0 + DAY)
        assert ended.holds == (Interval(T0 + HOUR, T0 + DAY),)


def test_a_rollback_does_not_end_a_hold_by_itself() -> None:
    held = begin_hold(sandbox(), "waiting", "ines", T0)
    assert held.transition("initiate_rollback", T0 + DAY).hold == held.hold


def test_times_need_a_zone() -> None:
    with pytest.raises(ValueError, match="started_at needs a time zone"):
        start_journey("medtronic", T0.replace(tzinfo=None))
    with pytest.raises(ValueError, match="stage_started_at needs a time zone"):
        sandbox().transition("promote_to_pilot", T0.replace(tzinfo=None))


def test_standard_names_from_the_database_become_the_specification_s_members() -> None:
    state = JourneyState("m", "pilot", "sandbox", T0, T0, ("sandbox", "compliance"))
    assert state.current_stage is JourneyStage.PILOT
    assert state.completed_stages[0] is JourneyStage.SANDBOX
    assert state.completed_stages[1] == "compliance"


def test_words_for_ball_and_schedule_are_the_design_s() -> None:
    assert [*Ball] == ["agent", "client", "approver", "operator", "soak", "nobody"]
    assert [*Schedule] == ["ahead", "on_track", "behind", "stuck"]


def test_the_stages_before_one() -> None:
    assert before(("a", "b", "c"), "b") == ("a",)
    assert before(("a", "b"), "c") == ("a", "b")
    assert before((), "a") == ()


class Walk(RuleBasedStateMachine):
    """All events in all states of a path, compared with a model that is a list and a counter."""

    stages: tuple[str, ...] = ("sandbox", "pilot", "production")

    @initialize()
    def start(self) -> None:
        self.table = transition_table(self.stages)
        self.now = T0
        self.state = start_journey("medtronic", T0, self.table)
        self.place, self.done, self.target = self.stages[0], list[str](), ""
        self.rollbacks, self.entries = 0, 1

    @rule(
        event=st.sampled_from(
            [
                "start_journey",
                *(f"promote_to_{s}" for s in ("sandbox", "compliance", "pilot", "production")),
                "initiate_rollback",
                "complete_rollback",
                "cancel_journey",
                "mark_complete",
                "nonsense",
            ]
        ),
        goal=st.sampled_from([None, "sandbox", "compliance", "pilot", "production", "rollback"]),
        wait=st.timedeltas(timedelta(0), 5 * DAY),
    )
    def happen(self, event: str, goal: str | None, wait: timedelta) -> None:
        self.now += wait
        old = self.state
        expected = self.expect(event, goal)
        if expected is None:
            with pytest.raises(IllegalTransition):
                old.transition(event, self.now, self.table, goal)
            return
        self.state = old.transition(event, self.now, self.table, goal)
        self.place = expected
        self.entries += 1
        assert self.state.stage_started_at == self.now
        assert self.state.previous_stage == old.current_stage

    def expect(self, event: str, target: str | None) -> str | None:
        """Return where the model goes (None: nowhere) and keep its books."""
        if self.place in ("completed", "cancelled"):
            return None
        if event == "cancel_journey":
            return "cancelled"
        if self.place == "rollback":
            if event != "complete_rollback":
                return None
            self.done = (
                self.done[: self.done.index(self.target)]
                if self.target in self.done
                else (self.done)
            )
            return self.target
        if event == "initiate_rollback":
            goal = target or (self.done[-1] if self.done else self.place)
            if goal not in (*self.done, self.place):
                return None
            self.target, self.rollbacks = goal, self.rollbacks + 1
            return "rollback"
        rest = self.stages[self.stages.index(self.place) + 1 :]
        forward = f"promote_to_{rest[0]}" if rest else "mark_complete"
        if event != forward:
            return None
        self.done.append(self.place)
        return rest[0] if rest else "completed"

    @invariant()
    def agree(self) -> None:
        state = self.state
        assert state.current_stage == self.place
        assert list(state.completed_stages) == self.done
        assert (state.rollbacks, state.visit) == (self.rollbacks, self.entries)
        assert (state.target_stage is not None) == (self.place == "rollback")
        assert (
            (state.ended_at is not None)
            == state.ended
            == (self.place in ("completed", "cancelled"))
        )


class CustomWalk(Walk):
    stages = ("sandbox", "compliance", "pilot")


class ShortWalk(Walk):
    stages = ("pilot",)


TestWalk = Walk.TestCase
TestCustomWalk = CustomWalk.TestCase
TestShortWalk = ShortWalk.TestCase


# Clocks, compared with a brute-force grid of minutes.

SPAN = 240
CUTS = st.lists(st.integers(0, SPAN), max_size=8, unique=True).map(sorted)


def held_state(cuts: list[int]) -> tuple[JourneyState, list[bool]]:
    """Return a journey held between every other cut, and for each minute whether its clock ran."""
    state, running, grid = sandbox(), True, []
    for minute in range(SPAN):
        if minute in cuts:
            at = T0 + minute * MINUTE
            state = begin_hold(state, "x", "ines", at) if running else end_hold(state, at)
            running = not running
        grid.append(running)
    return state, grid


def minutes(grid: list[bool], since: int, until: int) -> int:
    return sum(grid[max(since, 0) : max(until, 0)])


@given(CUTS, st.integers(0, SPAN), st.integers(0, SPAN))
def test_active_time_counts_the_minutes_in_which_the_clock_ran(
    cuts: list[int], since: int, until: int
) -> None:
    state, grid = held_state(cuts)
    start, end = T0 + since * MINUTE, T0 + until * MINUTE
    assert active_time(state, start, end) == minutes(grid, since, until) * MINUTE
    whole = max(end - start, timedelta(0))
    assert active_time(state, start, end) + held_time(state, start, end) == whole


@given(CUTS, st.integers(0, SPAN), st.integers(0, SPAN))
def test_a_window_begins_where_the_clock_has_run_for_its_length_since(
    cuts: list[int], length: int, now: int
) -> None:
    state, grid = held_state(cuts)
    at = T0 + now * MINUTE
    start = window_start(state, length * MINUTE, at)
    # Before the journey its clock is taken to have run.
    lived = active_time(state, min(start, at), at)
    assert lived == length * MINUTE
    assert start <= at
    back = next((m for m in range(now, -1, -1) if minutes(grid, m, now) == length), None)
    if back is not None:
        assert start == T0 + back * MINUTE


@given(CUTS, st.integers(0, SPAN), st.integers(0, SPAN), st.integers(0, SPAN))
def test_a_window_ends_where_the_clock_has_run_for_its_length(
    cuts: list[int], since: int, length: int, now: int
) -> None:
    state, grid = held_state(cuts)
    ends = range(since, now + 1)
    first = next((m for m in ends if minutes(grid, since, m) == length), None)
    found = window_end(state, T0 + since * MINUTE, length * MINUTE, T0 + now * MINUTE)
    assert found == (None if first is None else T0 + first * MINUTE)


@given(CUTS, st.integers(0, SPAN), st.integers(1, SPAN), st.integers(1, SPAN))
def test_more_held_time_only_makes_a_window_reach_further_back(
    cuts: list[int], length: int, since: int, extra: int
) -> None:
    state, _ = held_state(cuts)
    state = end_hold(state, T0 + SPAN * MINUTE)
    now = T0 + 3 * SPAN * MINUTE
    held = replace(
        state,
        holds=(
            *state.holds,
            Interval(T0 + (SPAN + since) * MINUTE, T0 + (SPAN + since + extra) * MINUTE),
        ),
    )
    assert window_start(held, length * MINUTE, now) <= window_start(state, length * MINUTE, now)
    assert active_time(held, T0, now) == active_time(state, T0, now) - extra * MINUTE


def test_a_hold_in_progress_counts_up_to_now_and_never_beyond() -> None:
    held = begin_hold(sandbox(), "waiting", "ines", T0 + HOUR)
    assert held_time(held, T0, T0 + 3 * HOUR) == 2 * HOUR
    assert active_time(held, T0, T0 + HOUR / 2) == HOUR / 2
    assert held_time(held, T0 + 2 * HOUR, T0 + HOUR) == timedelta(0)


def test_holds_begin_once_and_are_remembered() -> None:
    state = begin_hold(sandbox(), "waiting", "ines", T0)
    assert begin_hold(state, "again", "joe", T0 + HOUR) is state
    assert state.hold == Hold(T0, "waiting", "ines")
    ended = end_hold(state, T0 + HOUR)
    assert (ended.hold, ended.holds) == (None, (Interval(T0, T0 + HOUR),))
    assert end_hold(ended, T0 + DAY) == ended


def test_an_interval_overlaps_what_it_shares_with_a_span() -> None:
    span: Any = Interval(T0, T0 + HOUR)
    assert span.overlap(T0 - HOUR, T0 + DAY) == HOUR
    assert span.overlap(T0 + HOUR / 2, T0 + DAY) == HOUR / 2
    assert span.overlap(T0 + 2 * HOUR, T0 + DAY) == timedelta(0)
    assert Interval(T0).overlap(T0 - HOUR, T0 + DAY) == DAY


def test_a_held_journey_has_no_date_by_which_its_clock_has_run() -> None:
    state = sandbox()
    assert after_active(state, DAY, T0) == T0 + DAY
    assert after_active(begin_hold(state, "x", "ines", T0), DAY, T0) is None
