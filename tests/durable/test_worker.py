"""The worker with handlers in transactions: outcomes, retries, dead letters, settling, fairness."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection
from structlog.testing import capture_logs

from ostiary.durable import queue
from ostiary.durable.deadletters import dead_letters, drop, replay
from ostiary.durable.pace import Pace
from ostiary.durable.queue import WorkItem
from ostiary.durable.worker import Again, Dead, Done, InTransaction, Outcome, Worker
from ostiary.storage.database import Database
from ostiary.storage.failures import DatabaseUnavailable
from tests.support.clocks import MONDAY, FixedClock
from tests.support.databases import opened
from tests.support.work import Diary, make_work, open_items, put, rows

MakeWorker = Callable[..., Worker]

CUT_EVERYBODY_ELSE = text(
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
)


def failing_at(key: str) -> Callable[[WorkItem], Outcome]:
    def decide(item: WorkItem) -> Outcome:
        if item.key == key:
            raise RuntimeError(f"{key} is broken\nBearer abc.def")
        return Done()

    return decide


async def test_effects_and_completion_commit_together(
    database: Database, make_worker: MakeWorker
) -> None:
    diary = Diary()
    await put(database, make_work("a"), make_work("b"))

    handled = await make_worker(InTransaction("mail", diary.handle)).settle()

    assert (handled, await diary.entries(database)) == (2, ["a", "b"])
    assert await open_items(database) == []


async def test_what_is_not_due_waits(
    database: Database, make_worker: MakeWorker, clock: FixedClock
) -> None:
    diary = Diary()
    worker = make_worker(InTransaction("mail", diary.handle))
    await put(database, make_work("later", minutes=1), make_work("other kind", kind="post"))

    assert await worker.settle() == 0

    clock.advance(minutes=1)
    assert await worker.settle() == 1
    assert await open_items(database) == ["other kind"]


async def test_an_item_may_come_again_without_having_failed(
    database: Database, make_worker: MakeWorker, clock: FixedClock
) -> None:
    diary = Diary(lambda _item: Again(clock.now() + timedelta(hours=1)))
    worker = make_worker(InTransaction("mail", diary.handle))
    await put(database, make_work())

    for _ in range(5):
        await worker.settle()
        clock.advance(hours=1)

    (row,) = await rows(database)
    assert (row.attempts, row.last_error, row.due_at) == (0, None, MONDAY + timedelta(hours=5))


async def test_an_item_that_can_never_succeed_becomes_a_dead_letter(
    database: Database, make_worker: MakeWorker
) -> None:
    await put(database, make_work("a"))

    with capture_logs() as logs:
        await make_worker(
            InTransaction("mail", Diary(lambda _item: Dead("no such address")).handle)
        ).settle()

    async with database.reading() as conn:
        (letter,) = await dead_letters(conn)
    assert (letter.key, letter.last_error, letter.dead_at) == ("a", "no such address", MONDAY)
    assert [(log["event"], log["key"]) for log in logs] == [("work.dead", "a")]


async def test_one_bad_item_does_not_hold_up_its_batch(
    database: Database, make_worker: MakeWorker
) -> None:
    diary = Diary(failing_at("bad"))
    await put(database, *(make_work(key) for key in ("a", "bad", "b")))

    await make_worker(InTransaction("mail", diary.handle)).settle()

    (row,) = await rows(database)
    assert await diary.entries(database) == ["a", "b"]
    assert (row.key, row.attempts, row.last_error) == ("bad", 1, "RuntimeError: bad is broken")
    assert row.due_at == MONDAY + timedelta(seconds=2)


async def test_what_keeps_failing_is_dead_in_the_end_and_can_be_replayed(
    database: Database, make_worker: MakeWorker, clock: FixedClock
) -> None:
    worker = make_worker(InTransaction("mail", Diary(failing_at("bad")).handle))
    await put(database, make_work("bad"))

    for _ in range(4):
        await worker.settle()
        clock.advance(minutes=1)

    async with database.transaction() as conn:
        (letter,) = await dead_letters(conn, kind="mail")
        assert letter.attempts == 3
        assert await replay(conn, [letter.id], now=clock.now()) == 1
        assert await dead_letters(conn) == []
    assert await worker.settle() == 1


async def test_a_dead_letter_can_be_dropped(database: Database, make_worker: MakeWorker) -> None:
    await put(database, make_work("a"), make_work("b", hours=1))
    await make_worker(InTransaction("mail", Diary(lambda _item: Dead("no")).handle)).settle()

    async with database.transaction() as conn:
        ids = [row.id for row in await rows(database)]
        assert await drop(conn, ids) == 1

    assert await open_items(database) == ["b"]


async def test_settling_includes_the_work_that_work_makes(
    database: Database, make_worker: MakeWorker
) -> None:
    diary = Diary()

    async def multiply(conn: AsyncConnection, items: Sequence[WorkItem], _now: datetime) -> None:
        children = [
            make_work(item.key + suffix, kind="grow" if len(item.key) < 3 else "mail")
            for item in items
            for suffix in "xy"
        ]
        await queue.put(conn, children)

    worker = make_worker(InTransaction("mail", diary.handle), InTransaction("grow", multiply))
    await put(database, make_work("x", kind="grow"))

    handled = await worker.settle()

    assert handled == 1 + 2 + 4 + 8
    assert len(await diary.entries(database)) == 8


async def test_settling_is_exact_while_the_worker_runs(
    database: Database, make_worker: MakeWorker
) -> None:
    diary = Diary()
    worker = make_worker(InTransaction("mail", diary.handle, batch=3), poll=timedelta(hours=1))
    running = asyncio.create_task(worker.run())
    await worker.named.wait()  # or it would be broken off below, and not stopped

    for number in range(1, 11):
        await put(database, *(make_work(f"{number}-{part}") for part in range(5)))
        await worker.settle()
        assert len(await diary.entries(database)) == number * 5
        assert await open_items(database) == []

    await worker.stop()
    await running


async def test_a_running_worker_wakes_at_a_commit(
    database: Database, make_worker: MakeWorker
) -> None:
    handled = asyncio.Event()

    async def handle(_c: AsyncConnection, _items: Sequence[WorkItem], _now: datetime) -> None:
        handled.set()

    worker = make_worker(InTransaction("mail", handle), poll=timedelta(hours=1))
    running = asyncio.create_task(worker.run())
    await worker.settle()  # by now it rests

    await put(database, make_work())

    await asyncio.wait_for(handled.wait(), 60)
    await worker.stop()
    await running


async def test_a_running_worker_finds_what_another_process_has_put(
    database: Database, make_worker: MakeWorker, clock: FixedClock
) -> None:
    handled = asyncio.Event()

    async def handle(_c: AsyncConnection, _items: Sequence[WorkItem], _now: datetime) -> None:
        handled.set()

    await put(database, make_work(hours=1))
    worker = make_worker(InTransaction("mail", handle), poll=timedelta(milliseconds=5))
    running = asyncio.create_task(worker.run())
    await worker.settle()

    clock.advance(hours=1)  # nobody is told

    await asyncio.wait_for(handled.wait(), 60)
    await worker.stop()
    await running


async def test_stopping_lets_running_batches_end(
    database: Database, make_worker: MakeWorker
) -> None:
    diary, inside, go = Diary(), asyncio.Event(), asyncio.Event()

    async def handle(conn: AsyncConnection, items: Sequence[WorkItem], now: datetime) -> None:
        inside.set()
        await go.wait()
        await diary.handle(conn, items, now)

    worker = make_worker(InTransaction("mail", handle))
    await put(database, make_work("a"))
    running = asyncio.create_task(worker.run())
    await inside.wait()

    stopping = asyncio.create_task(worker.stop())
    go.set()
    await asyncio.gather(stopping, running)

    assert await diary.entries(database) == ["a"]


async def test_stopping_between_two_rounds_starts_no_other(
    memory: Database, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    between = asyncio.Event()

    def delay(_pace: Pace, _now: float, _used: float) -> float:
        between.set()
        return 0.001

    monkeypatch.setattr(Pace, "delay", delay)
    worker = Worker(memory, clock, [], node="a", poll=timedelta(hours=1))
    running = asyncio.create_task(worker.run())
    await between.wait()

    await asyncio.wait_for(worker.stop(), 60)
    await running


async def test_a_worker_that_is_killed_leaves_its_batch_to_the_next(
    database: Database, make_worker: MakeWorker
) -> None:
    diary, inside = Diary(), asyncio.Event()

    async def hang(conn: AsyncConnection, items: Sequence[WorkItem], now: datetime) -> None:
        await diary.handle(conn, items, now)
        inside.set()
        await asyncio.Event().wait()

    await put(database, make_work("a"))
    running = asyncio.create_task(make_worker(InTransaction("mail", hang)).run())
    await inside.wait()
    running.cancel()
    await asyncio.wait([running])

    await make_worker(InTransaction("mail", diary.handle), node="b").settle()

    assert await diary.entries(database) == ["a"]


async def test_two_nodes_share_the_work(database: Database, make_worker: MakeWorker) -> None:
    seen: list[str] = []

    async def handle(_c: AsyncConnection, items: Sequence[WorkItem], _now: datetime) -> None:
        seen.extend(item.key for item in items)
        await asyncio.sleep(0)

    await put(database, *(make_work(f"{n:03}") for n in range(200)))
    nodes = [make_worker(InTransaction("mail", handle, batch=7), node=name) for name in "ab"]

    await asyncio.gather(*(node.settle() for node in nodes))
    await nodes[0].settle()

    assert sorted(seen) == [f"{n:03}" for n in range(200)]


async def test_an_outage_is_nobodys_failure(database: Database, make_worker: MakeWorker) -> None:
    async def handle(_c: AsyncConnection, _items: Sequence[WorkItem], _now: datetime) -> None:
        raise DatabaseUnavailable

    await put(database, make_work())

    with pytest.raises(DatabaseUnavailable):
        await make_worker(InTransaction("mail", handle)).settle()

    (row,) = await rows(database)
    assert (row.attempts, row.due_at, row.last_error) == (0, MONDAY, None)


async def test_a_kind_has_one_handler(make_worker: MakeWorker) -> None:
    with pytest.raises(ValueError, match="same kind"):
        make_worker(InTransaction("mail", Diary().handle), InTransaction("mail", Diary().handle))


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_a_running_worker_outlives_its_connections(
    database_url: str, make_worker: MakeWorker
) -> None:
    handled = asyncio.Event()

    async def handle(_c: AsyncConnection, _items: Sequence[WorkItem], _now: datetime) -> None:
        handled.set()

    worker = make_worker(InTransaction("mail", handle), poll=timedelta(milliseconds=20))
    running = asyncio.create_task(worker.run())
    await worker.settle()

    async with opened(database_url) as other:
        async with other.transaction() as conn:
            await conn.execute(CUT_EVERYBODY_ELSE)
        await put(other, make_work())
        await asyncio.wait_for(handled.wait(), 60)

    await worker.stop()
    await running
