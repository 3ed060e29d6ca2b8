"""The queue: every statement about the ``work`` table that a feature or a worker needs.

An item is held in one of two ways. ``pick`` locks it for the transaction that handles it, so that
effects and completion commit together and a crash leaves it as it was. ``claim`` leases it to a
node that works outside of any transaction; when the node falls silent, the lease runs out and the
item runs again.

Several open items may have the same kind and key. If a put were merged with an item that is being
handled at that moment, what the put meant could be lost; handlers decide by the state they read.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import groupby
from operator import attrgetter
from typing import Any, Final

from sqlalchemy import (
    Column,
    ColumnElement,
    Row,
    Select,
    Update,
    and_,
    bindparam,
    delete,
    insert,
    literal,
    or_,
    select,
    union_all,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.durable.items import NewWork, WorkItem, next_id
from ostiary.durable.lanes import Share
from ostiary.durable.tables import work
from ostiary.storage.batches import among
from ostiary.storage.database import announce
from ostiary.storage.tables import Instant

__all__ = [
    "NewWork",
    "WorkItem",
    "again",
    "bury",
    "claim",
    "claim_shares",
    "done",
    "held",
    "open_at",
    "pick",
    "put",
    "release",
    "renew",
    "take_back",
    "withdraw",
]

_ITEM: Final = tuple(
    work.c[name]
    for name in ("id", "kind", "lane", "key", "due_at", "attempts", "payload", "lease_id")
)
_FREE: Final[Mapping[str, Any]] = {"lease_until": None, "lease_id": None, "leased_by": None}


async def put(conn: AsyncConnection, items: Sequence[NewWork]) -> None:
    """Store work in the caller's transaction; workers wake after its commit."""
    if not items:
        return
    await conn.execute(insert(work), [_row(item) for item in items])
    announce(conn)


async def withdraw(conn: AsyncConnection, kind: str, keys: Collection[str]) -> int:
    """Delete the open items of these keys, such as timers that are no longer wanted.

    An item that another transaction is handling at this moment stays. Waiting for it could wait
    for ever, since its handler may want a row that the caller has changed. So every handler finds
    out for itself whether there is something left to do. Gives the number of deleted items.
    """
    if not keys:
        return 0
    unwanted = (
        select(work.c.id)
        .where(work.c.kind == kind, among(work.c.key, keys), work.c.dead_at.is_(None))
        .with_for_update(skip_locked=True)
    )
    result = await conn.execute(delete(work).where(work.c.id.in_(unwanted)))
    return result.rowcount


async def pick(
    conn: AsyncConnection,
    *,
    kind: str,
    limit: int,
    now: datetime,
    only: Collection[str] | None = None,
) -> list[WorkItem]:
    """Lock up to ``limit`` due items for this transaction, those first that are due longest.

    ``only`` narrows it to items of these ids.
    """
    statement = _due([kind], limit, now, *_ITEM)
    if only is not None:
        statement = statement.where(among(work.c.id, only))
    rows = await conn.execute(statement)
    return [_item(row, attempts=row.attempts + 1) for row in rows]


async def claim(
    conn: AsyncConnection,
    *,
    kinds: Sequence[str],
    limit: int,
    now: datetime,
    lease: timedelta,
    node: str,
    lease_id: str | None = None,
) -> list[WorkItem]:
    """Lease up to ``limit`` due items to ``node`` until ``now + lease``, longest due first.

    ``lease_id`` names the lease, for whoever may not learn whether the claim was committed.
    """
    picked = _due(kinds, limit, now, work.c.id).cte("picked")
    return await _lease_out(
        conn, select(picked.c.id), until=now + lease, node=node, lease_id=lease_id
    )


async def claim_shares(
    conn: AsyncConnection,
    *,
    kind: str,
    shares: Sequence[Share],
    now: datetime,
    lease: timedelta,
    node: str,
    lease_id: str | None = None,
) -> list[WorkItem]:
    """Lease to ``node`` what is due in several lanes, of each lane its share; longest due first."""
    of_lanes = [
        _due([kind], share.limit, min(share.before, now), work.c.id, lane=share.lane).subquery(
            f"lane{n}"
        )
        for n, share in enumerate(shares)
    ]
    picked = union_all(*(select(each.c.id) for each in of_lanes)).cte("picked")
    return await _lease_out(
        conn, select(picked.c.id), until=now + lease, node=node, lease_id=lease_id
    )


async def done(conn: AsyncConnection, items: Sequence[WorkItem]) -> int:
    """Delete finished items; gives how many of them the caller still held."""
    if not items:
        return 0
    result = await conn.execute(delete(work).where(_still_held(items)))
    return result.rowcount


async def again(conn: AsyncConnection, retries: Sequence[tuple[WorkItem, datetime, str]]) -> None:
    """Give items back, to be done again from an instant on, each with what went wrong.

    An empty text says that nothing did, and the attempts are counted anew. Items that the caller
    no longer holds stay as they are.
    """
    rows = [
        {
            **_fence(item),
            "due_at": at,
            "attempts": item.attempts if error else 0,
            "last_error": error or None,
        }
        for item, at, error in retries
    ]
    if rows:
        await conn.execute(_fenced_update(), rows)
        announce(conn)


