from collections import Counter
from datetime import UTC, datetime
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from sojourn.control.tasks import Claimed, Step
from sojourn.core.outcomes import Attempt, Call
from sojourn.core.work import Retry
from sojourn.engine.hand import Hand

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def task_of(journey: int) -> Claimed:
    call = Call(
        UUID(int=journey), UUID(int=0), "task", "agent", 1, 0, "task", "c", "sandbox", {}, NOW
    )
    return Claimed(Step.SEND, Attempt(call, 3, Retry(), NOW))


@given(st.lists(st.tuples(st.integers(0, 3), st.booleans())), st.integers(0, 4))
def test_crowded_are_those_who_hold_as_many_places_as_are_kept(
    steps: list[tuple[int, bool]], kept: int
) -> None:
    hand, model = Hand(kept), list[Claimed]()
    for journey, take in steps:
        if take:
            hand.take([task := task_of(journey)])
            model.append(task)
        elif model:
            hand.let_go([model.pop(journey % len(model))])
        held = Counter(task.attempt.call.journey_id for task in model)
        assert list(map(id, hand)) == list(map(id, model))
        assert set(hand.crowded()) == {key for key, n in held.items() if n >= kept > 0}


def test_what_is_not_in_hand_is_passed_over() -> None:
    hand, one = Hand(1), task_of(1)
    hand.take([one])
    hand.let_go([task_of(1), one, one])
    assert list(hand) == []
    assert hand.crowded() == []


def test_everything_can_be_dropped() -> None:
    hand = Hand(1)
    hand.take([task_of(1), task_of(2)])
    hand.clear()
    assert (list(hand), hand.crowded()) == ([], [])
