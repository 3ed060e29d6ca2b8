"""When to try again."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from ostiary.durable.retry import Retry
from tests.support.clocks import MONDAY


def delays(retry: Retry) -> list[timedelta]:
    return [
        at - MONDAY
        for attempts in range(1, retry.attempts)
        if (at := retry.after(attempts, now=MONDAY)) is not None
    ]


def test_delays_grow_up_to_the_longest() -> None:
    seconds = [delay.total_seconds() for delay in delays(Retry(jitter=0))]

    assert seconds == [2, 6, 18, 54, 162, 486, 1458, 3600, 3600, 3600, 3600]


def test_the_last_attempt_is_the_last() -> None:
    assert Retry(attempts=3).after(3, now=MONDAY) is None
    assert Retry(attempts=3).after(30, now=MONDAY) is None


def test_a_seed_gives_the_same_delays() -> None:
    one, other = (delays(Retry(rng=Random(7))) for _ in range(2))  # noqa: S311  # no secret

    assert one == other


@given(st.integers(min_value=0))
def test_jitter_shortens_and_never_below_its_share(seed: int) -> None:
    jittered = delays(Retry(jitter=0.25, rng=Random(seed)))  # noqa: S311  # no secret
    exact = delays(Retry(jitter=0))

    for delay, most in zip(jittered, exact, strict=True):
        assert most * 0.749 <= delay <= most
    assert any(one != other for one, other in pairwise(jittered))
