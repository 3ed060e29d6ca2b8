"""What is urgent, beside kinds of work of which there is very much."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.durable import queue
from ostiary.durable.queue import WorkItem
from ostiary.durable.worker import InTransaction
from ostiary.storage.database import Database
from tests.durable.test_worker import MakeWorker
from tests.support.clocks import FixedClock
from tests.support.work import make_work, put


async def test_urgent_work_does_not_wait_for_the_end_of_bulk(
    database: Database, make_worker: MakeWorker
) -> None:
    order: list[str] = []

    async def bulk(conn: AsyncConnection, items: Sequence[WorkItem], _now: datetime) -> None:
        order.append("bulk")
        if len(order) == 2:
            await queue.put(conn, [make_work("now", kind="urgent")])

    async def urgent(_c: AsyncConnection, _items: Sequence[WorkItem], _now: datetime) -> None:
        order.append("urgent")

    await put(database, *(make_work(f"{n}") for n in range(20)))
    await put(database, make_work("first", kind="urgent"))

    await make_worker(
        InTransaction("urgent", urgent), InTransaction("mail", bulk, batch=2), slots=1
    ).settle()

    assert order.count("bulk") == 10
    assert order[0] == "urgent"
    assert order.index("urgent", 1) <= 4


async def test_what_is_urgent_waits_for_no_more_than_a_batch_of_a_bulk(
    database: Database, make_worker: MakeWorker, clock: FixedClock
) -> None:
    order: list[str] = []

    async def run(conn: AsyncConnection, items: Sequence[WorkItem], now: datetime) -> None:
        order.append(items[0].kind)
        if order[-1] == "run" and order.count("run") == 3:  # somebody answers in the middle of it
            await queue.put(conn, [make_work(kind="answer")])

    worker = make_worker(
        InTransaction("run", run, batch=5, is_bulk=True),
        InTransaction("timer", run),
        InTransaction("answer", run),
        slots=1,
    )
    await put(database, *(make_work(f"{n}", kind="run") for n in range(100)))
    await put(database, make_work(kind="timer", minutes=1))
    clock.advance(minutes=1)

    assert await worker.settle() == 102

    assert order[0] == "timer"
    assert order.index("answer") <= 5
    assert order[6:] == ["run"] * 16


async def test_bulk_leaves_a_slot_to_what_is_urgent(
    database: Database, make_worker: MakeWorker
) -> None:
    go, done = asyncio.Event(), asyncio.Event()

    async def stuck(conn: AsyncConnection, items: Sequence[WorkItem], now: datetime) -> None:
        await go.wait()

    async def note(conn: AsyncConnection, items: Sequence[WorkItem], now: datetime) -> None:
        done.set()

    kinds = [f"bulk{n}" for n in range(4)]
    bulk = [InTransaction(kind, stuck, is_bulk=True) for kind in kinds]
    if database.dialect == "sqlite":  # it has one writer, and nobody can pass it
        bulk = []
    await put(database, *(make_work(kind=handler.kind) for handler in bulk))
    worker = make_worker(*bulk, InTransaction("urgent", note), slots=2)
    settling = asyncio.create_task(worker.settle())

    await put(database, make_work(kind="urgent"))
    worker.wake()
    running = asyncio.create_task(worker.settle())
    await asyncio.wait_for(done.wait(), 60)

    go.set()
    await asyncio.gather(settling, running)
