"""Queries about requests whose time is up: which they are, and what goes with them.

The requests of one assignment are one story and go together, and never while anything of the
assignment is left.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_, exists, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.entitlement.tables import (
    approval_seats,
    approval_stages,
    assignment_reminders,
    assignment_requests,
    assignment_roles,
    assignments,
)
from ostiary.storage.archive import Outgoing
from ostiary.storage.batches import among

_columns = assignment_requests.c
_others = assignment_requests.alias("others")


@dataclass(frozen=True, slots=True)
class Ended:
    """A request that has ended, in the order in which requests are looked through."""

    completed_at: datetime
    id: str


async def page(
    conn: AsyncConnection, *, before: datetime, after: Ended | None, limit: int
) -> list[Ended]:
    """Give requests that ended before an instant, the oldest first, from a place on."""
    query = (
        select(_columns.completed_at, _columns.id)
        .where(_columns.completed_at <= before)
        .order_by(_columns.completed_at, _columns.id)
        .limit(limit)
    )
    if after is not None:
        same = and_(_columns.completed_at == after.completed_at, _columns.id > after.id)
        later = _columns.completed_at > after.completed_at
        query = query.where(_columns.completed_at >= after.completed_at, or_(later, same))
    return [Ended(at, key) for at, key in await conn.execute(query)]


async def oldest(conn: AsyncConnection) -> datetime | None:
    """Say when the first of the requests that have ended did."""
    found: datetime | None = await conn.scalar(
        select(_columns.completed_at)
        .where(_columns.completed_at.is_not(None))
        .order_by(_columns.completed_at)
        .limit(1)
    )
    return found


async def lock_forgettable(
    conn: AsyncConnection, keys: Collection[str], *, before: datetime
) -> dict[str, str | None]:
    """Give those of these requests that nothing rests on any more, locked, with the assignment."""
    query = (
        select(_columns.id, _columns.assignment_id)
        .where(among(_columns.id, keys), _columns.completed_at <= before, ~_rests(before))
        .order_by(_columns.id)
        .with_for_update()
    )
    return {key: assignment for key, assignment in await conn.execute(query)}


async def forget(out: Outgoing, keys: Collection[str], assignment_ids: Collection[str]) -> None:
    """Delete requests with their approvals, and what was told of the ends of assignments."""
    for table, column, gone in (
        (approval_seats, approval_seats.c.request_id, keys),
        (approval_stages, approval_stages.c.request_id, keys),
        (assignment_reminders, assignment_reminders.c.assignment_id, assignment_ids),
        (assignment_requests, _columns.id, keys),
    ):
        if gone:
            await out.delete(table, among(column, gone))


def _rests(before: datetime) -> ColumnElement[bool]:
    """Test whether an assignment needs its requests still: somebody holds it, or a part is left.

    So does one that was asked about later than ``before``.
    """
    own = _columns.assignment_id
    held = and_(assignments.c.id == own, assignments.c.holder_key.is_not(None))
    later = or_(_others.c.completed_at.is_(None), _others.c.completed_at > before)
    return or_(
        exists().where(held),
        exists().where(assignment_roles.c.assignment_id == own),
        exists().where(_others.c.assignment_id == own, later),
    )
