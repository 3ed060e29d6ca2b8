"""Nodes whose machines disagree about the time go by the database's."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from ostiary.durable import queue
from ostiary.durable.clock import Clock, RealClock
from ostiary.durable.common_clock import CommonClock
from ostiary.durable.items import WorkItem
from ostiary.server.deployment import opened_database
from ostiary.settings import Settings
from ostiary.storage.database import Database
from ostiary.storage.failures import DatabaseUnavailable
from tests.support.databases import PostgreSQL
from tests.support.waiting import eventually
from tests.support.work import make_work, put

only_postgresql = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)

LEASE = timedelta(minutes=2)
NEARLY = timedelta(seconds=30)
"""How far times of a slow test may be apart that are meant to be the same."""


class WrongClock:
    """The clock of a machine that is ahead of the true time, or behind it."""

    def __init__(self, ahead: timedelta) -> None:
        self.ahead = ahead

    def now(self) -> datetime:
        return datetime.now(UTC) + self.ahead


def is_right(clock: Clock) -> bool:
    return abs(clock.now() - datetime.now(UTC)) < NEARLY


async def tells_the_time(clock: Clock) -> bool:
    return is_right(clock)


async def claim(database: Database, clock: Clock, *, node: str) -> Sequence[WorkItem]:
    async with database.transaction() as conn:
        return await queue.claim(
            conn, kinds=["mail"], limit=9, now=clock.now(), lease=LEASE, node=node
        )


@only_postgresql
@pytest.mark.parametrize("ahead", [timedelta(minutes=5), timedelta(hours=-7)])
async def test_a_node_goes_by_the_time_of_the_database(
    database: Database, ahead: timedelta
) -> None:
    with capture_logs() as logs:
        async with CommonClock.kept(database, WrongClock(ahead)) as clock:
            assert is_right(clock)
            assert clock.now().tzinfo is UTC

    (told,) = logs
    assert told["event"] == "clock.differs"
    assert abs(told["database_ahead"] + ahead.total_seconds()) < NEARLY.total_seconds()


@only_postgresql
async def test_a_small_difference_is_left_alone(database: Database) -> None:
    machine = WrongClock(timedelta(milliseconds=20))
    async with CommonClock.kept(database, machine) as clock:
        before = machine.now()
        assert before <= clock.now() <= machine.now()


@only_postgresql
async def test_a_clock_that_is_set_meanwhile_is_noticed(database: Database) -> None:
    machine = WrongClock(timedelta())
    async with CommonClock.kept(database, machine, every=0.01) as clock:
        machine.ahead = timedelta(hours=1)
        await eventually(partial(tells_the_time, clock))
        machine.ahead = timedelta(hours=-1)
        await eventually(partial(tells_the_time, clock))


@only_postgresql
async def test_while_the_database_is_away_what_is_known_of_it_holds(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = asyncio.Event()

    def away() -> None:
        asked.set()
        raise DatabaseUnavailable

    async with CommonClock.kept(database, WrongClock(LEASE), every=0.01) as clock:
        monkeypatch.setattr(database, "reading", away)
        await asked.wait()
        asked.clear()
        await asked.wait()  # and it asks again
        assert is_right(clock)


@only_postgresql
@pytest.mark.parametrize(
    ("made", "taken"),
    [(lambda machine: machine, 1), (None, 0)],
    ids=["by the machine's time", "by the database's time"],
)
async def test_a_node_that_is_ahead_takes_no_work_from_others(
    database: Database, made: Callable[[Clock], Clock] | None, taken: int
) -> None:
    await put(database, make_work())
    assert len(await claim(database, RealClock(), node="a")) == 1

    machine = WrongClock(LEASE + NEARLY)
    async with CommonClock.kept(database, machine) as common:
        clock = common if made is None else made(machine)
        assert len(await claim(database, clock, node="b")) == taken


async def test_a_deployment_on_postgresql_has_it(postgresql: PostgreSQL, tmp_path: Path) -> None:
    async with postgresql.fresh(tables=False) as url:
        settings = Settings(database_url=url, data_dir=tmp_path)
        async with opened_database(settings) as (_, clock):
            assert isinstance(clock, CommonClock)


async def test_a_deployment_on_one_machine_goes_by_its_clock(tmp_path: Path) -> None:
    async with opened_database(Settings(data_dir=tmp_path)) as (_, clock):
        assert isinstance(clock, RealClock)
