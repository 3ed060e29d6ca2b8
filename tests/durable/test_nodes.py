"""Several nodes on one database: each item is done by one of them, and duties once for all."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection
from structlog.testing import capture_logs

from ostiary.durable import queue, recurring
from ostiary.durable.handlers import Again, InTransaction, Outcome, Outside
from ostiary.durable.items import WorkItem
from ostiary.durable.worker import Worker
from ostiary.storage.database import Database
from ostiary.storage.names import NameTaken
from tests.support.clocks import FixedClock
from tests.support.databases import opened
from tests.support.names import CUT_THE_HOLDER, usurped
from tests.support.waiting import eventually
from tests.support.work import make_work, open_items, put

only_postgresql = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)


class Cluster:
    """Three nodes with connections of their own, which write down who did what."""

    def __init__(self, databases: Sequence[Database], clock: FixedClock) -> None:
        self.databases = databases
        self.done: list[tuple[str, str]] = []
        self.workers = [
            Worker(one, clock, self._handlers(one, str(number)), node=str(number))
            for number, one in enumerate(databases)
        ]

    async def settle(self) -> None:
        """Let all nodes run at the same time until nothing is due."""
        await asyncio.gather(*(worker.settle() for worker in self.workers))

    def _handlers(self, database: Database, node: str) -> list[InTransaction | Outside]:
        async def note(
            _conn: AsyncConnection, items: Sequence[WorkItem], _now: datetime
        ) -> Mapping[str, Outcome]:
            self.done += [(node, item.key) for item in items]
            later = _now + timedelta(days=1)
            return {item.id: Again(later) for item in items if item.key == recurring.KEY}

        async def send(items: Sequence[WorkItem], _now: datetime) -> None:
            await asyncio.sleep(0)
            self.done += [(node, item.key) for item in items]
            async with database.transaction() as conn:
                await queue.done(conn, items)

        return [InTransaction("note", note, batch=7), Outside("send", send, batch=7)]


@pytest.fixture
async def cluster(database_url: str, clock: FixedClock) -> AsyncIterator[Cluster]:
    async with AsyncExitStack() as stack:
        found = [await stack.enter_async_context(opened(database_url)) for _ in range(3)]
        yield Cluster(found, clock)


@only_postgresql
async def test_nodes_share_the_work_and_nothing_is_done_twice(cluster: Cluster) -> None:
    work = [make_work(f"{kind}-{n}", kind=kind) for kind in ("note", "send") for n in range(60)]
    await put(cluster.databases[0], *work)

    await cluster.settle()

    assert sorted(key for _, key in cluster.done) == sorted(item.key for item in work)
    assert len({node for node, _ in cluster.done}) > 1
    assert await open_items(cluster.databases[0]) == []


@only_postgresql
async def test_a_duty_is_done_once_however_many_nodes_start(
    cluster: Cluster, clock: FixedClock
) -> None:
    async def start(database: Database) -> None:
        async with database.transaction() as conn:
            await recurring.ensure(conn, "note", due_at=clock.now())

    await asyncio.gather(*(start(one) for one in cluster.databases))
    await cluster.settle()
    assert len(cluster.done) == 1

    clock.advance(days=1)
    await cluster.settle()

    assert len(cluster.done) == 2


@only_postgresql
async def test_a_second_node_of_one_name_is_refused_and_takes_nothing_back(
    cluster: Cluster, clock: FixedClock
) -> None:
    inside, go = asyncio.Event(), asyncio.Event()
    sent: list[str] = []

    def twin(database: Database) -> Worker:
        async def send(items: Sequence[WorkItem], _now: datetime) -> None:
            sent.extend(item.key for item in items)
            inside.set()
            await go.wait()
            async with database.transaction() as conn:
                await queue.done(conn, items)

        patience = timedelta(seconds=0.5)
        return Worker(database, clock, [Outside("send", send)], node="twin", name_patience=patience)

    first, second, third = map(twin, cluster.databases)
    await put(cluster.databases[0], make_work("a", kind="send"))
    running = asyncio.create_task(first.run())
    await inside.wait()
    with pytest.raises(NameTaken):
        await second.run()
    go.set()
    await first.stop()
    await running
    after = asyncio.create_task(third.run())
    await third.named.wait()
    await third.stop()
    await after

    assert sent == ["a"]
    assert await open_items(cluster.databases[0]) == []


@only_postgresql
async def test_a_node_begins_nothing_while_another_has_its_name(
    cluster: Cluster, clock: FixedClock
) -> None:
    first, second = cluster.databases[:2]
    worker = cluster.workers[0]
    running = asyncio.create_task(worker.run())
    await worker.named.wait()
    await put(first, make_work("before", kind="note"))
    await eventually(partial(_all_done, first))
    with capture_logs() as logs:
        async with usurped(second) as is_usurped:
            async with first.transaction() as conn:
                await conn.execute(CUT_THE_HOLDER)
            await is_usurped.wait()
            await eventually(partial(_is_told, logs))
            await put(first, *(make_work(f"{n}", kind="note") for n in range(30)))
            await cluster.workers[1].settle()
    await put(first, make_work("after", kind="note"))
    await eventually(partial(_all_done, first))
    await worker.stop()
    await running

    nodes = [node for node, _ in cluster.done]
    assert nodes == ["0", *["1"] * 30, "0"]


async def _is_told(logs: list[Any]) -> bool:
    return ("node.name_taken", "error") in {(one["event"], one["log_level"]) for one in logs}


async def _all_done(database: Database) -> bool:
    return await open_items(database) == []
