"""Every query about callouts.

Whoever moves callouts locks their rows first, in the order of their ids, so that two who move the
same ones wait for each other instead of for ever. SQLite has one writer and needs no locks.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import timedelta
from typing import Any, Final

from sqlalchemy import RowMapping, select
from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.extensions.callouts import Callout, CalloutStatus, Outcome
from ostiary.extensions.tables import callout_attempts, callouts
from ostiary.storage.archive import Outgoing
from ostiary.storage.batches import KEYS, among
from ostiary.storage.rows import Change, Insertion

_MOVING: Final = (
    "status",
    "deadline",
    "outcome",
    "detail",
    "source",
    "external_correlation_id",
    "answer",
    "sent_at",
    "answered_at",
    "attempts",
)
_SAVE: Final = Change(callouts, _MOVING)
_ADD: Final = Insertion(callouts)
_READ: Final = select(callouts).where(among(callouts.c.id, KEYS))
_LOCK: Final = _READ.order_by(callouts.c.id).with_for_update()
_LOCK_OF_OWNERS: Final = (
    select(callouts)
    .where(among(callouts.c.owner_id, KEYS))
    .order_by(callouts.c.id)
    .with_for_update()
)


async def add(conn: AsyncConnection, new: Sequence[Callout]) -> None:
    """Store new callouts."""
    await _ADD.run(conn, [_row(callout) for callout in new])


async def save(conn: AsyncConnection, moved: Sequence[Callout]) -> None:
    """Store what can change of callouts whose rows the caller has locked."""
    await _SAVE.run(conn, [_row(callout) for callout in moved])


async def lock(conn: AsyncConnection, ids: Collection[str]) -> dict[str, Callout]:
    """Give callouts by id, their rows locked until the end of the transaction."""
    rows = await conn.execute(_LOCK, {"keys": ids})
    return {row["id"]: _callout(row) for row in rows.mappings()}


async def lock_of_owners(conn: AsyncConnection, owner_ids: Collection[str]) -> list[Callout]:
    """Give every callout of these owners, their rows locked until the end of the transaction."""
    rows = await conn.execute(_LOCK_OF_OWNERS, {"keys": owner_ids})
    return [_callout(row) for row in rows.mappings()]


async def forget_of_owners(out: Outgoing, owner_ids: Collection[str]) -> None:
    """Delete the callouts of these owners, with their ledger; the caller has locked them."""
    for table in (callout_attempts, callouts):
        await out.delete(table, among(table.c.owner_id, owner_ids))


async def read(conn: AsyncConnection, ids: Collection[str]) -> dict[str, Callout]:
    """Give callouts by id; those that do not exist are missing."""
    rows = await conn.execute(_READ, {"keys": ids})
    return {row["id"]: _callout(row) for row in rows.mappings()}


async def of_owners(
    conn: AsyncConnection, owner_kind: str, owner_ids: Collection[str]
) -> dict[str, list[Callout]]:
    """Give the callouts of each owner, the oldest first; owners without any are missing."""
    rows = await conn.execute(
        select(callouts)
        .where(callouts.c.owner_kind == owner_kind, among(callouts.c.owner_id, owner_ids))
        .order_by(callouts.c.created_at, callouts.c.sequence)
    )
    found: dict[str, list[Callout]] = defaultdict(list)
    for row in rows.mappings():
        found[row["owner_id"]].append(_callout(row))
    return dict(found)


async def recent(
    conn: AsyncConnection, *, limit: int, is_open: bool | None = None
) -> list[Callout]:
    """Give the latest callouts, those of all owners; only open or only ended ones if asked for."""
    statement = (
        select(callouts)
        .order_by(callouts.c.created_at.desc(), callouts.c.sequence.desc())
        .limit(limit)
    )
    if is_open is not None:
        ended = callouts.c.outcome
        statement = statement.where(ended.is_(None) if is_open else ended.is_not(None))
    return [_callout(row) for row in (await conn.execute(statement)).mappings()]


def _row(callout: Callout) -> dict[str, Any]:  # column values of several types
    names = ("owner_kind", "owner_id", "extension_id", "stage", "waits", "created_at", *_MOVING)
    values = {name: getattr(callout, name) for name in names}
    timeout = callout.timeout
    return {
        **values,
        "id": callout.id,
        "status": callout.status.value,
        "outcome": callout.outcome.value if callout.outcome else None,
        "timeout_ms": None if timeout is None else timeout // timedelta(milliseconds=1),
    }


def _callout(row: RowMapping) -> Callout:
    values = dict(row)
    timeout_ms = values.pop("timeout_ms")
    return Callout(
        **{
            **values,
            "status": CalloutStatus(row["status"]),
            "outcome": Outcome(row["outcome"]) if row["outcome"] else None,
            "timeout": None if timeout_ms is None else timedelta(milliseconds=timeout_ms),
        }
    )
