"""Lanes: a slow one costs its own share, and what it does not hold stays free on the queue."""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.durable import due, queue
from ostiary.durable.batchrun import AFTER_OUTAGE
from ostiary.durable.clock import RealClock
from ostiary.durable.gates import Passage
from ostiary.durable.lanes import Lanes
from ostiary.durable.queue import NewWork, WorkItem
from ostiary.durable.worker import Outside, Worker
from ostiary.storage.database import Database
from ostiary.storage.failures import DatabaseUnavailable
from ostiary.storage.ids import new_id
from tests.support.clocks import MONDAY, FixedClock
from tests.support.waiting import PATIENCE
from tests.support.work import open_items, put, rows

MakeWorker = Callable[..., Worker]


def make_laned(lane: str, number: int, **after: float) -> list[NewWork]:
    due_at = MONDAY + timedelta(**after)
    return [NewWork(kind="call", key=f"{lane}{n}", due_at=due_at, lane=lane) for n in range(number)]


def make_items(lane: str, number: int) -> list[WorkItem]:
    return [
        WorkItem(id=new_id(), kind="call", key="", due_at=MONDAY, attempts=1, lane=lane)
        for _ in range(number)
    ]


class Endpoints:
    """Finishes the items of each lane at once, but for lanes that are stuck until they go."""

    def __init__(self, database: Database, lanes: Lanes, *stuck: str) -> None:
        self.sent: list[str] = []
        self.most: Counter[str] = Counter()
        self.go = {lane: asyncio.Event() for lane in stuck}
        self.inside = asyncio.Event()
        self._held: Counter[str] = Counter()
        self._database = database
        self._lanes = lanes
        self._news = asyncio.Condition()

    async def handle(self, items: Sequence[WorkItem], _now: datetime) -> None:
        async with asyncio.TaskGroup() as group:
            for item in items:
                self._held[item.lane] += 1
                self.most[item.lane] = max(self.most[item.lane], self._held[item.lane])
                group.create_task(self._send(item))

    async def until(self, *keys: str) -> None:
        async with asyncio.timeout(PATIENCE), self._news:
            await self._news.wait_for(lambda: set(keys) <= set(self.sent))

    async def _send(self, item: WorkItem) -> None:
        self.inside.set()
        if item.lane in self.go:
            await self.go[item.lane].wait()
        async with self._database.transaction() as conn:
            await queue.done(conn, [item])
        self._held[item.lane] -= 1
        self._lanes.finished([item])
        async with self._news:
            self.sent.append(item.key)
            self._news.notify_all()


class Shut:
    """A gate that lets a lane through when a minute has passed, or what has waited for an hour."""

    def passage(self, lane: str, *, now: datetime) -> Passage:
        opens = MONDAY + timedelta(minutes=1)
        if lane != "shut" or now >= opens:
            return Passage(100, now)
        return Passage(100, now - timedelta(hours=1), opens)


class Narrow:
    """A gate that lets one through at a time."""

    def passage(self, lane: str, *, now: datetime) -> Passage:
        return Passage(1, now)


class Opening:
    """A gate that lets everything through from an instant on, and nothing before."""

    def __init__(self, opens: datetime) -> None:
        self._opens = opens

    def passage(self, lane: str, *, now: datetime) -> Passage:
        return Passage(100, now) if now >= self._opens else Passage(0, now, self._opens)


class Counting:
    """A gate that lets so many begin."""

    def __init__(self, starts: int) -> None:
        self.starts = starts

    def passage(self, lane: str, *, now: datetime) -> Passage:
        return Passage(100, now, starts=self.starts)


async def test_a_stuck_lane_holds_its_share_and_delays_no_other(
    database: Database, make_worker: MakeWorker
) -> None:
    lanes = Lanes(at_once=2)
    endpoints = Endpoints(database, lanes, "stuck")
    await put(database, *make_laned("stuck", 50), *make_laned("quick", 30))
    settling = asyncio.create_task(
        make_worker(Outside("call", endpoints.handle, lanes=lanes)).settle()
    )

    await endpoints.until(*(f"quick{n}" for n in range(30)))

    leases = [row.lane for row in await rows(database) if row.lease_until is not None]
    assert leases == ["stuck"] * 4  # twice what is handled at a time; nothing else is held
    assert endpoints.most["quick"] >= 4
    endpoints.go["stuck"].set()
    assert await settling == 80
    assert await open_items(database) == []


async def test_what_one_node_leaves_another_may_take(
    database: Database, make_worker: MakeWorker
) -> None:
    lanes, others = Lanes(at_once=1), Lanes(at_once=1)
    stuck, quick = Endpoints(database, lanes, "a"), Endpoints(database, others)
    await put(database, *make_laned("a", 9))
    settling = asyncio.create_task(make_worker(Outside("call", stuck.handle, lanes=lanes)).settle())
    await stuck.inside.wait()

    await make_worker(Outside("call", quick.handle, lanes=others), node="b").settle()

    assert sorted(quick.sent) == [f"a{n}" for n in range(2, 9)]
    stuck.go["a"].set()
    assert await settling == 2


async def test_a_closed_lane_stays_free_on_the_queue_until_it_opens(
    database: Database, make_worker: MakeWorker, clock: FixedClock
) -> None:
    lanes = Lanes(gate=Shut())
    endpoints = Endpoints(database, lanes)
    worker = make_worker(Outside("call", endpoints.handle, lanes=lanes))
    await put(database, *make_laned("shut", 3), *make_laned("open", 1))

    assert await worker.settle() == 1
    assert {row.lease_until for row in await rows(database)} == {None}
    opens = clock.now() + timedelta(minutes=1)
    assert await worker.next_due(clock.now() + timedelta(hours=1)) == opens
    assert await worker.next_due(clock.now() + timedelta(seconds=59)) is None
    clock.advance(minutes=1)
    assert await worker.settle() == 3


