"""What a database holds, so that a test can say that nothing has changed."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy import select

from ostiary.extensions.tables import callout_attempts
from ostiary.storage.database import Database
from ostiary.storage.tables import metadata

Contents = dict[str, list[str]]


async def contents(database: Database) -> Contents:
    """Give every row of every table but the ledger, which keeps refused attempts too."""
    held: Contents = {}
    async with database.reading() as conn:
        for name, table in metadata.tables.items():
            if table is not callout_attempts:
                rows = await conn.execute(select(table))
                held[name] = sorted(repr(row) for row in rows)
    return held


@asynccontextmanager
async def untouched(database: Database) -> AsyncIterator[None]:
    """Make sure that the block stores nothing and moves nothing."""
    before = await contents(database)
    yield
    assert await contents(database) == before
