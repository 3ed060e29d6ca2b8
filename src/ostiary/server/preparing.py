"""What a new database starts with, and what a start of the server adds by its settings."""

from __future__ import annotations

from datetime import datetime
from typing import cast

from ostiary.directory import changes
from ostiary.directory.work import Forgetting
from ostiary.server import governors, retaining
from ostiary.server.deployment import TENANT_FACT
from ostiary.settings import Settings
from ostiary.storage.database import Database
from ostiary.storage.facts import fact_or
from ostiary.storage.ids import new_id


async def prepared(settings: Settings, database: Database, now: datetime) -> str:
    """Put into a new database what every organisation has, and give the tenant's id."""
    async with database.transaction() as conn:
        kept = await fact_or(conn, TENANT_FACT, lambda: settings.tenant_id or new_id())
        await changes.ensure_well_known(conn, now=now)
        await governors.prepare(conn, settings, now=now)
        await retaining.prepare(conn, settings, now=now)
        await Forgetting(settings.delta_retention).ensure(conn, now=now)
    return cast(str, settings.tenant_id or kept)