async def test_what_has_waited_long_enough_passes_a_closed_lane(
    database: Database, make_worker: MakeWorker
) -> None:
    lanes = Lanes(gate=Shut())
    endpoints = Endpoints(database, lanes)
    await put(database, *make_laned("shut", 2, hours=-1), *make_laned("shut", 2))

    await make_worker(Outside("call", endpoints.handle, lanes=lanes)).settle()

    assert endpoints.sent == ["shut0", "shut1"]
    assert len(await open_items(database)) == 2


async def test_a_worker_looks_when_a_lane_opens_and_not_only_at_its_next_poll(
    database: Database,
) -> None:
    clock = RealClock()
    lanes = Lanes(gate=Opening(clock.now() + timedelta(milliseconds=200)))
    endpoints = Endpoints(database, lanes)
    handler = Outside("call", endpoints.handle, lanes=lanes)
    worker = Worker(database, clock, [handler], node="a", poll=timedelta(hours=1))
    await put(database, NewWork(kind="call", key="a", due_at=clock.now(), lane="shut"))

    running = asyncio.create_task(worker.run())
    await endpoints.until("a")

    await worker.stop()
    await running


async def test_no_more_is_held_than_may_begin_and_each_start_is_looked_at_again() -> None:
    gate, news = Counting(3), []
    lanes = Lanes(at_once=8, gate=gate)
    lanes.news = lambda: news.append("again")
    waiting = {"a": MONDAY}

    (share,) = lanes.shares(waiting, now=MONDAY)
    items = make_items("a", share.limit)
    lanes.took([share], items)
    assert share.limit == 3
    assert lanes.shares(waiting, now=MONDAY) == []
    lanes.began(items[0])
    gate.starts = 2
    assert lanes.shares(waiting, now=MONDAY) == []
    for item in items[1:]:
        lanes.began(item)
    gate.starts = 1

    assert news == ["again"] * 3
    assert [share.limit for share in lanes.shares(waiting, now=MONDAY)] == [1]


async def test_a_lane_that_lets_one_through_is_looked_at_again_when_that_has_ended() -> None:
    news: list[str] = []
    lanes = Lanes(at_once=8, gate=Narrow())
    lanes.news = lambda: news.append("again")
    (share,) = lanes.shares({"a": MONDAY}, now=MONDAY)
    items = make_items("a", share.limit)
    lanes.took([share], items)
    assert news == []

    lanes.finished(items)

    assert (share.limit, news) == (1, ["again"])


async def test_a_claim_whose_commit_failed_takes_no_place_in_a_lane(
    database: Database,
    make_worker: MakeWorker,
    clock: FixedClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    claim, outages = queue.claim_shares, ["once"]

    async def claim_and_fail_to_commit(conn: AsyncConnection, **terms: Any) -> list[WorkItem]:
        items = await claim(conn, **terms)
        if outages:
            event.listen(conn.sync_connection, "commit", fail)
        return items

    def fail(_conn: object) -> None:
        if outages:
            outages.clear()
            raise DatabaseUnavailable("The connection broke at the commit.")

    monkeypatch.setattr(queue, "claim_shares", claim_and_fail_to_commit)
    lanes = Lanes(gate=Narrow())
    endpoints = Endpoints(database, lanes)
    worker = make_worker(Outside("call", endpoints.handle, lanes=lanes))
    await put(database, *make_laned("a", 1))
    with pytest.raises(DatabaseUnavailable):
        await worker.settle()

    clock.advance(seconds=AFTER_OUTAGE.total_seconds())
    await worker.settle()
    await put(database, *make_laned("a", 1))
    await worker.settle()

    assert endpoints.sent == ["a0", "a0"]


async def test_every_lane_with_something_due_is_found(database: Database) -> None:
    await put(database, *make_laned("b", 2, minutes=-1), *make_laned("a", 1))
    await put(
        database, *make_laned("later", 2, minutes=1), NewWork(kind="x", key="", due_at=MONDAY)
    )

    async with database.reading() as conn:
        found = await due.due(conn, ["x", "y"], laned=["call", "other"], now=MONDAY)

    assert [(one.kind, one.lane) for one in found] == [("x", ""), ("call", "a"), ("call", "b")]
    assert [one.since for one in found[1:]] == [MONDAY, MONDAY - timedelta(minutes=1)]


async def test_places_that_are_scarce_go_to_the_lanes_that_hold_least() -> None:
    lanes = Lanes(at_once=8, most=24)
    taken: dict[str, int] = defaultdict(int)
    waiting = dict.fromkeys("ab", MONDAY)

    for share in lanes.shares(waiting, now=MONDAY):
        taken[share.lane] += share.limit
    late = lanes.shares({**waiting, "c": MONDAY}, now=MONDAY)

    assert taken == {"a": 12, "b": 12}
    assert [(share.lane, share.limit) for share in late] == [("c", 1)]


async def test_places_are_free_again_when_what_held_them_has_ended() -> None:
    lanes = Lanes(at_once=2, most=4)

    for _ in range(10):
        shares = lanes.shares({"a": MONDAY, "b": MONDAY}, now=MONDAY)
        items = [item for share in shares for item in make_items(share.lane, share.limit)]
        lanes.took(shares, items)
        assert len(items) == 4
        lanes.finished(items)


async def test_a_quick_lane_may_hold_more() -> None:
    lanes = Lanes(at_once=2)
    sizes = []

    for _ in range(3):
        (share,) = lanes.shares({"a": MONDAY}, now=MONDAY)
        items = make_items("a", share.limit)
        lanes.took([share], items)
        lanes.finished(items)
        sizes.append(share.limit)

    assert sizes == [4, 8, 16]
