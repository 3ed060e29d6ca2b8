"""Rounds of one node, when many are asked for."""

from __future__ import annotations

from itertools import pairwise

import pytest

from ostiary.durable.pace import Pace


def test_a_few_rounds_are_begun_at_once() -> None:
    pace = Pace(burst=3, interval=0.5)

    assert [pace.delay(10.0) for _ in range(4)] == [0.0, 0.0, 0.0, 0.0]


def test_many_rounds_are_spread_over_time() -> None:
    pace, now = Pace(burst=3, interval=0.5), 10.0
    begun = []
    for _ in range(24):
        now += pace.delay(now)
        begun.append(now)

    assert begun[:4] == [10.0] * 4
    assert begun[-1] == pytest.approx(20.0)
    assert all(later - earlier <= 0.5 for earlier, later in pairwise(begun))


def test_after_a_quiet_time_rounds_are_begun_at_once_again() -> None:
    pace = Pace(burst=3, interval=0.5)
    for _ in range(10):
        pace.delay(10.0)

    assert pace.delay(20.0) == 0.0
