"""The journal as queries: each span has what changed in it, and none misses anything."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Any

import pytest
from msgspec.structs import replace
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.directory import changes, store
from ostiary.directory.deltas import LinkDetail
from ostiary.directory.model import EmployeeOrgData, OnPremisesExtensionAttributes, User
from ostiary.directory.objects import Kind
from ostiary.directory.seed import group_id, person_id
from ostiary.directory.store import feed, journal
from ostiary.directory.store.feed import Span
from ostiary.storage.database import Database
from tests.directory.conftest import ADMINISTRATOR
from tests.support.clocks import FixedClock
from tests.support.waiting import eventually

SALES = group_id("Sales team")
ADELE, MEGAN, JONI = (person_id(alias) for alias in ("adele", "megan", "joni"))


async def _here(database: Database) -> int:
    async with database.transaction() as conn:
        return await journal.settled(conn)


async def _change(database: Database, now: datetime, id: str, **properties: Any) -> None:
    async with database.transaction() as conn:
        before: User = (await store.users(conn, [id], lock=True))[id]
        after = replace(before, **properties)
        await changes.update_users(conn, [(before, after)], now=now, actor=ADMINISTRATOR)


async def test_a_change_names_the_attributes_that_it_is_about(
    staffed: Database, clock: FixedClock
) -> None:
    here = await _here(staffed)
    now = clock.now()
    extensions = OnPremisesExtensionAttributes(extension_attribute2="b")
    await _change(staffed, now, ADELE, department="Legal", job_title="Clerk")
    await _change(staffed, now, MEGAN, employee_org_data=EmployeeOrgData(division="North"))
    await _change(staffed, now, MEGAN, on_premises_extension_attributes=extensions)
    async with staffed.transaction() as conn:
        await changes.set_account_enabled(conn, [JONI], False, now=now, actor=ADMINISTRATOR)
        await changes.set_managers(conn, {JONI: ADELE}, now=now, actor=ADMINISTRATOR)
    span = Span(here, await _here(staffed))

    async def about(*paths: str) -> list[str]:
        async with staffed.reading() as conn:
            rows = await conn.execute(feed.changed_attributes(span, paths))
        return sorted(row.id for row in rows)

    assert await about("department") == await about("jobTitle") == [ADELE]
    assert await about("employeeOrgData/division") == [MEGAN]
    assert await about("employeeOrgData", "title") == []
    assert await about("onPremisesExtensionAttributes/extensionAttribute2") == [MEGAN]
    assert await about("onPremisesExtensionAttributes/extensionAttribute1") == []
    assert await about("accountEnabled", "department") == sorted([ADELE, JONI])
    assert await about("manager") == [JONI]


async def test_who_came_is_told_apart_from_who_left_and_who_is_restored(
    staffed: Database, clock: FixedClock
) -> None:
    here = await _here(staffed)
    now = clock.now()
    async with staffed.transaction() as conn:
        await changes.add_members(conn, [(SALES, JONI)], now=now, actor=ADMINISTRATOR)
        await changes.remove_members(conn, [(SALES, ADELE)], now=now, actor=ADMINISTRATOR)
        await changes.delete_objects(conn, Kind.USER, [MEGAN], now=now, actor=ADMINISTRATOR)
        await changes.restore_objects(conn, [MEGAN], now=now, actor=ADMINISTRATOR)
    span = Span(here, await _here(staffed))
    async with staffed.reading() as conn:
        found = {}
        for detail in LinkDetail:
            rows = await conn.execute(feed.changed_members(span, [SALES], detail))
            found[detail] = [(row.group_id, row.id) for row in rows]

    assert found == {LinkDetail.ADDED: [(SALES, JONI)], LinkDetail.REMOVED: [(SALES, ADELE)]}


async def test_a_span_waits_for_a_change_that_is_not_committed_and_holds_nobody_up_afterwards(
    staffed: Database, clock: FixedClock
) -> None:
    if staffed.dialect == "sqlite":
        pytest.skip("SQLite has one writer at a time, so nothing commits out of order.")
    here = await _here(staffed)
    going_on = asyncio.Event()

    async def pass_over() -> Span:
        async with staffed.transaction() as conn:
            span = await feed.advance(conn, here)
            await going_on.wait()
            return span

    async with staffed.transaction() as writer:
        await journal.note_objects(writer, Kind.USER, [ADELE], now=clock.now())
        passing = asyncio.create_task(pass_over())
        await eventually(lambda: _somebody_waits(writer))
    await asyncio.create_task(_change(staffed, clock.now(), MEGAN, job_title="Buyer"))
    going_on.set()

    span = await passing
    assert span.until == span.since + 1
    assert await _here(staffed) == span.since + 2


async def _somebody_waits(conn: AsyncConnection) -> bool:
    query = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
    return bool(await conn.scalar(text(query)))
