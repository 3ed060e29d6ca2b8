"""Queries about followers of the journal: where each of them is, and what comes next.

While nobody follows, a change costs one look at an empty table.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final, NamedTuple

from sqlalchemy import exists, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.directory.objects import Kind
from ostiary.directory.tables import directory_changes, directory_followers
from ostiary.durable import queue
from ostiary.durable.queue import NewWork
from ostiary.storage import upserts

CHANGED: Final = "directory.changed"
"""Something was noted in the journal; the key is always the same."""

FOLLOW: Final = "directory.follow"
"""A follower has something to be told; the key is its name."""

_KINDS: Final = (Kind.USER.value, Kind.GROUP.value)
_journal = directory_changes.c
_followers = directory_followers.c


class Noted(NamedTuple):
    """An entry of the journal."""

    sequence: int
    object_id: str
    kind: str
    link: str | None
    target_id: str | None


async def wake(conn: AsyncConnection, *, now: datetime) -> None:
    """Have the followers told of what this transaction notes, if there are any."""
    if await conn.scalar(select(exists().select_from(directory_followers))):
        await queue.put(conn, [NewWork(kind=CHANGED, key="journal", due_at=now)])


async def begin(conn: AsyncConnection, name: str, position: int) -> None:
    """Follow the journal from a place on; whoever follows already stays where they are."""
    statement = upserts.insert(conn, directory_followers).values(name=name, position=position)
    same = {"name": name}  # an update, so that the row is locked
    await conn.execute(statement.on_conflict_do_update(index_elements=["name"], set_=same))


async def put_behind(conn: AsyncConnection, mark: int, *, now: datetime) -> None:
    """Put work on the queue for the followers that have not come to a place yet."""
    query = select(_followers.name).where(_followers.position < mark).order_by(_followers.name)
    names = (await conn.execute(query)).scalars()
    until = {"until": mark}
    await queue.put(
        conn, [NewWork(kind=FOLLOW, key=name, due_at=now, payload=until) for name in names]
    )


async def lock(conn: AsyncConnection, name: str) -> int | None:
    """Give the place of a follower, its row locked; None: nobody follows by this name."""
    query = select(_followers.position).where(_followers.name == name).with_for_update()
    found: int | None = await conn.scalar(query)
    return found


async def move(conn: AsyncConnection, name: str, position: int) -> None:
    """Note how far a follower has come."""
    statement = update(directory_followers).where(_followers.name == name)
    await conn.execute(statement.values(position=position))


async def entries(conn: AsyncConnection, *, since: int, until: int, limit: int) -> list[Noted]:
    """Give what was noted about people and groups."""
    query = (
        select(
            _journal.sequence, _journal.object_id, _journal.kind, _journal.link, _journal.target_id
        )
        .where(_journal.sequence > since, _journal.sequence <= until, _journal.kind.in_(_KINDS))
        .order_by(_journal.sequence)
        .limit(limit)
    )
    return [Noted(*row) for row in await conn.execute(query)]
