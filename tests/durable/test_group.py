"""Group commit: one transaction for what arrives together, one answer for each caller."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import timedelta

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.durable.errors import Busy
from ostiary.durable.group import GroupCommit, GroupRead
from ostiary.storage.database import Database, NestedTransaction
from ostiary.storage.facts import read_fact, write_fact
from ostiary.storage.failures import DatabaseUnavailable


class Ledger:
    """Applies numbers: odd ones are refused, and the ``poison`` breaks its whole batch."""

    def __init__(self, *, poison: int | None = None) -> None:
        self.batches: list[list[int]] = []
        self.entered, self.go = asyncio.Event(), asyncio.Event()
        self.go.set()
        self._poison = poison

    async def apply(self, conn: AsyncConnection, numbers: Sequence[int]) -> list[str | Exception]:
        self.batches.append(list(numbers))
        self.entered.set()
        await self.go.wait()
        stored = await read_fact(conn, "ledger") or []
        await write_fact(conn, "ledger", stored + [n for n in numbers if n % 2 == 0])
        if self._poison in numbers:
            raise RuntimeError(f"{self._poison} is poison")
        return [ValueError(f"{n} is odd") if n % 2 else f"{n} is stored" for n in numbers]


async def stored(database: Database) -> list[int]:
    async with database.reading() as conn:
        return await read_fact(conn, "ledger") or []


async def test_each_caller_gets_its_own_answer(database: Database) -> None:
    group = GroupCommit(database, Ledger().apply, of="numbers")

    answers = await asyncio.gather(*(group.submit(n) for n in range(4)), return_exceptions=True)

    assert [str(answer) for answer in answers] == [
        "0 is stored",
        "1 is odd",
        "2 is stored",
        "3 is odd",
    ]
    assert await stored(database) == [0, 2]


async def test_an_answer_comes_after_the_commit(database: Database) -> None:
    group = GroupCommit(database, Ledger().apply, of="numbers")

    await group.submit(2)

    assert await stored(database) == [2]


async def test_what_arrives_during_a_commit_forms_the_next_batch(database: Database) -> None:
    ledger = Ledger()
    ledger.go.clear()
    group = GroupCommit(database, ledger.apply, of="numbers")
    first = asyncio.create_task(group.submit(0))
    await ledger.entered.wait()

    others = [asyncio.create_task(group.submit(n)) for n in (2, 4, 6)]
    await asyncio.sleep(0)
    ledger.go.set()
    await asyncio.gather(first, *others)

    assert ledger.batches == [[0], [2, 4, 6]]


async def test_a_batch_is_never_larger_than_allowed(database: Database) -> None:
    ledger = Ledger()
    group = GroupCommit(database, ledger.apply, of="numbers", max_batch=3)

    await asyncio.gather(*(group.submit(n * 2) for n in range(8)))

    assert [len(batch) for batch in ledger.batches] == [3, 3, 2]


async def test_one_callers_error_never_becomes_anothers(database: Database) -> None:
    group = GroupCommit(database, Ledger(poison=6).apply, of="numbers")

    answers = await asyncio.gather(
        *(group.submit(n) for n in range(0, 20, 2)), return_exceptions=True
    )

    failed = [answer for answer in answers if isinstance(answer, Exception)]
    assert [str(error) for error in failed] == ["6 is poison"]
    assert await stored(database) == [n for n in range(0, 20, 2) if n != 6]


@pytest.mark.parametrize(("patience", "batches"), [(0.0, [[0]]), (60.0, [[0], [2]])])
async def test_who_has_waited_for_long_when_an_outage_is_told_waits_for_no_other_batch(
    memory: Database, patience: float, batches: list[list[int]]
) -> None:
    ledger = Ledger()

    async def be_lost(conn: AsyncConnection, numbers: Sequence[int]) -> list[str | Exception]:
        await ledger.apply(conn, numbers)
        raise DatabaseUnavailable

    group = GroupCommit(memory, be_lost, of="numbers", patience=patience)
    ledger.go.clear()
    first = asyncio.create_task(group.submit(0))
    await ledger.entered.wait()
    second = asyncio.create_task(group.submit(2))
    await asyncio.sleep(0)
    ledger.go.set()
    answers = await asyncio.gather(first, second, return_exceptions=True)

    assert [type(answer) for answer in answers] == [DatabaseUnavailable] * 2
    assert ledger.batches == batches


async def test_an_outage_is_everybodys_error_and_tried_once(database: Database) -> None:
    attempts: list[int] = []

    async def apply(_conn: AsyncConnection, numbers: Sequence[int]) -> list[int | Exception]:
        attempts.append(len(numbers))
        raise DatabaseUnavailable

    group = GroupCommit(database, apply, of="numbers")
    answers = await asyncio.gather(*(group.submit(n) for n in range(5)), return_exceptions=True)

    assert [type(answer) for answer in answers] == [DatabaseUnavailable] * 5
    assert attempts == [5]


async def test_a_full_queue_turns_callers_away(database: Database) -> None:
    ledger = Ledger()
    ledger.go.clear()
    group = GroupCommit(database, ledger.apply, of="numbers", max_waiting=2)
    waiting = [asyncio.create_task(group.submit(n)) for n in (0, 2)]
    await asyncio.sleep(0)

    with pytest.raises(Busy) as caught:
        await group.submit(4)

    assert caught.value.retry_after == timedelta(seconds=1)
    ledger.go.set()
    await asyncio.gather(*waiting)


async def test_a_caller_that_left_harms_nobody(database: Database) -> None:
    ledger = Ledger()
    ledger.go.clear()
    group = GroupCommit(database, ledger.apply, of="numbers")
    callers = [asyncio.create_task(group.submit(n)) for n in (0, 2)]
    await ledger.entered.wait()
    callers += [asyncio.create_task(group.submit(n)) for n in (4, 6)]
    await asyncio.sleep(0)

    callers[0].cancel()
    callers[2].cancel()
    ledger.go.set()

    assert await callers[1] == "2 is stored"
    assert await callers[3] == "6 is stored"
    assert ledger.batches == [[0, 2], [6]]


async def test_closing_answers_those_who_wait_and_takes_no_more(database: Database) -> None:
    group = GroupCommit(database, Ledger().apply, of="numbers")
    waiting = [asyncio.create_task(group.submit(n)) for n in (0, 2)]
    await asyncio.sleep(0)

    await group.close()

    assert [await answer for answer in waiting] == ["0 is stored", "2 is stored"]
    with pytest.raises(RuntimeError, match="closed"):
        await group.submit(4)


async def test_nobody_waits_for_a_commit_that_was_broken_off(database: Database) -> None:
    ledger = Ledger()
    ledger.go.clear()
    group = GroupCommit(database, ledger.apply, of="numbers")
    waiting = [asyncio.create_task(group.submit(0))]
    await ledger.entered.wait()
    waiting.append(asyncio.create_task(group.submit(2)))
    await asyncio.sleep(0)

    assert group._flushing is not None
    group._flushing.cancel()
    done, _ = await asyncio.wait(waiting, timeout=60)

    assert [task.cancelled() for task in done] == [True, True]
    assert await stored(database) == []


async def test_who_holds_a_transaction_may_not_wait_for_a_commit(database: Database) -> None:
    group = GroupCommit(database, Ledger().apply, of="numbers")

    async with database.transaction():
        with pytest.raises(NestedTransaction):
            await group.submit(0)


async def test_an_answer_for_each_request_is_insisted_on(database: Database) -> None:
    async def apply(_conn: AsyncConnection, _numbers: Sequence[int]) -> list[int | Exception]:
        return []

    with pytest.raises(RuntimeError, match="0 results for 1 requests"):
        await GroupCommit(database, apply, of="numbers").submit(1)


async def test_callers_who_come_back_share_batches(database: Database) -> None:
    ledger = Ledger()
    group = GroupCommit(database, ledger.apply, of="numbers")

    async def come_back() -> None:
        for _ in range(10):
            await group.submit(2)

    await asyncio.gather(*(come_back() for _ in range(20)))

    assert len(await stored(database)) == 200
    assert len(ledger.batches) <= 20


async def test_reads_share_one_snapshot_and_write_nothing(database: Database) -> None:
    asked: list[list[str]] = []

    async def read(conn: AsyncConnection, names: Sequence[str]) -> list[str | None]:
        asked.append(list(names))
        return [await read_fact(conn, name) for name in names]

    async with database.transaction() as conn:
        await write_fact(conn, "one", "1")
    group = GroupRead(database, read, of="numbers")

    answers = await asyncio.gather(*(group.submit(name) for name in ("one", "two", "one")))

    assert answers == ["1", None, "1"]
    assert asked == [["one", "two", "one"]]

    async def write(conn: AsyncConnection, names: Sequence[str]) -> list[None]:
        await write_fact(conn, names[0], "2")
        return [None]

    with pytest.raises(Exception, match=r"(?i)read-?only"):
        await GroupRead(database, write, of="numbers").submit("one")
