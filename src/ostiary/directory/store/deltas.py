"""Queries behind delta queries: what there is, what changed, and what it is now."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, false, null, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.directory.deltas import MEMBERS, Entry
from ostiary.directory.model import Application, DirectoryObject
from ostiary.directory.objects import Kind
from ostiary.directory.store.applications import describe_secrets
from ostiary.directory.store.rows import wire_object
from ostiary.directory.tables import directory_changes, directory_objects, memberships
from ostiary.storage.batches import among

_journal = directory_changes.c
_objects = directory_objects.c
_members = memberships.c
_targets = directory_objects.alias("targets")


async def everything(
    conn: AsyncConnection,
    kind: Kind,
    *,
    after: tuple[str, str],
    ids: Collection[str] | None,
    members: bool,
    limit: int,
) -> list[Entry]:
    """List live objects of a kind behind ``after`` (object, member), with their members if wanted.

    An object without members has one entry, another one for each that it has or could get back.
    """
    here, _ = after
    live = _objects.deleted_date_time.is_(None)
    query = select(_objects.id).where(live, _objects.kind == kind.value, _objects.id >= here)
    if ids is not None:
        query = query.where(among(_objects.id, ids))
    if members:
        query = _with_members(query, after)
    else:
        query = query.add_columns(null(), null(), null()).where(_objects.id > here)
        query = query.order_by(_objects.id)
    rows = await conn.execute(query.limit(limit))
    return [
        Entry(object_id=i, target_id=target, target_kind=_kind(of), there=deleted is None)
        for i, target, of, deleted in rows
    ]


async def changes(
    conn: AsyncConnection,
    kind: Kind,
    *,
    since: int,
    until: int,
    ids: Collection[str] | None,
    members: bool,
    limit: int,
) -> list[Entry]:
    """List what the journal tells of objects of a kind, in its order, and what holds now."""
    linked = and_(_members.group_id == _journal.object_id, _members.member_id == _journal.target_id)
    there = and_(_members.group_id.is_not(None), _targets.c.deleted_date_time.is_(None))
    tests: list[ColumnElement[bool]] = [
        _journal.sequence > since,
        _journal.sequence <= until,
        _journal.kind == kind.value,
        or_(_journal.link.is_(None), _journal.link == MEMBERS if members else false()),
    ]
    if ids is not None:
        tests.append(among(_journal.object_id, ids))
    query = (
        select(_journal.sequence, _journal.object_id, _journal.target_id, _targets.c.kind, there)
        .select_from(directory_changes)
        .outerjoin(memberships, linked)
        .outerjoin(_targets, _targets.c.id == _journal.target_id)
        .where(*tests)
        .order_by(_journal.sequence)
        .limit(limit)
    )
    return [
        Entry(
            sequence=n, object_id=i, target_id=target, target_kind=_kind(of), there=bool(is_there)
        )
        for n, i, target, of, is_there in await conn.execute(query)
    ]


async def states(conn: AsyncConnection, ids: Collection[str]) -> dict[str, DirectoryObject | None]:
    """Read objects by id; None stands for one that was deleted and can be restored."""
    query = select(directory_objects).where(among(_objects.id, ids))
    found = {
        row["id"]: wire_object(row) if row["deleted_date_time"] is None else None
        for row in (await conn.execute(query)).mappings()
    }
    applications = [one for one in found.values() if isinstance(one, Application)]
    if applications:
        await describe_secrets(conn, applications)
    return found


def _with_members(query: Select[Any], after: tuple[str, str]) -> Select[Any]:
    """Join members; one that is deleted stands there still, and counts as not there."""
    here, there = after
    behind = and_(_objects.id == here, _members.member_id > there)
    return (
        query.add_columns(_members.member_id, _targets.c.kind, _targets.c.deleted_date_time)
        .outerjoin(memberships, _members.group_id == _objects.id)
        .outerjoin(_targets, _targets.c.id == _members.member_id)
        .where(or_(_objects.id > here, behind))
        .order_by(_objects.id, _members.member_id)
    )


def _kind(text: str | None) -> Kind | None:
    return None if text is None else Kind(text)
