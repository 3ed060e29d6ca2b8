"""The settings of entitlement management, and its control configurations."""

from __future__ import annotations

from copy import copy
from typing import Any, Final

from sqlalchemy import RowMapping, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.entitlement import lifecycles
from ostiary.entitlement.controls import END_USER, default_end_user
from ostiary.entitlement.model.settings import (
    ControlConfiguration,
    EndUserSettings,
    EntitlementManagementSettings,
)
from ostiary.entitlement.store.documents import read, written
from ostiary.entitlement.tables import control_configurations
from ostiary.graph.edm import qualified_name
from ostiary.graph.types import UNSET
from ostiary.storage import upserts
from ostiary.storage.facts import read_fact, write_fact

_FACT: Final = "entitlement_settings"
_columns = control_configurations.c


async def settings(conn: AsyncConnection) -> EntitlementManagementSettings:
    """Read the settings in force."""
    kept = read(EntitlementManagementSettings, await read_fact(conn, _FACT))
    if kept is None:
        return lifecycles.defaults()
    return lifecycles.changed(kept, kept)


async def save_settings(conn: AsyncConnection, changed: EntitlementManagementSettings) -> None:
    """Store the settings."""
    await write_fact(conn, _FACT, written(changed, EntitlementManagementSettings))


def load_control(row: RowMapping) -> ControlConfiguration:
    """Make a control configuration of its row."""
    kept = read(ControlConfiguration, row["document"])
    assert kept is not None  # the column is not null
    kept.id = row["id"]
    kept.created_by, kept.created_date_time = row["created_by"], row["created_at"]
    kept.modified_by, kept.modified_date_time = row["modified_by"], row["modified_at"]
    return kept


async def ensure_control(conn: AsyncConnection, made: ControlConfiguration) -> None:
    """Add a control configuration unless it is there."""
    statement = upserts.insert(conn, control_configurations).values(**_row(made))
    await conn.execute(statement.on_conflict_do_nothing())


async def control(conn: AsyncConnection, key: str) -> ControlConfiguration | None:
    """Read a control configuration, which stays as it is until the end of the transaction."""
    query = select(control_configurations).where(_columns.id == key).with_for_update()
    row = (await conn.execute(query)).mappings().first()
    return load_control(row) if row else None


async def save_control(conn: AsyncConnection, changed: ControlConfiguration) -> None:
    """Store a control configuration."""
    same = _columns.id == changed.id
    await conn.execute(update(control_configurations).where(same).values(_row(changed)))


async def end_user(conn: AsyncConnection) -> EndUserSettings:
    """Read what people see of those who decide."""
    query = select(control_configurations).where(_columns.id == END_USER)
    row = (await conn.execute(query)).mappings().first()
    kept = load_control(row) if row else None
    return kept if isinstance(kept, EndUserSettings) else default_end_user()


def _row(one: ControlConfiguration) -> dict[str, Any]:  # column values
    return {
        "id": one.id,
        "kind": qualified_name(type(one)),
        "document": written(_bare(one), ControlConfiguration),
        "created_at": one.created_date_time,
        "created_by": one.created_by,
        "modified_at": one.modified_date_time,
        "modified_by": one.modified_by,
    }


def _bare(one: ControlConfiguration) -> ControlConfiguration:
    """Give a configuration without what has columns of its own."""
    bare = copy(one)
    for name in ("created_by", "created_date_time", "modified_by", "modified_date_time"):
        setattr(bare, name, UNSET)
    return bare
