"""Clocks."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from ostiary.durable.clock import RealClock, SimulatedClock
from ostiary.storage.database import Database
from tests.support.clocks import MONDAY


def test_the_real_clock_is_in_utc() -> None:
    assert RealClock().now().tzinfo is UTC


async def test_a_simulated_clock_stands_still_until_it_is_moved(database: Database) -> None:
    clock = await SimulatedClock.open(database, start=MONDAY)
    assert clock.now() == MONDAY

    await clock.move_to(MONDAY + timedelta(days=1))

    assert clock.now() == MONDAY + timedelta(days=1)


async def test_a_simulated_clock_outlives_a_restart(database: Database) -> None:
    clock = await SimulatedClock.open(database, start=MONDAY)
    await clock.move_to(MONDAY + timedelta(microseconds=1))

    again = await SimulatedClock.open(database, start=MONDAY - timedelta(days=9))

    assert again.now() == MONDAY + timedelta(microseconds=1)


async def test_a_simulated_clock_starts_at_real_time(database: Database) -> None:
    before = datetime.now(UTC)

    clock = await SimulatedClock.open(database)

    assert before <= clock.now() <= datetime.now(UTC)


async def test_time_never_goes_back(database: Database) -> None:
    clock = await SimulatedClock.open(database, start=MONDAY)

    with pytest.raises(ValueError, match="never goes back"):
        await clock.move_to(MONDAY - timedelta(microseconds=1))
    await clock.move_to(MONDAY)


async def test_a_process_can_learn_that_another_has_moved_the_clock(database: Database) -> None:
    mover, reader = [await SimulatedClock.open(database, start=MONDAY) for _ in range(2)]
    await mover.move_to(MONDAY + timedelta(hours=1))

    await reader.refresh()

    assert reader.now() == mover.now()
