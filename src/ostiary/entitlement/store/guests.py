"""Queries about governed guests: what they hold, and what becomes of them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Final

from sqlalchemy import bindparam, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.directory import store as directory
from ostiary.entitlement.lifecycles import Guest
from ostiary.entitlement.model.enums import AccessPackageSubjectLifecycle as Lifecycle
from ostiary.entitlement.organizations import is_from_elsewhere
from ostiary.entitlement.tables import assignments, subjects
from ostiary.storage.batches import among

_columns = subjects.c
_GOVERNED: Final = _columns.subject_lifecycle == Lifecycle.GOVERNED.value
_SAVE: Final = (
    update(subjects)
    .where(_columns.id == bindparam("guest_id"))
    .values(blocked_at=bindparam("blocked"), cleanup_at=bindparam("cleanup"))
)


async def governed(conn: AsyncConnection, keys: Collection[str]) -> list[str]:
    """Give those of these subjects that are governed and in the directory, in their order."""
    here = among(_columns.id, keys) & _columns.object_id.is_not(None) & _GOVERNED
    return list(
        (await conn.execute(select(_columns.id).where(here).order_by(_columns.id))).scalars()
    )


async def lock(conn: AsyncConnection, keys: Collection[str]) -> dict[str, Guest]:
    """Give subjects that are in the directory, locked until the end of the transaction."""
    query = select(
        _columns.id, _columns.subject_lifecycle, _columns.blocked_at, _columns.cleanup_at
    )
    here = query.where(among(_columns.id, keys), _columns.object_id.is_not(None))
    rows = (await conn.execute(here.order_by(_columns.id).with_for_update())).mappings().all()
    known = await directory.references(conn, [row["id"] for row in rows])
    holding = await _holding(conn, [row["id"] for row in rows])
    return {
        row["id"]: Guest(
            id=row["id"],
            is_governed=row["subject_lifecycle"] == Lifecycle.GOVERNED.value
            and is_from_elsewhere(known[row["id"]]),
            is_enabled=known[row["id"]].account_enabled is not False,
            has_access=row["id"] in holding,
            blocked_at=row["blocked_at"],
            cleanup_at=row["cleanup_at"],
        )
        for row in rows
        if row["id"] in known
    }


async def save(conn: AsyncConnection, moved: Sequence[Guest]) -> None:
    """Store what becomes of guests whose rows the caller has locked."""
    if moved:
        rows = [
            {"guest_id": one.id, "blocked": one.blocked_at, "cleanup": one.cleanup_at}
            for one in moved
        ]
        await conn.execute(_SAVE, rows)


async def _holding(conn: AsyncConnection, keys: Collection[str]) -> set[str]:
    held = assignments.c.holder_key.is_not(None) & assignments.c.given_at.is_not(None)
    query = select(assignments.c.target_id).where(among(assignments.c.target_id, keys), held)
    return set((await conn.execute(query.distinct())).scalars())
