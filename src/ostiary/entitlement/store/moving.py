"""Statements that move a package to another catalog: one for each table, however many rows."""

from __future__ import annotations

from typing import Final

from sqlalchemy import ColumnElement, Table, and_, delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.entitlement.tables import (
    assignment_policies,
    assignment_requests,
    assignments,
    catalog_resources,
    package_role_scopes,
    policy_stage_settings,
    resource_roles,
    resource_scopes,
)
from ostiary.storage.ids import new_id

_held = package_role_scopes.c
_theirs = catalog_resources.alias("theirs")
_NAMED: Final = 5
"""How many of what is in the way a refusal names."""


async def missing_resources(conn: AsyncConnection, package_id: str, catalog_id: str) -> list[str]:
    """Name resources of a package that a catalog does not have."""
    mine = catalog_resources
    query = (
        select(func.coalesce(mine.c.display_name, mine.c.origin_id))
        .distinct()
        .select_from(package_role_scopes)
        .join(resource_roles, resource_roles.c.id == _held.role_id)
        .join(mine, mine.c.id == resource_roles.c.resource_id)
        .outerjoin(_theirs, _is_same_in(catalog_id))
        .where(_held.package_id == package_id, _theirs.c.id.is_(None))
        .limit(_NAMED)
    )
    return sorted((await conn.execute(query)).scalars())


async def calling_policies(conn: AsyncConnection, package_id: str) -> list[str]:
    """Name policies of a package that call extensions."""
    columns = assignment_policies.c
    calls = select(policy_stage_settings.c.policy_id)
    query = select(columns.display_name).where(
        columns.package_id == package_id, columns.id.in_(calls)
    )
    return sorted((await conn.execute(query.limit(_NAMED))).scalars())


async def move_role_scopes(conn: AsyncConnection, package_id: str, catalog_id: str) -> None:
    """Let a package hold the same roles and scopes as another catalog has them."""
    roles = await _counterparts(conn, resource_roles, _held.role_id, package_id, catalog_id)
    scopes = await _counterparts(conn, resource_scopes, _held.scope_id, package_id, catalog_id)
    query = select(package_role_scopes).where(_held.package_id == package_id)
    rows = [
        {
            **row,
            "role_id": roles[row["role_id"]],
            "scope_id": scopes[row["scope_id"]],
            "id": f"{roles[row['role_id']]}_{scopes[row['scope_id']]}",
        }
        for row in (await conn.execute(query)).mappings()
    ]
    if rows:
        await conn.execute(delete(package_role_scopes).where(_held.package_id == package_id))
        await conn.execute(insert(package_role_scopes), rows)


async def move_everything_else(conn: AsyncConnection, package_id: str, catalog_id: str) -> None:
    """Note at policies, requests and assignments in which catalog their package is."""
    for table in (assignment_requests, assignments, assignment_policies):
        here = table.c.package_id == package_id
        await conn.execute(update(table).where(here).values(catalog_id=catalog_id))


def _is_same_in(catalog_id: str) -> ColumnElement[bool]:
    """Say of one of ``_theirs`` that it is the same resource as another catalog has it."""
    return and_(
        _theirs.c.catalog_id == catalog_id,
        _theirs.c.origin_system == catalog_resources.c.origin_system,
        _theirs.c.origin_id == catalog_resources.c.origin_id,
    )


async def _counterparts(
    conn: AsyncConnection,
    table: Table,
    held: ColumnElement[str],
    package_id: str,
    catalog_id: str,
) -> dict[str, str]:
    """Find the roles (or scopes) of a package in another catalog, by the ids that they have now.

    What the resource does not offer there yet is added.
    """
    twin = table.alias("twin")
    same = and_(twin.c.resource_id == _theirs.c.id, twin.c.origin_id == table.c.origin_id)
    query = (
        select(table, _theirs.c.id.label("there"), twin.c.id.label("twin"))
        .join(catalog_resources, catalog_resources.c.id == table.c.resource_id)
        .join(_theirs, _is_same_in(catalog_id))
        .outerjoin(twin, same)
        .where(table.c.id.in_(select(held).where(_held.package_id == package_id)))
    )
    rows = (await conn.execute(query)).mappings().all()
    ids = {row["id"]: row["twin"] or new_id() for row in rows}
    new = [
        {column.name: row[column.name] for column in table.c}
        | {"id": ids[row["id"]], "catalog_id": catalog_id, "resource_id": row["there"]}
        for row in rows
        if row["twin"] is None
    ]
    if new:
        await conn.execute(insert(table), new)
    return ids
