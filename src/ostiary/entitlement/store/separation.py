"""Queries about what excludes packages, and who has it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Final

from sqlalchemy import (
    ColumnElement,
    Select,
    and_,
    delete,
    exists,
    literal,
    or_,
    select,
    true,
    union_all,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.directory.closures import reached
from ostiary.directory.tables import directory_objects, memberships
from ostiary.entitlement.separation import Excluders, Exclusions
from ostiary.entitlement.tables import (
    access_packages,
    assignments,
    incompatible_groups,
    incompatible_packages,
)
from ostiary.storage import upserts
from ostiary.storage.batches import KEYS, among

HELD: ColumnElement[bool] = assignments.c.holder_key.is_not(None) & assignments.c.given_at.is_not(
    None
)
"""Assignments that somebody has, if only in part."""

_packages, _groups = incompatible_packages.c, incompatible_groups.c
_EXCLUDERS: Final = union_all(
    select(
        _packages.package_id,
        literal("package").label("kind"),
        _packages.incompatible_id.label("id"),
        access_packages.c.display_name,
    )
    .join(access_packages, access_packages.c.id == _packages.incompatible_id)
    .where(among(_packages.package_id, KEYS)),
    select(
        _groups.package_id,
        literal("group"),
        _groups.group_id,
        directory_objects.c.display_name,
    )
    .join(directory_objects, directory_objects.c.id == _groups.group_id)
    .where(among(_groups.package_id, KEYS), directory_objects.c.deleted_date_time.is_(None)),
)


async def excluders(conn: AsyncConnection, package_ids: Collection[str]) -> dict[str, Excluders]:
    """Say what excludes packages; those that nothing excludes are missing."""
    found: dict[str, dict[str, dict[str, str | None]]] = defaultdict(lambda: defaultdict(dict))
    for package_id, kind, key, name in await conn.execute(_EXCLUDERS, {"keys": package_ids}):
        found[package_id][kind][key] = name
    return {
        key: Excluders(packages=kinds["package"], groups=kinds["group"])
        for key, kinds in found.items()
    }


async def exclusions(
    conn: AsyncConnection, excluding: Mapping[str, Excluders], people: Collection[str]
) -> Exclusions:
    """Read what people have of all that excludes packages."""
    packages = {key for one in excluding.values() for key in one.packages}
    groups = {key for one in excluding.values() for key in one.groups}
    return Exclusions(
        excluders=excluding,
        packages=await _held_packages(conn, people, packages),
        groups=await _groups_of(conn, people, groups),
    )


async def _held_packages(
    conn: AsyncConnection, target_ids: Collection[str], package_ids: Collection[str]
) -> dict[str, set[str]]:
    """Say which of these packages people have."""
    found: dict[str, set[str]] = {key: set() for key in target_ids}
    columns = assignments.c
    if not package_ids:
        return found
    query = select(columns.target_id, columns.package_id).where(
        among(columns.target_id, target_ids), among(columns.package_id, package_ids), HELD
    )
    for target_id, package_id in await conn.execute(query):
        found[target_id].add(package_id)
    return found


async def _groups_of(
    conn: AsyncConnection, target_ids: Collection[str], group_ids: Collection[str]
) -> dict[str, set[str]]:
    """Say in which of these groups people are, directly or through other groups."""
    found: dict[str, set[str]] = {key: set() for key in target_ids}
    if not group_ids:
        return found
    columns = memberships.c
    pairs = reached(columns.member_id, columns.group_id, lambda near: among(near, target_ids))
    query = select(pairs.c.near, pairs.c.far).where(among(pairs.c.far, group_ids))
    for member_id, group_id in await conn.execute(query):
        found[member_id].add(group_id)
    return found


def additional_access(
    package_id: str | None, incompatible_id: str | None, *, seen: Select[tuple[str]] | None
) -> ColumnElement[bool]:
    """Test for assignments of people who also have what excludes the package.

    ``package_id`` limits them to one package; ``incompatible_id`` names what else they have, in
    place of what the package lists. ``seen`` are the catalogs that the caller may look into (None:
    all): what people have in others is not told, in this way neither.
    """
    mine, other = assignments.c, assignments.alias("others")
    also = and_(
        other.c.target_id == mine.target_id,
        other.c.holder_key.is_not(None),
        other.c.given_at.is_not(None),
        true() if seen is None else other.c.catalog_id.in_(seen),
    )
    if incompatible_id is not None:
        query = select(other.c.id).where(also, other.c.package_id == incompatible_id)
    else:
        pair = incompatible_packages.c
        listed = and_(
            pair.package_id == mine.package_id, pair.incompatible_id == other.c.package_id
        )
        query = (
            select(other.c.id).select_from(other.join(incompatible_packages, listed)).where(also)
        )
    found = and_(HELD, exists(query.correlate(assignments)))
    return found if package_id is None else and_(found, mine.package_id == package_id)


async def add_package(
    conn: AsyncConnection, package_id: str, incompatible_id: str, *, now: datetime
) -> bool:
    """Let a package exclude another; say whether that is new."""
    row = {"package_id": package_id, "incompatible_id": incompatible_id, "added_at": now}
    statement = upserts.insert(conn, incompatible_packages).on_conflict_do_nothing()
    added = incompatible_packages.c.package_id
    return (await conn.execute(statement.returning(added), [row])).first() is not None


async def remove_package(conn: AsyncConnection, package_id: str, incompatible_id: str) -> bool:
    """Let a package no longer exclude another; say whether it did."""
    columns = incompatible_packages.c
    here = (columns.package_id == package_id) & (columns.incompatible_id == incompatible_id)
    return (await conn.execute(delete(incompatible_packages).where(here))).rowcount > 0


async def add_group(
    conn: AsyncConnection, package_id: str, group_id: str, *, now: datetime
) -> bool:
    """Let a group exclude a package; say whether that is new."""
    row = {"package_id": package_id, "group_id": group_id, "added_at": now}
    statement = upserts.insert(conn, incompatible_groups).on_conflict_do_nothing()
    added = incompatible_groups.c.package_id
    return (await conn.execute(statement.returning(added), [row])).first() is not None


async def remove_group(conn: AsyncConnection, package_id: str, group_id: str) -> bool:
    """Let a group no longer exclude a package; say whether it did."""
    columns = incompatible_groups.c
    here = (columns.package_id == package_id) & (columns.group_id == group_id)
    return (await conn.execute(delete(incompatible_groups).where(here))).rowcount > 0


async def forget_package(conn: AsyncConnection, package_id: str) -> None:
    """Delete what excludes a package that is deleted, and what it excludes."""
    columns = incompatible_packages.c
    either = or_(columns.package_id == package_id, columns.incompatible_id == package_id)
    await conn.execute(delete(incompatible_packages).where(either))
    here = incompatible_groups.c.package_id == package_id
    await conn.execute(delete(incompatible_groups).where(here))
