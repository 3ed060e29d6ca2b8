"""Rounds of one node, when many are asked for."""

from __future__ import annotations

from itertools import pairwise

import pytest

from ostiary.durable.pace import Pace


def begun(pace: Pace, rounds: int, *, share: float) -> list[float]:
    """Ask for rounds without end, in a process that uses such a share of a core."""
    now, instants = 10.0, []
    for _ in range(rounds):
        now += pace.delay(now, now * share)
        instants.append(now)
    return instants


def test_a_few_rounds_are_begun_at_once() -> None:
    pace = Pace(burst=3)

    assert [pace.delay(10.0, 0.0) for _ in range(4)] == [0.0, 0.0, 0.0, 0.0]


@pytest.mark.parametrize(
    ("share", "interval"), [(0.0, 0.02), (0.25, 0.02), (0.375, 0.06), (0.5, 0.1), (1.6, 0.1)]
)
def test_many_rounds_are_spread_over_time_the_more_the_busier_the_process_is(
    share: float, interval: float
) -> None:
    instants = begun(Pace(burst=3, quick=0.02, slow=0.1), 300, share=share)

    assert instants[:4] == [10.0] * 4
    last = [later - earlier for earlier, later in pairwise(instants[-20:])]
    assert last == pytest.approx([interval] * 19)


def test_who_was_busy_and_is_not_any_more_is_quick_again() -> None:
    pace = Pace(burst=0)
    now = begun(pace, 100, share=1.0)[-1]

    assert pace.delay(now + 1.0, now) == 0.0
    assert pace.delay(now + 1.0, now) == pytest.approx(0.02)


def test_after_a_quiet_time_rounds_are_begun_at_once_again() -> None:
    pace = Pace(burst=3)
    for _ in range(10):
        pace.delay(10.0, 0.0)

    assert pace.delay(20.0, 0.0) == 0.0
