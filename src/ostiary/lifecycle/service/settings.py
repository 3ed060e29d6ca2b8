"""The tenant's settings: read them, change them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from ostiary.audit.events import Actor
from ostiary.audit.store import record
from ostiary.lifecycle import audits
from ostiary.lifecycle.model.definitions import LifecycleManagementSettings
from ostiary.lifecycle.service import scheduling
from ostiary.lifecycle.settings import checked, defaults
from ostiary.lifecycle.store import settings as store
from ostiary.storage.database import Database

SettingsChange = Callable[[LifecycleManagementSettings], LifecycleManagementSettings]


@dataclass(frozen=True, slots=True, kw_only=True)
class TenantSettings:
    """Settings of workflows. ``domains`` are those of the tenant, the initial one first."""

    database: Database
    domains: tuple[str, ...]
    has_banner: bool = False

    async def read(self) -> LifecycleManagementSettings:
        """Give the settings in force."""
        async with self.database.reading() as conn:
            return await store.read_settings(conn) or defaults(self.domains[0])

    async def update(self, change: SettingsChange, *, now: datetime, actor: Actor) -> None:
        """Change the settings.

        :raises InvalidModel: a value is out of its range.
        """
        async with self.database.transaction() as conn:
            await store.make_settings(conn, defaults(self.domains[0]))
            before = await store.read_settings(conn, lock=True)
            assert before is not None
            hours = before.workflow_schedule_interval_in_hours
            after = checked(change(before), domains=self.domains, has_banner=self.has_banner)
            await store.save_settings(conn, after)
            if hours != after.workflow_schedule_interval_in_hours:
                await scheduling.rearm(conn, now=now)
            await record(conn, [audits.settings_event(actor)], now=now)
