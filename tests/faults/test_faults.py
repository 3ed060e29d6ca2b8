"""Real faults, for a short while; ``make faults SECONDS=600`` goes on for longer."""

from __future__ import annotations

import os

from tests.faults.trial import Report, Terms, postgresql, sqlite

SEED = int(os.environ.get("FAULTS_SEED", "7"))


def short(*, seconds: float, pause: float, fails_over: bool = False) -> Terms:
    return Terms(
        seed=SEED,
        seconds=seconds,
        pause=pause,
        at_a_time=4,
        people=200,
        fails_over=fails_over,
    )


def is_right(report: Report) -> bool:
    assert report.violations == ()
    assert sum(report.faults.values()) >= 1
    return min(report.told["requests"], report.told["calls"], report.told["answers"]) > 0


async def test_what_three_nodes_accepted_has_its_one_outcome_whatever_dies() -> None:
    assert is_right(await postgresql(short(seconds=7, pause=1.8)))


async def test_a_node_that_is_killed_leaves_a_whole_file_and_loses_nothing() -> None:
    assert is_right(await sqlite(short(seconds=5, pause=1.8)))


async def test_what_was_accepted_has_its_one_outcome_when_the_standby_takes_over() -> None:
    report = await postgresql(short(seconds=5, pause=2.5, fails_over=True))

    assert is_right(report)
    assert report.faults["fail_over"] == 1
