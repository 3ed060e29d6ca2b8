"""Use cases of the settings and of the control configurations."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import msgspec
from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.audit.events import SYSTEM, Target
from ostiary.audit.store import record
from ostiary.entitlement import controls, lifecycles
from ostiary.entitlement.errors import NotThere
from ostiary.entitlement.model.settings import (
    ControlConfiguration,
    EndUserSettings,
    EntitlementManagementSettings,
)
from ostiary.entitlement.service.acts import Act
from ostiary.entitlement.store import settings as store
from ostiary.graph.errors import InvalidModel
from ostiary.storage.database import Database


async def ensure_controls(conn: AsyncConnection, *, now: datetime) -> None:
    """Make the control configurations that are not there."""
    made = msgspec.structs.replace(
        controls.default_end_user(),
        created_by=SYSTEM.display_name,
        created_date_time=now,
        modified_by=SYSTEM.display_name,
        modified_date_time=now,
    )
    await store.ensure_control(conn, made)


@dataclass(frozen=True, slots=True)
class ManagementSettings:
    """What can be done to what holds for everybody."""

    database: Database

    async def read(self) -> EntitlementManagementSettings:
        """Give the settings in force."""
        async with self.database.reading() as conn:
            return await store.settings(conn)

    async def update(
        self,
        change: Callable[[EntitlementManagementSettings], EntitlementManagementSettings],
        act: Act,
    ) -> None:
        """Change the settings; guests who are blocked already keep the day of their deletion.

        :raises InvalidModel: a value is missing or out of bounds, or two contradict each other.
        """
        async with self.database.transaction() as conn:
            before = await store.settings(conn)
            after = lifecycles.changed(before, change(before))
            await store.save_settings(conn, after)
            target = Target(id=lifecycles.SETTINGS_ID, type="EntitlementManagementSettings")
            event = act.event("Update entitlement management settings", "Update", target)
            await record(conn, [event], now=act.now)

    async def update_control(
        self,
        key: str,
        change: Callable[[ControlConfiguration], ControlConfiguration],
        act: Act,
    ) -> ControlConfiguration:
        """Change a control configuration, or replace all that can be set of it.

        :raises NotSupported: it would need risk scores.
        :raises NotThere: there is none of that name.
        :raises InvalidModel: a value is not right, or it would be of another type.
        """
        controls.check_key(key)
        async with self.database.transaction() as conn:
            before = await store.control(conn, key)
            if before is None:
                raise NotThere("controlConfiguration", key)
            draft = change(before)
            if not isinstance(draft, EndUserSettings):
                raise InvalidModel(
                    "'@odata.type' must be '#microsoft.graph.endUserSettings' here.",
                    target="@odata.type",
                )
            controls.check_end_user(draft)
            after = msgspec.structs.replace(
                draft,
                id=before.id,
                created_by=before.created_by,
                created_date_time=before.created_date_time,
                modified_by=act.name,
                modified_date_time=act.now,
            )
            await store.save_control(conn, after)
            target = Target(id=key, type="ControlConfiguration")
            event = act.event("Update control configuration", "Update", target)
            await record(conn, [event], now=act.now)
        return after
