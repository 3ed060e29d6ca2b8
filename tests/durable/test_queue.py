"""The queue: what is put is held by one, in order, and ends as done, again or dead."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from ostiary.durable import due, queue, recurring
from ostiary.durable.queue import WorkItem
from ostiary.storage.database import Database
from tests.support.clocks import MONDAY, FixedClock
from tests.support.work import make_work, open_items, put, rows

LEASE = timedelta(minutes=1)


async def claim(
    database: Database, clock: FixedClock, *kinds: str, node: str = "a", limit: int = 10
) -> list[WorkItem]:
    async with database.transaction() as conn:
        return await queue.claim(
            conn, kinds=kinds or ("mail",), limit=limit, now=clock.now(), lease=LEASE, node=node
        )


def keys(items: list[WorkItem]) -> list[str]:
    return [item.key for item in items]


async def test_a_claim_takes_what_is_due_longest_first(
    database: Database, clock: FixedClock
) -> None:
    await put(database, make_work("b", minutes=-1), make_work("later", minutes=1))
    await put(database, make_work("c"), make_work("d"), make_work("a", minutes=-2))

    claimed = await claim(database, clock, limit=3)

    assert keys(claimed) == ["a", "b", "c"]
    assert [item.attempts for item in claimed] == [1, 1, 1]


async def test_a_claim_may_be_for_several_kinds(database: Database, clock: FixedClock) -> None:
    await put(database, make_work("a", kind="x"), make_work("b", kind="y"), make_work("c"))

    assert keys(await claim(database, clock, "x", "y")) == ["a", "b"]


async def test_items_due_at_one_instant_keep_the_order_in_which_they_came(
    database: Database, clock: FixedClock
) -> None:
    await put(database, *(make_work(f"{n:04}") for n in range(500)))
    await put(database, *(make_work(f"{n:04}") for n in range(500, 1000)))

    claimed = await claim(database, clock, limit=1000)

    assert keys(claimed) == [f"{n:04}" for n in range(1000)]


async def test_an_item_is_held_by_one_node(database: Database, clock: FixedClock) -> None:
    await put(database, make_work())

    first, second = await asyncio.gather(
        claim(database, clock, node="a"), claim(database, clock, node="b")
    )

    assert len(first + second) == 1


async def test_a_lease_that_ran_out_gives_the_item_to_the_next(
    database: Database, clock: FixedClock
) -> None:
    await put(database, make_work())
    (lost,) = await claim(database, clock, node="a")

    clock.advance(seconds=59)
    assert await claim(database, clock, node="b") == []
    clock.advance(seconds=1)
    (found,) = await claim(database, clock, node="b")

    assert (found.id, found.attempts) == (lost.id, 2)


async def test_a_lost_lease_finishes_nothing(database: Database, clock: FixedClock) -> None:
    await put(database, make_work())
    lost = await claim(database, clock, node="a")
    clock.advance(minutes=1)
    found = await claim(database, clock, node="b")

    async with database.transaction() as conn:
        assert await queue.held(conn, lost + found) == found
        assert await queue.renew(conn, lost, until=clock.now() + LEASE) == 0
        await queue.again(conn, [(lost[0], clock.now(), "late")])
        await queue.bury(conn, [(lost[0], "late", clock.now())])
        assert await queue.done(conn, lost) == 0
        assert await queue.done(conn, lost + found) == 1


async def test_an_item_given_back_is_due_again_with_its_error(
    database: Database, clock: FixedClock
) -> None:
    await put(database, make_work())
    (item,) = await claim(database, clock)
    async with database.transaction() as conn:
        await queue.again(conn, [(item, clock.now() + timedelta(seconds=1), "no answer")])

    assert await claim(database, clock) == []
    clock.advance(seconds=1)
    (again,) = await claim(database, clock)

    assert again.attempts == 2
    assert (await rows(database))[0].last_error == "no answer"


async def test_timers_that_are_no_longer_wanted_are_withdrawn(
    database: Database, clock: FixedClock
) -> None:
    await put(database, make_work("a", hours=1), make_work("a", hours=2), make_work("b", hours=1))
    await put(database, make_work("a", kind="other", hours=1))

    async with database.transaction() as conn:
        assert await queue.withdraw(conn, "mail", ["a", "unknown"]) == 2
        assert await queue.withdraw(conn, "mail", []) == 0

    assert sorted(await open_items(database)) == ["a", "b"]


async def test_many_thousands_are_put_and_withdrawn_at_once(database: Database) -> None:
    names = [f"{n}" for n in range(40_000)]
    async with database.transaction() as conn:
        await queue.put(conn, [make_work(name, hours=1) for name in names])

        assert await queue.withdraw(conn, "mail", names) == 40_000


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_withdrawing_never_waits_for_an_item_that_is_being_handled(
    database: Database, clock: FixedClock
) -> None:
    """A resume and the timer it withdraws would else wait for each other."""
    await put(database, make_work("a"), make_work("b"))

    async def resume() -> int:
        async with database.transaction() as conn:
            return await queue.withdraw(conn, "mail", ["a", "b"])

    async with database.transaction() as conn:
        await queue.pick(conn, kind="mail", limit=1, now=clock.now())
        assert await asyncio.wait_for(asyncio.create_task(resume()), 60) == 1


async def test_what_a_transaction_picked_is_free_again_after_a_rollback(
    database: Database, clock: FixedClock
) -> None:
    await put(database, make_work())

    async def fail() -> None:
        async with database.transaction() as conn:
            picked = await queue.pick(conn, kind="mail", limit=9, now=clock.now())
            await queue.done(conn, picked)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()

    assert len(await claim(database, clock)) == 1


async def test_only_the_named_node_and_kinds_are_taken_back(
    database: Database, clock: FixedClock
) -> None:
    await put(database, make_work("a"))
    await claim(database, clock, node="a")
    await put(database, make_work("b"))
    await claim(database, clock, node="b")

    async with database.transaction() as conn:
        assert await queue.take_back(conn, kinds=["other"], node="a") == 0
        assert await queue.take_back(conn, kinds=["mail"], node="a") == 1

    assert keys(await claim(database, clock, node="c")) == ["a"]


async def test_a_kind_is_due_when_an_item_of_it_is_due_and_free(
    database: Database, clock: FixedClock
) -> None:
    await put(database, make_work(kind="due"), make_work(kind="later", hours=1))
    await put(database, make_work(kind="leased"))
    await claim(database, clock, "leased")

    async with database.reading() as conn:
        kinds = ["due", "later", "leased", "unknown"]
        assert await due.due(conn, kinds, now=MONDAY) == [due.Due("due")]
        assert await due.due(conn, [], now=MONDAY) == []


async def test_the_next_due_instant_lies_after_now_and_within_reach(
    database: Database,
) -> None:
    await put(database, make_work(), make_work(minutes=2), make_work(kind="other", minutes=1))

    async with database.reading() as conn:

        async def next_due(minutes: int) -> object:
            until = MONDAY + timedelta(minutes=minutes)
            return await due.next_due(conn, ["mail"], after=MONDAY, until=until)

        assert await next_due(1) is None
        assert await next_due(2) == MONDAY + timedelta(minutes=2)


async def test_workers_are_woken_by_what_may_be_done_sooner_than_they_think(
    database: Database, clock: FixedClock
) -> None:
    woken: list[str] = []
    await put(database, make_work("a"))
    (item,) = await claim(database, clock)
    assert item.lease_id is not None
    database.on_commit(lambda: woken.append("again"))

    async with database.transaction() as conn:
        await queue.release(conn, {item.lease_id: item.kind}, due_at=MONDAY)
    assert woken == ["again"]

    (item,) = await claim(database, clock)
    async with database.transaction() as conn:
        await queue.again(conn, [(item, MONDAY, "")])
    assert woken == ["again"] * 2

    async with database.transaction() as conn:
        await recurring.ensure(conn, "duty", due_at=MONDAY + timedelta(days=1))
    async with database.transaction() as conn:
        await recurring.ensure(conn, "duty", due_at=MONDAY)
    assert woken == ["again"] * 4
