from sojourn.api.throttle import Throttle


def test_so_many_failures_in_a_while_and_then_a_wait() -> None:
    throttle = Throttle(limit=3, window=60)
    for at in (0, 10, 20):
        assert throttle.wait("a", at) == 0
        throttle.failed("a", at)
    assert throttle.wait("a", 20) == 40
    assert throttle.wait("b", 20) == 0
    assert throttle.wait("a", 59.5) == 1
    assert throttle.wait("a", 60) == 0


def test_it_forgets_the_oldest_names_first() -> None:
    throttle = Throttle(limit=1)
    for name in range(10_050):
        throttle.failed(str(name), 0)
    assert throttle.wait("0", 0) == 0
    assert throttle.wait("10049", 0) == 60