async def bury(conn: AsyncConnection, failures: Sequence[tuple[WorkItem, str, datetime]]) -> None:
    """Make items dead letters, each with its error and the instant; see ``deadletters``."""
    rows = [
        {**_fence(item), "attempts": item.attempts, "last_error": error, "dead_at": now}
        for item, error, now in failures
    ]
    if rows:
        await conn.execute(_fenced_update(), rows)


async def held(conn: AsyncConnection, items: Sequence[WorkItem]) -> list[WorkItem]:
    """Say which of these items the caller still holds and has not finished."""
    if not items:
        return []
    rows = await conn.execute(select(work.c.id, work.c.lease_id).where(_still_held(items)))
    leases = {row.id: row.lease_id for row in rows}
    return [item for item in items if leases.get(item.id, "") == item.lease_id]


async def renew(conn: AsyncConnection, items: Sequence[WorkItem], *, until: datetime) -> int:
    """Extend the lease of the items that the caller still holds; gives how many those are."""
    if not items:
        return 0
    result = await conn.execute(update(work).where(_still_held(items)).values(lease_until=until))
    return result.rowcount


async def take_back(conn: AsyncConnection, *, kinds: Collection[str], node: str) -> int:
    """Free what an earlier life of ``node`` had leased; gives the number of items."""
    if not kinds:
        return 0
    result = await conn.execute(
        update(work).where(among(work.c.kind, kinds), work.c.leased_by == node).values(_FREE)
    )
    return result.rowcount


async def release(conn: AsyncConnection, leases: Mapping[str, str], *, due_at: datetime) -> int:
    """Free what is held by leases of these ids, given with their kinds, to be done from then on.

    Gives the number of items.
    """
    if not leases:
        return 0
    kinds = among(work.c.kind, set(leases.values()))
    freed = update(work).where(kinds, among(work.c.lease_id, leases))
    result = await conn.execute(freed.values(due_at=due_at, **_FREE))
    announce(conn)
    return result.rowcount


async def _lease_out(
    conn: AsyncConnection, ids: Select[Any], *, until: datetime, node: str, lease_id: str | None
) -> list[WorkItem]:
    claimed = await conn.execute(
        update(work)
        .where(work.c.id.in_(ids))
        .values(
            lease_until=until,
            lease_id=lease_id or next_id(),
            leased_by=node,
            attempts=work.c.attempts + 1,
        )
        .returning(*_ITEM)
    )
    items = [_item(row, attempts=row.attempts) for row in claimed]
    return sorted(items, key=attrgetter("due_at", "id"))


def _row(item: NewWork) -> dict[str, Any]:
    return {
        "id": next_id(),
        "kind": item.kind,
        "lane": item.lane,
        "key": item.key,
        "due_at": item.due_at,
        "attempts": 0,
        "payload": dict(item.payload),
    }


def _item(row: Row[Any], *, attempts: int) -> WorkItem:
    return WorkItem(**{**row._mapping, "attempts": attempts})


def _due(
    kinds: Sequence[str], limit: int, now: datetime, *columns: Column[Any], lane: str = ""
) -> Select[Any]:
    """Select due items that nobody holds, and lock them where rows can be locked."""
    # One kind is by far the usual case, and an index then gives the rows in order.
    kind = work.c.kind == kinds[0] if len(kinds) == 1 else among(work.c.kind, kinds)
    return (
        select(*columns)
        .where(kind, work.c.lane == lane, *open_at(literal(now, Instant())))
        .order_by(work.c.due_at, work.c.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )


def open_at(now: ColumnElement[datetime]) -> Iterable[ColumnElement[bool]]:
    """Match the items that are due and held by nobody."""
    free = or_(work.c.lease_until.is_(None), work.c.lease_until <= now)
    return work.c.dead_at.is_(None), work.c.due_at <= now, free


def _still_held(items: Sequence[WorkItem]) -> ColumnElement[bool]:
    """Match the items whose lease is still the one they were claimed by."""
    by_lease = groupby(sorted(items, key=_lease), key=_lease)
    return or_(
        *(
            and_(
                work.c.lease_id.is_not_distinct_from(lease or None),
                among(work.c.id, [item.id for item in group]),
            )
            for lease, group in by_lease
        )
    )


def _lease(item: WorkItem) -> str:
    return item.lease_id or ""


def _fence(item: WorkItem) -> dict[str, Any]:
    return {"item_id": item.id, "held_by": item.lease_id}


def _fenced_update() -> Update:
    """Free an item that is still held and set what the rows of parameters name besides."""
    held_by = bindparam("held_by", type_=work.c.lease_id.type)
    return (
        update(work)
        .where(work.c.id == bindparam("item_id"), work.c.lease_id.is_not_distinct_from(held_by))
        .values(_FREE)
    )
