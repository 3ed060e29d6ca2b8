"""The worker: handlers, outcomes, retries, dead letters, fairness, settling."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime, timedelta
from random import Random
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.durable import queue
from ostiary.durable.handlers import Handler
from ostiary.durable.queue import NewWork, WorkItem
from ostiary.durable.retry import Retry
from ostiary.durable.tables import work
from ostiary.durable.worker import Again, Dead, InTransaction, Outcome, Outside, Worker
from ostiary.storage.database import Database
from ostiary.storage.facts import fact_or, read_fact, write_fact
from tests.support.clocks import MONDAY, FixedClock
from tests.support.work import Diary, make_work, open_items, put

MakeWorker = Callable[..., Worker]


@pytest.fixture
def make_worker(database: Database, clock: FixedClock) -> MakeWorker:
    def make(*handlers: Handler, node: str = "a", **options: Any) -> Worker:
        options.setdefault("retry", Retry(attempts=3, rng=Random(1)))
        return Worker(database, clock, handlers, node=node, **options)

    return make


async def test_effects_and_completion_commit_together(
    database: Database, make_worker: MakeWorker
) -> None:
    diary = Diary()
    await put(database, make_work("a"), make_work("b"))

    handled = await make_worker(InTransaction("mail", diary.handle)).settle()

    assert (handled, await diary.entries(database)) == (2, ["a", "b"])
    assert await open_items(database) == []
