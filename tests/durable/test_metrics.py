"""What is counted of work and of commits, and how much there is to do."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import timedelta

import pytest
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.durable import backlog, queue
from ostiary.durable.backlog import Backlog, backlogs
from ostiary.durable.errors import Busy
from ostiary.durable.group import GroupCommit
from ostiary.durable.items import NewWork, WorkItem
from ostiary.durable.tables import work
from ostiary.durable.worker import Dead, Done, InTransaction, Outcome
from ostiary.storage.database import Database
from ostiary.storage.failures import DatabaseUnavailable
from tests.durable.test_worker import MakeWorker
from tests.support.clocks import MONDAY
from tests.support.numbers import risen, sample
from tests.support.work import Diary, make_work, put


async def nothing(_conn: AsyncConnection, numbers: Sequence[int]) -> list[None]:
    return [None for _ in numbers]


async def test_commits_are_counted_with_their_size(database: Database) -> None:
    group = GroupCommit(database, nothing, of="numbers")

    with risen() as numbers:
        await asyncio.gather(*(group.submit(n) for n in range(4)))

    assert numbers[sample("ostiary_commit_size_sum", of="numbers")] == 4
    commits = numbers[sample("ostiary_commit_size_count", of="numbers")]
    assert numbers[sample("ostiary_commit_seconds_count", of="numbers")] == commits


async def test_who_is_turned_away_and_who_waits_is_counted(database: Database) -> None:
    begun, go = asyncio.Event(), asyncio.Event()

    async def apply(_conn: AsyncConnection, numbers: Sequence[int]) -> list[None]:
        begun.set()
        await go.wait()
        return [None for _ in numbers]

    group = GroupCommit(database, apply, of="numbers", max_waiting=2)
    with risen() as numbers:
        waiting = [asyncio.create_task(group.submit(0))]
        await begun.wait()
        waiting += [asyncio.create_task(group.submit(n)) for n in (1, 2)]
        await asyncio.sleep(0)
        with pytest.raises(Busy):
            await group.submit(3)

    assert numbers[sample("ostiary_commit_waiting", of="numbers")] == 2
    assert numbers[sample("ostiary_commit_turned_away_total", of="numbers")] == 1
    go.set()
    await asyncio.gather(*waiting)


async def test_work_is_counted_by_what_becomes_of_it(
    database: Database, make_worker: MakeWorker
) -> None:
    def decide(item: WorkItem) -> Outcome:
        match item.key:
            case "broken":
                raise RuntimeError("It is broken.")
            case "hopeless":
                return Dead("It never will be done.")
        return Done()

    await put(database, *(make_work(key) for key in ("a", "b", "broken", "hopeless")))

    with risen() as numbers:
        await make_worker(InTransaction("mail", Diary(decide).handle)).settle()

    assert numbers[sample("ostiary_work_handled_total", kind="mail")] == 4
    assert numbers[sample("ostiary_work_failed_total", kind="mail")] == 1
    assert numbers[sample("ostiary_work_buried_total", kind="mail")] == 1
    assert sample("ostiary_work_batches_impossible_total", kind="mail") not in numbers


async def test_a_batch_that_was_broken_off_is_counted(
    database: Database, make_worker: MakeWorker
) -> None:
    async def fail(_c: AsyncConnection, _items: Sequence[WorkItem], _now: object) -> None:
        raise DatabaseUnavailable

    await put(database, make_work())
    with risen() as numbers, pytest.raises(DatabaseUnavailable):
        await make_worker(InTransaction("mail", fail)).settle()

    assert numbers[sample("ostiary_work_batches_impossible_total", kind="mail")] == 1


async def test_a_backlog_tells_what_waits_from_what_is_due(database: Database) -> None:
    await put(
        database,
        make_work("first", minutes=-5),
        make_work("second", minutes=-1),
        make_work("later", minutes=1),
        make_work("lost"),
        NewWork(kind="call", key="a", lane="x", due_at=MONDAY - timedelta(minutes=9)),
        NewWork(kind="call", key="b", lane="y", due_at=MONDAY),
        NewWork(kind="call", key="c", lane="y", due_at=MONDAY + timedelta(minutes=1)),
    )
    async with database.transaction() as conn:
        await conn.execute(update(work).where(work.c.key == "lost").values(dead_at=MONDAY))
        held = await queue.claim(
            conn, kinds=["mail"], limit=1, now=MONDAY, lease=timedelta(minutes=2), node="a"
        )

    async with database.reading() as conn:
        mail, call, none = await backlogs(conn, ["mail", "call", "none"], now=MONDAY)

    assert [item.key for item in held] == ["first"]
    since = MONDAY - timedelta(minutes=1)
    assert mail == Backlog(kind="mail", open=3, due=1, since=since, dead=1)
    since = MONDAY - timedelta(minutes=9)
    assert call == Backlog(kind="call", open=3, due=2, since=since, dead=0)
    assert none == Backlog(kind="none", open=0, due=0, since=None, dead=0)


async def test_a_backlog_counts_no_further_than_it_must(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backlog, "MOST", 3)
    monkeypatch.setattr(backlog, "_OPEN", backlog._open())
    await put(database, *(make_work(f"{n}") for n in range(5)))

    async with database.reading() as conn:
        (found,) = await backlogs(conn, ["mail"], now=MONDAY)

    assert (found.open, found.due, found.since) == (3, 3, MONDAY)
