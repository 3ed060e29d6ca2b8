from __future__ import annotations

from ostiary.identity.throttle import FailureThrottle


class Monotonic:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_client_that_fails_too_often_waits_until_the_window_has_passed() -> None:
    stopwatch = Monotonic()
    throttle = FailureThrottle(limit=3, window=60, monotonic=stopwatch)
    for second in (0, 10, 20):
        assert throttle.wait("a") == 0
        stopwatch.now = second
        throttle.failed("a")

    assert throttle.wait("a") == 40
    assert throttle.wait("b") == 0

    stopwatch.now = 60
    assert throttle.wait("a") == 0


def test_failures_that_lie_apart_are_forgiven() -> None:
    stopwatch = Monotonic()
    throttle = FailureThrottle(limit=3, window=60, monotonic=stopwatch)
    for second in range(0, 300, 30):
        stopwatch.now = second
        assert throttle.wait("a") == 0
        throttle.failed("a")


def test_random_clients_do_not_fill_the_memory() -> None:
    throttle = FailureThrottle(max_clients=5)
    for number in range(100):
        throttle.failed(str(number))

    assert len(throttle._failures) == 5
