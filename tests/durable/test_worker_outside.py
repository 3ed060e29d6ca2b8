"""The worker with handlers outside of transactions: leases, renewal, crashes, lost leases."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.durable import queue
from ostiary.durable.batchrun import AFTER_OUTAGE
from ostiary.durable.queue import WorkItem
from ostiary.durable.worker import InTransaction, Outside, Worker
from ostiary.storage.database import Database
from ostiary.storage.failures import DatabaseUnavailable
from tests.support.clocks import MONDAY, FixedClock
from tests.support.work import Diary, make_work, open_items, put, rows

MakeWorker = Callable[..., Worker]
LEASE = timedelta(minutes=2)


class Sender:
    """A handler that sends each item and finishes those that ``accepts`` allows."""

    def __init__(
        self, database: Database, accepts: Callable[[WorkItem], bool] = lambda _item: True
    ) -> None:
        self.sent: list[str] = []
        self._database = database
        self._accepts = accepts

    async def handle(self, items: Sequence[WorkItem], _now: datetime) -> None:
        self.sent += [item.key for item in items]
        async with self._database.transaction() as conn:
            await queue.done(conn, [item for item in items if self._accepts(item)])


class Stuck:
    """A handler that does not answer until it is let go."""

    def __init__(self, database: Database) -> None:
        self.items: Sequence[WorkItem] = ()
        self.inside, self.go = asyncio.Event(), asyncio.Event()
        self._database = database

    async def handle(self, items: Sequence[WorkItem], _now: datetime) -> None:
        self.items = items
        self.inside.set()
        await self.go.wait()
        async with self._database.transaction() as conn:
            await queue.done(conn, items)


async def kill(running: asyncio.Task[None]) -> None:
    running.cancel()
    await asyncio.wait([running])


async def test_a_handler_finishes_its_items_itself(
    database: Database, make_worker: MakeWorker
) -> None:
    sender = Sender(database)
    await put(database, make_work("a"), make_work("b"))

    assert await make_worker(Outside("mail", sender.handle)).settle() == 2

    assert (sender.sent, await open_items(database)) == (["a", "b"], [])


async def test_who_waits_for_the_network_keeps_nobody_waiting(
    database: Database, make_worker: MakeWorker
) -> None:
    stuck, diary, noted = Stuck(database), Diary(), asyncio.Event()

    async def note(conn: object, items: Sequence[WorkItem], now: datetime) -> None:
        noted.set()

    worker = make_worker(Outside("mail", stuck.handle), InTransaction("note", note), slots=1)
    await put(database, make_work("slow"))
    settling = asyncio.create_task(worker.settle())
    await stuck.inside.wait()

    await put(database, make_work("quick", kind="note"))
    running = asyncio.create_task(worker.run())
    await asyncio.wait_for(noted.wait(), 60)
    await worker.named.wait()  # or it would be broken off below, and not stopped

    assert not settling.done()  # it waits for what runs
    stuck.go.set()
    assert await settling == 2
    await worker.stop()
    await running
    assert await diary.entries(database) == []


async def test_batches_of_one_kind_run_side_by_side(
    database: Database, make_worker: MakeWorker
) -> None:
    together = asyncio.Barrier(3)

    async def meet(items: Sequence[WorkItem], _now: datetime) -> None:
        await together.wait()
        async with database.transaction() as conn:
            await queue.done(conn, items)

    await put(database, *(make_work(f"{n}") for n in range(6)))

    settling = make_worker(Outside("mail", meet, batch=2, parallel=3)).settle()

    assert await asyncio.wait_for(settling, 60) == 6


async def test_no_more_batches_of_a_kind_run_than_may(
    database: Database, make_worker: MakeWorker
) -> None:
    running, most, in_pairs = 0, 0, asyncio.Barrier(2)

    async def handle(items: Sequence[WorkItem], _now: datetime) -> None:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await in_pairs.wait()
        async with database.transaction() as conn:
            await queue.done(conn, items)
        running -= 1

    await put(database, *(make_work(f"{n}") for n in range(30)))

    assert await make_worker(Outside("mail", handle, batch=1, parallel=2)).settle() == 30
    assert most == 2


async def test_what_fails_alone_comes_back_and_the_rest_is_sent(
    database: Database, make_worker: MakeWorker
) -> None:
    sender = Sender(database)

    async def handle(items: Sequence[WorkItem], now: datetime) -> None:
        if any(item.key == "bad" for item in items):
            raise ConnectionError("refused by https://host/hook?sig=secret")
        await sender.handle(items, now)

    await put(database, *(make_work(key) for key in ("a", "bad", "b")))
    await make_worker(Outside("mail", handle)).settle()

    (row,) = await rows(database)
    assert sorted(sender.sent) == ["a", "b"]
    assert (row.key, row.attempts, row.lease_until) == ("bad", 1, None)
    assert row.last_error == "ConnectionError: refused by https://host/hook?…"
    assert row.due_at == MONDAY + timedelta(seconds=2)


async def test_what_was_finished_before_the_failure_is_not_sent_again(
    database: Database, make_worker: MakeWorker
) -> None:
    sent: list[str] = []

    async def handle(items: Sequence[WorkItem], _now: datetime) -> None:
        for item in items:
            sent.append(item.key)
            if item.key == "bad":
                raise RuntimeError
            async with database.transaction() as conn:
                await queue.done(conn, [item])

    await put(database, *(make_work(key) for key in ("a", "bad", "b")))
    await make_worker(Outside("mail", handle)).settle()

    assert sorted(sent) == ["a", "b", "bad", "bad"]
    assert await open_items(database) == ["bad"]


async def test_what_a_handler_leaves_open_counts_as_failed(
    database: Database, make_worker: MakeWorker
) -> None:
    sender = Sender(database, accepts=lambda item: item.key != "forgotten")
    await put(database, make_work("a"), make_work("forgotten"))

    await make_worker(Outside("mail", sender.handle)).settle()

    (row,) = await rows(database)
    assert row.last_error == "Unfinished: The handler left the item open."


async def test_a_crash_leaves_the_item_to_others_when_the_lease_ends(
    database: Database, make_worker: MakeWorker, clock: FixedClock
) -> None:
    stuck, sender = Stuck(database), Sender(database)
    await put(database, make_work("a"))
    running = asyncio.create_task(make_worker(Outside("mail", stuck.handle), lease=LEASE).run())
    await stuck.inside.wait()
    await kill(running)

    other = make_worker(Outside("mail", sender.handle), node="b")
    clock.advance(seconds=119)
    assert await other.settle() == 0
    clock.advance(seconds=1)
    assert await other.settle() == 1

    assert (sender.sent, await open_items(database)) == (["a"], [])


async def test_a_node_that_restarts_takes_its_leases_back_at_once(
    database: Database, make_worker: MakeWorker
) -> None:
    stuck, sender = Stuck(database), Sender(database)
    await put(database, make_work("a"))
    running = asyncio.create_task(make_worker(Outside("mail", stuck.handle)).run())
    await stuck.inside.wait()
    await kill(running)

    assert await make_worker(Outside("mail", sender.handle), node="b").settle() == 0
    assert await make_worker(Outside("mail", sender.handle), node="a").settle() == 1


async def test_a_lease_is_renewed_while_the_handler_runs(
    database: Database, make_worker: MakeWorker, clock: FixedClock
) -> None:
    stuck, sender = Stuck(database), Sender(database)
    a_third_has_passed, renewed = asyncio.Event(), asyncio.Event()

    async def pause(seconds: float) -> None:
        assert seconds == LEASE.total_seconds() / 3
        if a_third_has_passed.is_set():
            renewed.set()
            await asyncio.Event().wait()
        await a_third_has_passed.wait()

    await put(database, make_work("a"))
    worker = make_worker(Outside("mail", stuck.handle), lease=LEASE, pause=pause)
    settling = asyncio.create_task(worker.settle())
    await stuck.inside.wait()

    clock.advance(minutes=1)
    a_third_has_passed.set()
    await renewed.wait()
    clock.advance(seconds=119)

    assert await make_worker(Outside("mail", sender.handle), node="b").settle() == 0
    stuck.go.set()
    assert await settling == 1


async def test_who_lost_its_lease_cannot_finish_the_item(
    database: Database, make_worker: MakeWorker, clock: FixedClock
) -> None:
    slow, slower = Stuck(database), Stuck(database)
    await put(database, make_work("a"))
    first = asyncio.create_task(make_worker(Outside("mail", slow.handle), lease=LEASE).settle())
    await slow.inside.wait()
    clock.advance(minutes=2)
    second = asyncio.create_task(
        make_worker(Outside("mail", slower.handle), lease=LEASE, node="b").settle()
    )
    await slower.inside.wait()

    slow.go.set()
    await first

    assert await open_items(database) == ["a"]  # the first could not finish it
    slower.go.set()
    await second
    assert await open_items(database) == []


async def test_what_an_outage_interrupted_is_done_soon_after_it(
    database: Database, make_worker: MakeWorker, clock: FixedClock
) -> None:
    sender, outages = Sender(database), [DatabaseUnavailable("It restarts.")]

    async def send(items: Sequence[WorkItem], now: datetime) -> None:
        if outages:
            raise outages.pop()
        await sender.handle(items, now)

    worker = make_worker(Outside("mail", send), lease=LEASE)
    await put(database, make_work("a"))
    with pytest.raises(DatabaseUnavailable):
        await worker.settle()
    assert sender.sent == []

    clock.advance(seconds=AFTER_OUTAGE.total_seconds())
    await worker.settle()

    assert (sender.sent, await open_items(database)) == (["a"], [])


async def test_a_claim_whose_reply_was_lost_holds_nothing_up(
    database: Database,
    make_worker: MakeWorker,
    clock: FixedClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sender, claim, losses = Sender(database), queue.claim, ["once"]

    async def claim_and_lose_the_reply(conn: AsyncConnection, **terms: Any) -> list[WorkItem]:
        items = await claim(conn, **terms)
        if items and losses:
            losses.clear()
            await conn.commit()
            raise DatabaseUnavailable("The connection broke at the commit.")
        return items

    monkeypatch.setattr(queue, "claim", claim_and_lose_the_reply)
    worker = make_worker(Outside("mail", sender.handle), lease=LEASE)
    await put(database, make_work("a"))
    with pytest.raises(DatabaseUnavailable):
        await worker.settle()

    clock.advance(seconds=AFTER_OUTAGE.total_seconds())
    await worker.settle()

    assert sender.sent == ["a"]
