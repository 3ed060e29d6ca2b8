"""The journal of changes: written with each change, read in order by delta queries and followers.

On PostgreSQL a transaction may commit after another that has a later place in the journal. Whoever
remembers a place must know that nothing appears before it any more, so writers share a lock until
they commit, and ``mark`` takes it alone for a moment. SQLite has one writer at a time.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Final

from sqlalchemy import delete, func, insert, literal, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.directory.deltas import MEMBERS, LinkDetail
from ostiary.directory.objects import Kind
from ostiary.directory.store import followers
from ostiary.directory.tables import directory_changes, memberships
from ostiary.storage.batches import among
from ostiary.storage.facts import read_fact, write_fact

_LOCK: Final = 0x0571A122
_FORGOTTEN: Final = "directory.changes.forgotten"
_journal = directory_changes.c
_members = memberships.c
_LAST: Final = select(func.max(_journal.sequence)).scalar_subquery()


async def note_objects(
    conn: AsyncConnection,
    kind: Kind,
    ids: Collection[str],
    *,
    now: datetime,
    attributes: Mapping[str, Collection[str]] | None = None,
) -> None:
    """Note that objects of one kind were added, changed, deleted or restored.

    ``attributes`` says of objects that were changed what of them, spelled as the API does.
    """
    changed = attributes or {}
    rows = [
        {"object_id": i, "kind": kind.value, "detail": _told(changed.get(i)), "at": now}
        for i in sorted(ids)
    ]
    if rows:
        await _share(conn)
        await conn.execute(insert(directory_changes), rows)
        await followers.wake(conn, now=now)


async def note_members(
    conn: AsyncConnection,
    pairs: Collection[tuple[str, str]],
    detail: LinkDetail,
    *,
    now: datetime,
) -> None:
    """Note that members of groups, given as (group, member), were added or removed."""
    rows = [
        {
            "object_id": group,
            "kind": Kind.GROUP.value,
            "link": MEMBERS,
            "target_id": member,
            "detail": detail.value,
            "at": now,
        }
        for group, member in sorted(pairs)
    ]
    if rows:
        await _share(conn)
        await conn.execute(insert(directory_changes), rows)
        await followers.wake(conn, now=now)


async def note_memberships(
    conn: AsyncConnection, ids: Collection[str], *, now: datetime, whole_groups: bool = False
) -> None:
    """Note that members came or went because they were restored or deleted.

    ``whole_groups`` also notes the members of those of the objects that are groups.
    """
    if not ids:
        return
    concerned = among(_members.member_id, ids)
    if whole_groups:
        concerned = or_(concerned, among(_members.group_id, ids))
    noted = select(
        _members.group_id,
        literal(Kind.GROUP.value),
        literal(MEMBERS),
        _members.member_id,
        literal(now, directory_changes.c.at.type),
    ).where(concerned)
    await _share(conn)
    names = ["object_id", "kind", "link", "target_id", "at"]
    await conn.execute(insert(directory_changes).from_select(names, noted))
    await followers.wake(conn, now=now)


async def mark(conn: AsyncConnection) -> int:
    """Give a place in the journal before which nothing will appear any more.

    On PostgreSQL call it in a transaction of its own that writes, and read in a later one.
    """
    if conn.dialect.name == "postgresql":
        await conn.execute(select(func.pg_advisory_xact_lock(_LOCK)))
    return await last(conn)


async def last(conn: AsyncConnection) -> int:
    """Give the place of the last entry that can be seen: others may appear before it."""
    return await conn.scalar(select(func.max(_journal.sequence))) or 0


async def settled(conn: AsyncConnection) -> int:
    """Give such a place in the middle of a transaction that goes on to read.

    Writers are waited for, and kept out for a moment only; the transaction may not have changed the
    directory before.
    """
    if conn.dialect.name != "postgresql":
        return await mark(conn)
    moment = await conn.begin_nested()
    try:
        return await mark(conn)
    finally:
        await moment.rollback()  # lets go of the lock


async def forgotten(conn: AsyncConnection) -> int:
    """Give the place up to which the journal is no longer kept."""
    return await read_fact(conn, _FORGOTTEN) or 0


async def oldest(conn: AsyncConnection) -> datetime | None:
    """Give the instant of the oldest entry that can be forgotten; None: there is none."""
    first = select(_journal.at).where(_journal.sequence < _LAST).order_by(_journal.sequence)
    at: datetime | None = await conn.scalar(first.limit(1))
    return at


async def forget(conn: AsyncConnection, *, until: datetime, limit: int) -> int:
    """Remove up to ``limit`` entries that were noted until an instant; give how many went.

    The newest entry stays, so that SQLite does not number from one again.
    """
    oldest = (
        select(_journal.sequence, _journal.at)
        .where(_journal.sequence < _LAST)
        .order_by(_journal.sequence)
        .limit(limit)
        .subquery()
    )
    upto = await conn.scalar(select(func.max(oldest.c.sequence)).where(oldest.c.at <= until))
    if upto is None:
        return 0
    gone = await conn.execute(delete(directory_changes).where(_journal.sequence <= upto))
    await write_fact(conn, _FORGOTTEN, upto)
    return gone.rowcount


async def _share(conn: AsyncConnection) -> None:
    """Keep readers from fixing a mark until this transaction is over."""
    if conn.dialect.name == "postgresql":
        await conn.execute(select(func.pg_advisory_xact_lock_shared(_LOCK)))


def _told(attributes: Collection[str] | None) -> str | None:
    return f",{','.join(sorted(attributes))}," if attributes else None
