"""A deployment, open: its database, its clock and its tenant.

That is all that most commands need, so nothing of a server is imported for it. ``composition`` puts
a server on it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

import structlog

from ostiary.durable.clock import Clock, RealClock, SimulatedClock
from ostiary.durable.common_clock import CommonClock
from ostiary.graph.values import read_instant
from ostiary.settings import ClockKind, Settings
from ostiary.storage.database import Database
from ostiary.storage.facts import read_fact

log = structlog.get_logger(__name__)

TENANT_FACT = "tenant_id"


@dataclass(frozen=True, kw_only=True)
class Deployment:
    """What every process that works on a deployment has."""

    settings: Settings
    base_urls: Sequence[str]
    """Where clients reach its server, the public address first."""
    tenant_id: str
    database: Database
    clock: Clock


@asynccontextmanager
async def opened(settings: Settings, *, base_urls: Sequence[str]) -> AsyncIterator[Deployment]:
    """Open a deployment, bring its database up to date, and close it at the end."""
    async with opened_database(settings) as (database, clock):
        async with database.reading() as conn:
            tenant_id = await read_fact(conn, TENANT_FACT)
        if tenant_id is None:
            # A new database gets from every part what the part starts with: from here all of them.
            from ostiary.server.preparing import prepared

            tenant_id = await prepared(settings, database, clock.now())
        yield Deployment(
            settings=settings,
            base_urls=base_urls,
            tenant_id=settings.tenant_id or tenant_id,
            database=database,
            clock=clock,
        )


@asynccontextmanager
async def opened_database(settings: Settings) -> AsyncIterator[tuple[Database, Clock]]:
    """Open the database with the newest tables, and the clock that the settings ask for."""
    if settings.database_url is None:
        settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    database = await Database.open(settings.database)
    try:
        await database.upgrade()
        await database.join()
        async with _clock(settings, database) as clock:
            yield database, clock
    finally:
        await database.close()


@asynccontextmanager
async def _clock(settings: Settings, database: Database) -> AsyncIterator[Clock]:
    if settings.clock is ClockKind.SIMULATED:
        yield await _simulated_clock(settings, database)
    elif database.dialect == "sqlite":
        yield RealClock()
    else:
        async with CommonClock.kept(database) as clock:
            yield clock


async def _simulated_clock(settings: Settings, database: Database) -> SimulatedClock:
    start = read_instant(settings.clock_start) if settings.clock_start else None
    clock = await SimulatedClock.open(database, start=start)
    log.warning("clock.simulated", now=clock.now().isoformat())
    return clock
