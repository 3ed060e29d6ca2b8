"""Queries about groups, and about who belongs to what: members and owners."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime

from sqlalchemy import Column, Table, delete, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.directory import model
from ostiary.directory.closures import reached
from ostiary.directory.groups import Group
from ostiary.directory.objects import Kind
from ostiary.directory.store.objects import LIVE, by_id
from ostiary.directory.store.rows import group, wire_group
from ostiary.directory.tables import directory_objects, memberships, ownerships, sponsorships
from ostiary.storage.batches import among, chunks
from ostiary.storage.upserts import insert

Pair = tuple[str, str]


async def groups(conn: AsyncConnection, ids: Collection[str]) -> dict[str, Group]:
    """Read the groups with these ids, as the governors see them; others are left out."""
    return await by_id(conn, ids, group, Kind.GROUP)


async def wire_groups(
    conn: AsyncConnection, ids: Collection[str], *, lock: bool = False
) -> dict[str, model.Group]:
    """Read the groups with these ids, with every property; ``lock`` before changing them."""
    return await by_id(conn, ids, wire_group, Kind.GROUP, lock=lock)


async def group_members(conn: AsyncConnection, group_ids: Collection[str]) -> dict[str, set[str]]:
    """Give the ids of the live direct members of each group; empty for a group without any."""
    return await _linked(conn, memberships.c.group_id, memberships.c.member_id, group_ids)


async def people_behind(conn: AsyncConnection, ids: Collection[str]) -> dict[str, set[str]]:
    """Give who is meant by each id: the live direct members of a group, anybody else themselves."""
    found = await groups(conn, ids)
    members = await group_members(conn, found.keys()) if found else {}
    return {id: members.get(id, {id}) for id in ids}


async def groups_of(conn: AsyncConnection, member_ids: Collection[str]) -> dict[str, set[str]]:
    """Give the ids of the live groups that each object is a direct member of."""
    return await _linked(conn, memberships.c.member_id, memberships.c.group_id, member_ids)


async def owners(conn: AsyncConnection, object_ids: Collection[str]) -> dict[str, set[str]]:
    """Give the ids of the live owners of each group or application."""
    return await _linked(conn, ownerships.c.object_id, ownerships.c.owner_id, object_ids)


async def owned_by(conn: AsyncConnection, owner_ids: Collection[str]) -> dict[str, set[str]]:
    """Give the ids of the live groups and applications that each object owns."""
    return await _linked(conn, ownerships.c.owner_id, ownerships.c.object_id, owner_ids)


async def sponsors(conn: AsyncConnection, user_ids: Collection[str]) -> dict[str, set[str]]:
    """Give the ids of the live sponsors of each person; empty for one without any."""
    return await _linked(conn, sponsorships.c.user_id, sponsorships.c.sponsor_id, user_ids)


async def sponsored_by(conn: AsyncConnection, sponsor_ids: Collection[str]) -> dict[str, set[str]]:
    """Give the ids of the live people whom each object sponsors; empty for one without any."""
    return await _linked(conn, sponsorships.c.sponsor_id, sponsorships.c.user_id, sponsor_ids)


async def all_groups_of(
    conn: AsyncConnection, member_id: str, *, security_enabled_only: bool = False
) -> list[str]:
    """Give the ids of the live groups that an object belongs to, directly or through others."""
    columns = memberships.c
    pairs = reached(columns.member_id, columns.group_id, lambda near: near == member_id)
    group_ids = directory_objects.c.id
    query = select(group_ids).where(LIVE, group_ids.in_(select(pairs.c.far))).order_by(group_ids)
    if security_enabled_only:
        query = query.where(directory_objects.c.security_enabled.is_(True))
    return list(await conn.scalars(query))


async def _linked(
    conn: AsyncConnection, near: Column[str], far: Column[str], ids: Collection[str]
) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {object_id: set() for object_id in ids}
    query = (
        select(near, far)
        .join(directory_objects, directory_objects.c.id == far)
        .where(LIVE, among(near, ids))
    )
    for here, there in await conn.execute(query):
        found[here].add(there)
    return found


async def insert_links(
    conn: AsyncConnection, table: Table, pairs: Collection[Pair], *, now: datetime
) -> set[Pair]:
    """Add rows to a table of links; give the pairs that were not there before."""
    near, far = table.primary_key.columns
    added: set[Pair] = set()
    # In one order everywhere, so that two writers of the same pairs cannot wait for each other.
    for some in chunks(sorted(set(pairs))):
        rows = [{near.name: here, far.name: there, "added_at": now} for here, there in some]
        statement = insert(conn, table).values(rows).on_conflict_do_nothing()
        added |= _pairs(await conn.execute(statement.returning(near, far)))
    return added


async def delete_links(conn: AsyncConnection, table: Table, pairs: Collection[Pair]) -> set[Pair]:
    """Remove rows from a table of links; give the pairs that were there."""
    near, far = table.primary_key.columns
    removed: set[Pair] = set()
    for some in chunks(sorted(set(pairs))):
        statement = delete(table).where(tuple_(near, far).in_(some)).returning(near, far)
        removed |= _pairs(await conn.execute(statement))
    return removed


def _pairs(rows: Iterable[Sequence[str]]) -> set[Pair]:
    return {(here, there) for here, there in rows}
