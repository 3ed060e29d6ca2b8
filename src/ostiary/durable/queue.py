"""The queue: everything about the ``work`` table that a feature or a worker needs.

An item is held in one of two ways. ``pick`` locks it for the transaction that handles it, so that
effects and completion commit together and a crash leaves it as it was. ``claim`` leases it to a
node that works outside of any transaction; when the node falls silent, the lease runs out and the
item runs again.

Several open items may have the same kind and key. If a put were merged with an item that is being
handled at that moment, what the put meant could be lost; handlers decide by the state they read.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from operator import attrgetter
from typing import Any

from sqlalchemy import Row, Update, update
from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.durable import statements
from ostiary.durable.items import NewWork, WorkItem
from ostiary.durable.lanes import Share
from ostiary.durable.tables import work
from ostiary.storage.batches import among
from ostiary.storage.database import announce
from ostiary.storage.ids import new_id

__all__ = [
    "NewWork",
    "WorkItem",
    "again",
    "bury",
    "claim",
    "claim_shares",
    "done",
    "held",
    "pick",
    "put",
    "release",
    "renew",
    "take_back",
    "withdraw",
]


async def put(conn: AsyncConnection, items: Sequence[NewWork]) -> None:
    """Store work in the caller's transaction; workers wake after its commit."""
    if not items:
        return
    await statements.PUT.run(conn, [_row(item) for item in items])
    announce(conn)


async def withdraw(conn: AsyncConnection, kind: str, keys: Collection[str]) -> int:
    """Delete the open items of these keys, such as timers that are no longer wanted.

    An item that another transaction is handling at this moment stays. Waiting for it could wait
    for ever, since its handler may want a row that the caller has changed. So every handler finds
    out for itself whether there is something left to do. Gives the number of deleted items.
    """
    if not keys:
        return 0
    # In one statement it would be a join, which PostgreSQL plans by guesses about the queue, whose
    # contents change faster than what is known of them.
    found = await conn.execute(statements.UNWANTED, {"of_kind": kind, "keys": keys})
    ids = list(found.scalars())
    if ids:
        await conn.execute(statements.DELETE, {"keys": ids})
    return len(ids)


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
    values: dict[str, Any] = {"of_kind": kind, "in_lane": "", "most": limit, "now": now}
    if only is not None:
        values["only"] = only
    rows = await conn.execute(statements.pick(is_narrow=only is not None), values)
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
    one = len(kinds) == 1
    values = {"of_kind": kinds[0] if one else kinds, "in_lane": "", "most": limit, "now": now}
    return await _lease_out(
        conn, statements.claim(of_one=one), values, until=now + lease, node=node, lease_id=lease_id
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
    values: dict[str, Any] = {"of_kind": kind}
    for n, share in enumerate(shares):
        values[f"in_lane{n}"] = share.lane
        values[f"most{n}"] = share.limit
        values[f"now{n}"] = min(share.before, now)
    return await _lease_out(
        conn,
        statements.claim_of(len(shares)),
        values,
        until=now + lease,
        node=node,
        lease_id=lease_id,
    )


async def done(conn: AsyncConnection, items: Sequence[WorkItem]) -> int:
    """Delete finished items; gives how many of them the caller still held."""
    if not items:
        return 0
    by_lease = _by_lease(items)
    result = await conn.execute(statements.done(len(by_lease)), _leases(by_lease))
    return result.rowcount


async def again(conn: AsyncConnection, retries: Sequence[tuple[WorkItem, datetime, str]]) -> None:
    """Give items back, to be done again from an instant on, each with what went wrong.

    An empty text says that nothing did, and the attempts are counted anew. An item may have another
    payload by now. Items that the caller no longer holds stay as they are.
    """
    rows = [
        {
            **_fence(item),
            "due_at": at,
            "attempts": item.attempts if error else 0,
            "last_error": error or None,
            "payload": dict(item.payload),
        }
        for item, at, error in retries
    ]
    if rows:
        await conn.execute(statements.fenced(), rows)
        announce(conn)


async def bury(conn: AsyncConnection, failures: Sequence[tuple[WorkItem, str, datetime]]) -> None:
    """Make items dead letters, each with its error and the instant; see ``deadletters``."""
    rows = [
        {**_fence(item), "attempts": item.attempts, "last_error": error, "dead_at": now}
        for item, error, now in failures
    ]
    if rows:
        await conn.execute(statements.fenced(), rows)


async def held(conn: AsyncConnection, items: Sequence[WorkItem]) -> list[WorkItem]:
    """Say which of these items the caller still holds and has not finished."""
    if not items:
        return []
    by_lease = _by_lease(items)
    rows = await conn.execute(statements.held(len(by_lease)), _leases(by_lease))
    leases = {row.id: row.lease_id for row in rows}
    return [item for item in items if leases.get(item.id, "") == item.lease_id]


async def renew(conn: AsyncConnection, items: Sequence[WorkItem], *, until: datetime) -> int:
    """Extend the lease of the items that the caller still holds; gives how many those are."""
    if not items:
        return 0
    by_lease = _by_lease(items)
    result = await conn.execute(
        statements.renew(len(by_lease)), {**_leases(by_lease), "until": until}
    )
    return result.rowcount


async def take_back(conn: AsyncConnection, *, kinds: Collection[str], node: str) -> int:
    """Free what an earlier life of ``node`` had leased; gives the number of items."""
    if not kinds:
        return 0
    result = await conn.execute(
        update(work)
        .where(among(work.c.kind, kinds), work.c.leased_by == node)
        .values(statements.FREE)
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
    result = await conn.execute(freed.values(due_at=due_at, **statements.FREE))
    announce(conn)
    return result.rowcount


async def _lease_out(
    conn: AsyncConnection,
    claim: Update,
    values: Mapping[str, Any],
    *,
    until: datetime,
    node: str,
    lease_id: str | None,
) -> list[WorkItem]:
    lease = {"until": until, "lease": lease_id or new_id(), "node": node}
    claimed = await conn.execute(claim, {**values, **lease})
    items = [_item(row, attempts=row.attempts) for row in claimed]
    return sorted(items, key=attrgetter("due_at", "id"))


def _row(item: NewWork) -> dict[str, Any]:
    return {
        "id": new_id(),
        "kind": item.kind,
        "lane": item.lane,
        "key": item.key,
        "due_at": item.due_at,
        "attempts": 0,
        "payload": dict(item.payload),
    }


def _item(row: Row[Any], *, attempts: int) -> WorkItem:
    return WorkItem(**{**row._mapping, "attempts": attempts})


def _by_lease(items: Sequence[WorkItem]) -> dict[str | None, list[str]]:
    """Give the ids of the items that were claimed together, by their lease."""
    found: dict[str | None, list[str]] = {}
    for item in items:
        found.setdefault(item.lease_id, []).append(item.id)
    return found


def _leases(by_lease: Mapping[str | None, Sequence[str]]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for n, (lease, ids) in enumerate(by_lease.items()):
        values |= {f"lease{n}": lease, f"ids{n}": ids}
    return values


def _fence(item: WorkItem) -> dict[str, Any]:
    return {"item_id": item.id, "held_by": item.lease_id}
