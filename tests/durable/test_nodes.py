"""Several nodes on one database: each item is done by one of them, and duties once for all."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack
from datetime import datetime, timedelta

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.durable import queue, recurring
from ostiary.durable.handlers import Again, InTransaction, Outcome, Outside
from ostiary.durable.items import WorkItem
from ostiary.durable.worker import Worker
from ostiary.storage.database import Database
from tests.support.clocks import FixedClock
from tests.support.databases import opened
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
