"""Taking the name of a node away from it, on PostgreSQL."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Final

from sqlalchemy import text

from ostiary.storage.database import Database
from tests.support.waiting import eventually

_LOCKS: Final = (
    "FROM pg_locks WHERE locktype = 'advisory' AND granted AND database ="
    " (SELECT oid FROM pg_database WHERE datname = current_database())"
)
CUT_THE_HOLDER: Final = text(f"SELECT pg_terminate_backend(pid) {_LOCKS}")
_TAKE_WHAT_IS_HELD: Final = text(
    f"SELECT pg_advisory_xact_lock(classid::bigint << 32 | objid::bigint) {_LOCKS}"
)


@asynccontextmanager
async def usurped(database: Database) -> AsyncIterator[asyncio.Event]:
    """Stand in line for the one name that is held, and have it until the block ends.

    The event is set when its holder has lost it.
    """
    has_it, ends = asyncio.Event(), asyncio.Event()

    async def take() -> None:
        async with database.transaction() as conn:
            await conn.execute(_TAKE_WHAT_IS_HELD)
            has_it.set()
            await ends.wait()

    usurper = asyncio.create_task(take())
    await eventually(partial(_is_waited_for, database))
    yield has_it
    ends.set()
    await usurper


async def _is_waited_for(database: Database) -> bool:
    async with database.reading() as conn:
        waiting = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
        return bool(await conn.scalar(text(waiting)))
