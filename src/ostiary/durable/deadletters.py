"""Dead letters: work that has failed for good, for a person to read, replay or drop."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.durable.tables import work
from ostiary.storage.batches import among
from ostiary.storage.database import announce


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetter:
    """An item that is not tried any more, and what went wrong the last time."""

    id: str
    kind: str
    key: str
    due_at: datetime
    attempts: int
    payload: Mapping[str, Any]
    last_error: str
    dead_at: datetime


_COLUMNS: Final = tuple(work.c[name] for name in DeadLetter.__dataclass_fields__)


async def dead_letters(
    conn: AsyncConnection, *, kind: str | None = None, limit: int = 100
) -> list[DeadLetter]:
    """Read the dead letters, the newest first."""
    statement = select(*_COLUMNS).where(work.c.dead_at.is_not(None))
    if kind is not None:
        statement = statement.where(work.c.kind == kind)
    newest = statement.order_by(work.c.dead_at.desc(), work.c.id.desc()).limit(limit)
    return [DeadLetter(**row._mapping) for row in await conn.execute(newest)]


async def read(conn: AsyncConnection, ids: Collection[str]) -> list[DeadLetter]:
    """Read dead letters by id; what is none is missing."""
    found = select(*_COLUMNS).where(among(work.c.id, ids), work.c.dead_at.is_not(None))
    return [DeadLetter(**row._mapping) for row in await conn.execute(found)]


async def replay(conn: AsyncConnection, ids: Collection[str], *, now: datetime) -> int:
    """Make dead letters due now, with all their attempts before them; give how many there were."""
    revived = update(work).where(among(work.c.id, ids), work.c.dead_at.is_not(None))
    result = await conn.execute(revived.values(dead_at=None, attempts=0, due_at=now))
    announce(conn)
    return result.rowcount


async def drop(conn: AsyncConnection, ids: Collection[str]) -> int:
    """Delete dead letters; give how many there were."""
    result = await conn.execute(
        delete(work).where(among(work.c.id, ids), work.c.dead_at.is_not(None))
    )
    return result.rowcount
