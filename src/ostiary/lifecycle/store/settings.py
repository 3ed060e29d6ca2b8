"""The one row of the tenant's settings."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.lifecycle.model.definitions import LifecycleManagementSettings
from ostiary.lifecycle.model.shared import EmailSettings
from ostiary.lifecycle.store.rows import limit_json, limit_of
from ostiary.lifecycle.tables import lifecycle_settings
from ostiary.storage.upserts import insert

_ID: Final = "tenant"


async def read_settings(
    conn: AsyncConnection, *, lock: bool = False
) -> LifecycleManagementSettings | None:
    """Read the settings; None when nobody has changed one. ``lock`` before changing them."""
    query = select(lifecycle_settings).where(lifecycle_settings.c.id == _ID)
    if lock:
        query = query.with_for_update()
    row = (await conn.execute(query)).mappings().first()
    if row is None:
        return None
    return LifecycleManagementSettings(
        workflow_schedule_interval_in_hours=row["workflow_schedule_interval_in_hours"],
        email_settings=EmailSettings(
            sender_domain=row["sender_domain"], use_company_branding=row["use_company_branding"]
        ),
        quarantine_configuration=limit_of(row["quarantine_configuration"]),
    )


async def save_settings(conn: AsyncConnection, settings: LifecycleManagementSettings) -> None:
    """Store the settings over what was there."""
    values = _values(settings)
    statement = insert(conn, lifecycle_settings).values(id=_ID, **values)
    await conn.execute(statement.on_conflict_do_update(index_elements=["id"], set_=values))


async def make_settings(conn: AsyncConnection, settings: LifecycleManagementSettings) -> None:
    """Store settings where there are none, so that the row can be locked."""
    statement = insert(conn, lifecycle_settings).values(id=_ID, **_values(settings))
    await conn.execute(statement.on_conflict_do_nothing(index_elements=["id"]))


def _values(settings: LifecycleManagementSettings) -> dict[str, Any]:
    return {
        "workflow_schedule_interval_in_hours": settings.workflow_schedule_interval_in_hours,
        "sender_domain": settings.email_settings.sender_domain,
        "use_company_branding": settings.email_settings.use_company_branding,
        "quarantine_configuration": limit_json(settings.quarantine_configuration),
    }
