from datetime import UTC, datetime, timedelta

from sojourn.sandbox.search_service.clock import Clock

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)


def test_real_time_until_somebody_tells_another() -> None:
    clock = Clock()
    assert clock.told is False
    assert abs(clock.now() - datetime.now(UTC)) < timedelta(seconds=5)
    clock.tell(NOON)
    assert NOON <= clock.now() < NOON + timedelta(seconds=5)


def test_it_knows_whether_it_was_told() -> None:
    clock = Clock()
    clock.tell(NOON)
    assert clock.told


def test_it_moves_on_by_itself_and_never_back() -> None:
    ticks = [0.0]
    clock = Clock(3600, lambda: ticks[0])
    clock.tell(NOON)
    ticks[0] = 2.0
    assert clock.now() == NOON + timedelta(hours=2)
    clock.tell(NOON)
    assert clock.now() == NOON + timedelta(hours=2)
    clock.tell(NOON + timedelta(days=1))
    assert clock.now() == NOON + timedelta(days=1)
