from hypothesis import given
from hypothesis import strategies as st

from sojourn.core.places import BEHIND, STRIDE, Places
from sojourn.core.work import Progress, Purpose, UnitOfWorkStatus
from tests.core.scenes import NOW, shot


def unit(name: str, queued: int) -> Progress:
    """Return a unit of which so many tasks wait for a worker."""
    return Progress(
        name, name, "sandbox", 1, Purpose.ACTIVITY, UnitOfWorkStatus.RUNNING, queued=queued
    )


def test_the_first_tasks_of_a_journey_are_due_at_once_and_the_next_stand_behind() -> None:
    places = Places(shot(), NOW)
    found = [places.take() for _ in range(3 * STRIDE)]
    assert found == [NOW] * STRIDE + [NOW + BEHIND] * STRIDE + [NOW + 2 * BEHIND] * STRIDE


def test_a_unit_takes_the_places_of_all_its_tasks() -> None:
    places = Places(shot(), NOW)
    assert [places.take(5), places.take(100), places.take()] == [NOW, NOW, NOW + 10 * BEHIND]


@given(st.lists(st.integers(0, 500), max_size=4))
def test_what_comes_in_many_units_stands_where_it_would_in_one(queued: list[int]) -> None:
    units = tuple(unit(f"u{n}", count) for n, count in enumerate(queued))
    one = Places(shot(), NOW)
    one.take(sum(queued))
    assert Places(shot(units=units), NOW).take() == one.take()
