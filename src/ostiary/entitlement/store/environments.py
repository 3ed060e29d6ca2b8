"""Queries about environments: the places that an origin system has, as the settings name them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID, uuid5

from sqlalchemy import RowMapping, select
from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.audit.events import SYSTEM
from ostiary.entitlement.model.catalogs import AccessPackageResourceEnvironment, ConnectionInfo
from ostiary.entitlement.providers.settings import Environment
from ostiary.entitlement.tables import resource_environments
from ostiary.storage import upserts

_NAMESPACE: Final = UUID("b3c1f0f6-0c6f-4d0e-8d0b-6a7e2f4f9f52")
_columns = resource_environments.c


def load(row: RowMapping) -> AccessPackageResourceEnvironment:
    """Make an environment of its row."""
    return AccessPackageResourceEnvironment(
        id=row["id"],
        origin_system=row["origin_system"],
        origin_id=row["origin_id"],
        display_name=row["display_name"],
        description=row["description"],
        connection_info=ConnectionInfo(url=row["url"]) if row["url"] else None,
        is_default_environment=row["is_default"],
        created_by=SYSTEM.display_name,
        created_date_time=row["created_at"],
        modified_by=SYSTEM.display_name,
        modified_date_time=row["modified_at"],
    )


async def ensure(conn: AsyncConnection, named: Sequence[Environment], *, now: datetime) -> None:
    """Keep the environments that the settings name, under the same ids at every start."""
    rows = [
        {
            "id": str(uuid5(_NAMESPACE, f"{one.system}\0{one.origin_id}")),
            "origin_system": one.system,
            "origin_id": one.origin_id,
            "display_name": one.display_name,
            "description": one.description,
            "url": one.url,
            "is_default": one.is_default,
            "created_at": now,
            "modified_at": now,
        }
        for one in named
    ]
    if rows:
        statement = upserts.insert(conn, resource_environments)
        names = ("display_name", "description", "url", "is_default")
        changes = {name: statement.excluded[name] for name in names}
        await conn.execute(
            statement.on_conflict_do_update(index_elements=["id"], set_=changes), rows
        )


async def find(
    conn: AsyncConnection, system: str, *, key: str | None = None, origin_id: str | None = None
) -> str | None:
    """Find an environment of an origin system by its id, or by what the origin calls it."""
    query = select(_columns.id).where(_columns.origin_system == system)
    if key:
        query = query.where(_columns.id == key)
    elif origin_id:
        query = query.where(_columns.origin_id == origin_id)
    else:
        return None
    found: str | None = await conn.scalar(query)
    return found
