"""The queue: what is put is claimed once, in order, and ends as done, again or dead."""

from __future__ import annotations

from datetime import timedelta

from ostiary.durable import queue
from ostiary.durable.queue import NewWork, WorkItem
from ostiary.storage.database import Database
from tests.support.clocks import MONDAY, FixedClock

LEASE = timedelta(minutes=1)


def make_work(key: str = "one", *, kind: str = "mail", **after: float) -> NewWork:
    return NewWork(kind=kind, key=key, due_at=MONDAY + timedelta(**after))


async def put(database: Database, *items: NewWork) -> None:
    async with database.transaction() as conn:
        await queue.put(conn, items)


async def claim(
    database: Database, clock: FixedClock, *, node: str = "a", limit: int = 10, kind: str = "mail"
) -> list[WorkItem]:
    async with database.transaction() as conn:
        return await queue.claim(
            conn, kinds=[kind], limit=limit, now=clock.now(), lease=LEASE, node=node
        )


async def test_a_claim_takes_what_is_due_longest_first(
    database: Database, clock: FixedClock
) -> None:
    await put(database, make_work("b", minutes=-1), make_work("later", minutes=1))
    await put(database, make_work("c"), make_work("d"), make_work("a", minutes=-2))

    claimed = await claim(database, clock, limit=3)

    assert [item.key for item in claimed] == ["a", "b", "c"]
    assert [item.attempts for item in claimed] == [1, 1, 1]


async def test_an_item_is_leased_to_one_node(database: Database, clock: FixedClock) -> None:
    await put(database, make_work())

    first = await claim(database, clock, node="a")
    second = await claim(database, clock, node="b")

    assert (len(first), second) == (1, [])
