"""Queries about who holds which role of entitlement management."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import ColumnElement, RowMapping, Select, delete, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.directory.tables import memberships
from ostiary.entitlement.model.roles import UnifiedRoleAssignment
from ostiary.entitlement.tables import role_assignments
from ostiary.storage import upserts
from ostiary.storage.batches import among

_columns = role_assignments.c


def load(row: RowMapping) -> UnifiedRoleAssignment:
    """Make a role assignment of its row."""
    return UnifiedRoleAssignment(
        id=row["id"],
        principal_id=row["principal_id"],
        role_definition_id=row["role_definition_id"],
        app_scope_id=row["app_scope_id"],
    )


def held_by(principal_id: str, roles: Collection[str]) -> ColumnElement[bool]:
    """Test for the assignments of some of these roles to a principal or a group it is in."""
    groups = select(memberships.c.group_id).where(memberships.c.member_id == principal_id)
    own = or_(_columns.principal_id == principal_id, _columns.principal_id.in_(groups))
    return own & _columns.role_definition_id.in_(sorted(roles))


def catalogs_of(principal_id: str, roles: Collection[str]) -> Select[tuple[str]]:
    """Select the catalogs in which a principal holds one of these roles."""
    here = held_by(principal_id, roles) & _columns.catalog_id.is_not(None)
    return select(_columns.catalog_id).where(here)


async def holds(
    conn: AsyncConnection, principal_id: str, roles: Collection[str], catalog_id: str | None
) -> bool:
    """Say whether a principal holds one of these roles: in the catalog, or service-wide."""
    scopes: ColumnElement[bool] = _columns.catalog_id.is_(None)
    if catalog_id is not None:
        scopes = or_(scopes, _columns.catalog_id == catalog_id)
    query = select(_columns.id).where(held_by(principal_id, roles), scopes).limit(1)
    return await conn.scalar(query) is not None


async def holds_anywhere(conn: AsyncConnection, principal_id: str, roles: Collection[str]) -> bool:
    """Say whether a principal holds one of these roles in any catalog, or service-wide."""
    query = select(_columns.id).where(held_by(principal_id, roles)).limit(1)
    return await conn.scalar(query) is not None


async def assignment(conn: AsyncConnection, key: str) -> UnifiedRoleAssignment | None:
    """Read one role assignment."""
    row = (await conn.execute(select(role_assignments).where(_columns.id == key))).mappings()
    found = row.first()
    return load(found) if found else None


async def insert_assignment(
    conn: AsyncConnection, new: UnifiedRoleAssignment, *, catalog_id: str | None, now: datetime
) -> bool:
    """Add a role assignment; say whether it was not there."""
    row = {
        "id": new.id,
        "principal_id": new.principal_id,
        "role_definition_id": new.role_definition_id,
        "app_scope_id": new.app_scope_id,
        "catalog_id": catalog_id,
        "created_at": now,
    }
    statement = upserts.insert(conn, role_assignments).on_conflict_do_nothing()
    result = await conn.execute(statement.returning(_columns.id), [row])
    return result.first() is not None


async def delete_assignments(conn: AsyncConnection, keys: Collection[str]) -> None:
    """Delete role assignments."""
    await conn.execute(delete(role_assignments).where(among(_columns.id, keys)))
