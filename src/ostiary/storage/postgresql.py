"""PostgreSQL engines: one pool, whose resting connections are tried before they are used again."""

from __future__ import annotations

import time
from functools import partial
from typing import Any, Final

from sqlalchemy import URL, event, text
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

_POOL: Final = 10
_OVERFLOW: Final = 10
_RESTED: Final = 5.0
"""Seconds after which a connection is asked whether it still lives.

Asking each time would add a round trip to every transaction.
"""

_MIGRATION_LOCK: Final = 0x0571A121
"""The advisory lock that one start holds while it changes the schema."""

_SERVER_SETTINGS: Final = {"application_name": "ostiary", "timezone": "UTC", "jit": "off"}


def writer(url: URL, *, rested: float = _RESTED, **options: Any) -> AsyncEngine:
    """The engine that writes; connections are tried after so many seconds of rest."""
    engine = create_async_engine(
        _with_driver(url),
        pool_size=_POOL,
        max_overflow=_OVERFLOW,
        connect_args={"server_settings": dict(_SERVER_SETTINGS)},
        **options,
    )
    event.listen(engine.sync_engine, "checkin", _note_rest)
    event.listen(engine.sync_engine, "checkout", partial(_try_rested, rested))
    return engine


def reader(writer: AsyncEngine) -> AsyncEngine:
    """The same pool, with transactions that read one snapshot and refuse to write."""
    return writer.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)


async def exclude_migrations(conn: AsyncConnection) -> None:
    """Wait until no other start changes the schema, and keep others out until the commit."""
    await conn.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _MIGRATION_LOCK})


def _with_driver(url: URL) -> URL:
    """Name the driver, and spell libpq's ``sslmode`` as the driver does."""
    query = dict(url.query)
    if "sslmode" in query:
        query["ssl"] = query.pop("sslmode")
    return url.set(drivername="postgresql+asyncpg", query=query)


def _note_rest(_dbapi_connection: Any, record: Any) -> None:
    record.info["rested_since"] = time.monotonic()


def _try_rested(rested: float, dbapi_connection: Any, record: Any, _proxy: Any) -> None:
    rested_since = record.info.get("rested_since")
    if rested_since is None or time.monotonic() - rested_since < rested:
        return
    try:
        dbapi_connection.ping()
    except Exception as error:
        raise DisconnectionError from error  # the pool connects anew
