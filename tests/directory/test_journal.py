"""The journal of changes: no place in it is given out while something may appear before it."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from datetime import timedelta

import httpx
import pytest
from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.directory.model import User
from ostiary.directory.objects import Kind
from ostiary.directory.seed import person_id
from ostiary.directory.service import Directory
from ostiary.directory.store import journal
from ostiary.directory.tables import directory_changes
from ostiary.graph.deltas import Delta, DeltaQuery
from ostiary.storage.database import Database
from tests.support.clocks import FixedClock
from tests.support.waiting import eventually

ADELE, MEGAN = person_id("adele"), person_id("megan")


class _Failure(Exception):
    """What makes a transaction roll back."""


def _since(token: str | None) -> DeltaQuery:
    return DeltaQuery(type=User, url="/users/delta", deltatoken=token)


def _ids(*deltas: Delta) -> set[str]:
    return {change.id for delta in deltas for change in delta.changes}


async def test_a_change_that_commits_after_a_later_one_is_not_missed(
    staffed: Database, clock: FixedClock
) -> None:
    if staffed.dialect == "sqlite":
        pytest.skip("SQLite has one writer at a time, so nothing commits out of order.")
    deltas = Directory(staffed).deltas
    start = await deltas.page(Kind.USER, _since("latest"))

    async with staffed.transaction() as first:
        await journal.note_objects(first, Kind.USER, [ADELE], now=clock.now())
        await _note_apart(staffed, clock)  # has a later place, and is committed before
        reading = asyncio.create_task(deltas.page(Kind.USER, _since(start.deltatoken)))
        await eventually(lambda: _somebody_waits(first))
        assert not reading.done()

    told = await reading
    assert _ids(told) == {ADELE, MEGAN}
    assert _ids(await deltas.page(Kind.USER, _since(told.deltatoken))) == set()


async def test_a_change_that_is_rolled_back_is_not_told_and_holds_nobody_up(
    staffed: Database, clock: FixedClock
) -> None:
    deltas = Directory(staffed).deltas
    start = await deltas.page(Kind.USER, _since("latest"))

    with suppress(_Failure):
        async with staffed.transaction() as conn:
            await journal.note_objects(conn, Kind.USER, [ADELE], now=clock.now())
            raise _Failure
    await _note_apart(staffed, clock)

    assert _ids(await deltas.page(Kind.USER, _since(start.deltatoken))) == {MEGAN}


async def test_the_newest_entry_is_kept_so_that_numbers_never_repeat(
    staffed: Database, clock: FixedClock
) -> None:
    async with staffed.transaction() as conn:
        last = await journal.mark(conn)
        clock.advance(days=365)
        gone = await journal.forget(conn, until=clock.now(), limit=999)
        forgotten = await journal.forgotten(conn)
        left = await conn.scalar(select(func.count()).select_from(directory_changes))
    await _note_apart(staffed, clock)
    async with staffed.transaction() as conn:
        again = await journal.forget(conn, until=clock.now() - timedelta(days=366), limit=999)
        newest = await journal.mark(conn)

    assert (left, again) == (1, 0)
    assert gone > 1
    assert forgotten < last < newest


async def test_what_changes_nothing_leaves_no_entry(
    memory: Database, api: httpx.AsyncClient
) -> None:
    async with memory.reading() as conn:
        before = await journal.mark(conn)

    await api.patch(f"/users/{ADELE}", json={"displayName": "Adele Vance"})

    async with memory.reading() as conn:
        assert await journal.mark(conn) == before


async def _note_apart(database: Database, clock: FixedClock) -> None:
    """Note a change in another transaction, from a task of its own, and commit it."""

    async def note() -> None:
        async with database.transaction() as conn:
            await journal.note_objects(conn, Kind.USER, [MEGAN], now=clock.now())

    await asyncio.create_task(note())


async def _somebody_waits(conn: AsyncConnection) -> bool:
    query = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
    return bool(await conn.scalar(text(query)))
