"""Moving a simulated clock."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.durable import queue
from ostiary.durable.clock import SimulatedClock
from ostiary.durable.queue import WorkItem
from ostiary.durable.timetravel import advance
from ostiary.durable.worker import InTransaction, Outcome, Worker
from ostiary.storage.database import Database
from tests.support.clocks import MONDAY
from tests.support.work import make_work, open_items, put


class Logbook:
    """Notes what ran when, and lets each ``parent`` put a ``child`` due an hour later."""

    def __init__(self) -> None:
        self.lines: list[tuple[str, float]] = []

    async def handle(
        self, conn: AsyncConnection, items: Sequence[WorkItem], now: datetime
    ) -> Mapping[str, Outcome] | None:
        self.lines += [(item.key, (now - MONDAY) / timedelta(hours=1)) for item in items]
        children = [
            queue.NewWork(kind="mail", key="child", due_at=now + timedelta(hours=1))
            for item in items
            if item.key == "parent"
        ]
        await queue.put(conn, children)
        return None


@pytest.fixture
async def simulated(database: Database) -> SimulatedClock:
    return await SimulatedClock.open(database, start=MONDAY)


async def test_everything_runs_at_its_instant_and_in_due_order(
    database: Database, simulated: SimulatedClock
) -> None:
    logbook = Logbook()
    worker = Worker(
        database,
        simulated,
        [InTransaction("mail", logbook.handle), InTransaction("post", logbook.handle)],
        node="a",
    )
    await put(database, make_work("third", hours=2.5), make_work("parent", kind="post", hours=1))
    await put(database, make_work("first"), make_work("never", hours=5))

    stops = await advance(simulated, worker, to=MONDAY + timedelta(hours=3))

    assert logbook.lines == [("first", 0), ("parent", 1), ("child", 2), ("third", 2.5)]
    assert stops == [MONDAY + timedelta(hours=hours) for hours in (1, 2, 2.5)]
    assert simulated.now() == MONDAY + timedelta(hours=3)
    assert await open_items(database) == ["never"]


async def test_what_is_due_at_the_end_runs(database: Database, simulated: SimulatedClock) -> None:
    logbook = Logbook()
    worker = Worker(database, simulated, [InTransaction("mail", logbook.handle)], node="a")
    await put(database, make_work("end", hours=1))

    await advance(simulated, worker, to=MONDAY + timedelta(hours=1))

    assert logbook.lines == [("end", 1)]


async def test_a_failing_item_is_retried_on_the_way(
    database: Database, simulated: SimulatedClock
) -> None:
    tries: list[int] = []

    async def handle(_c: AsyncConnection, items: Sequence[WorkItem], _now: datetime) -> None:
        tries.append(items[0].attempts)
        if items[0].attempts < 3:
            raise RuntimeError

    worker = Worker(database, simulated, [InTransaction("mail", handle)], node="a")
    await put(database, make_work())

    await advance(simulated, worker, to=MONDAY + timedelta(days=1))

    assert tries == [1, 1, 2, 2, 3]  # each attempt at once again, alone
    assert await open_items(database) == []


async def test_two_journeys_follow_each_other(
    database: Database, simulated: SimulatedClock
) -> None:
    logbook = Logbook()
    worker = Worker(database, simulated, [InTransaction("mail", logbook.handle)], node="a")
    running = asyncio.create_task(worker.run())
    await worker.named.wait()  # or it would be broken off below, and not stopped
    await put(database, *(make_work(f"{n}", minutes=n) for n in range(10)))

    await asyncio.gather(
        advance(simulated, worker, to=MONDAY + timedelta(minutes=5)),
        advance(simulated, worker, to=MONDAY + timedelta(minutes=10)),
    )

    assert [key for key, _ in logbook.lines] == [f"{n}" for n in range(10)]
    await worker.stop()
    await running


async def test_there_is_no_way_back(database: Database, simulated: SimulatedClock) -> None:
    worker = Worker(database, simulated, [], node="a")

    with pytest.raises(ValueError, match="never goes back"):
        await advance(simulated, worker, to=MONDAY - timedelta(seconds=1))
