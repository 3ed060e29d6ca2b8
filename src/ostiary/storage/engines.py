"""The engines behind a database: which driver, which pool, which settings of a connection."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final, Literal

import msgspec
from sqlalchemy import URL, QueuePool
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from ostiary.storage import postgresql, sqlite
from ostiary.storage.failures import DatabaseUnavailable
from ostiary.storage.watchdog import Watchdog

_POSTGRESQL: Final = frozenset({"postgresql", "postgres"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Engines:
    """The engines of one database.

    ``apart`` makes a connection of its own for what takes long, such as migrations, or is held for
    ever. ``keeper`` holds a database in memory alive, ``watchdog`` ends what PostgreSQL forgot.
    """

    dialect: Literal["sqlite", "postgresql"]
    writer: AsyncEngine
    reader: AsyncEngine
    apart: AsyncEngine
    keeper: AsyncConnection | None = None
    watchdog: Watchdog | None = None

    @property
    def lent(self) -> int:
        """How many connections of the pools are in use."""
        pools = {engine.pool for engine in (self.writer, self.reader)}
        return sum(pool.checkedout() for pool in pools if isinstance(pool, QueuePool))

    @asynccontextmanager
    async def migrating(self) -> AsyncIterator[AsyncConnection]:
        """Give a connection that may change the schema, in a transaction that excludes others."""
        async with self.apart.begin() as conn:
            if self.dialect == "postgresql":
                await postgresql.exclude_migrations(conn)
            yield conn

    async def close(self) -> None:
        """Close the keeper and dispose of every pool."""
        if self.watchdog is not None:
            await self.watchdog.close()
        if self.keeper is not None:
            await self.keeper.close()
        for engine in (self.reader, self.writer, self.apart):
            await engine.dispose()


async def open_engines(url: str) -> Engines:
    """Make the engines for ``url`` and try the first connection.

    :raises ValueError: the URL names neither SQLite nor PostgreSQL.
    :raises DatabaseUnavailable: the database cannot be reached.
    """
    parsed = postgresql.parsed(url)
    name = parsed.get_backend_name()
    if name == "sqlite":
        return await _open_sqlite(parsed)
    if name in _POSTGRESQL:
        return await _open_postgresql(parsed)
    raise ValueError(f"{name!r} is not supported: give a sqlite:// or a postgresql:// URL.")


async def _open_sqlite(url: URL) -> Engines:
    memory = sqlite.in_memory(url)
    target = sqlite.memory_url() if memory else url.set(drivername="sqlite+aiosqlite")
    # By name, a value that a statement has in twenty places is prepared and bound once.
    options = {**_json_options(), "paramstyle": "named"}
    writer = sqlite.writer(target, memory=memory, **options)
    engines = Engines(
        dialect="sqlite",
        writer=writer,
        reader=sqlite.reader(target, **options),
        apart=sqlite.migration(target, memory=memory, **options),
        keeper=await sqlite.keep(target) if memory else None,
    )
    await _try(engines)
    return engines


async def _open_postgresql(url: URL) -> Engines:
    server = postgresql.Server.of(url)
    writer = postgresql.writer(server, **_json_options())
    engines = Engines(
        dialect="postgresql",
        writer=writer,
        reader=postgresql.reader(writer),
        apart=postgresql.apart(server, **_json_options()),
        watchdog=Watchdog(writer, server.connect, patience=server.patience),
    )
    await _try(engines)
    return engines


async def _try(engines: Engines) -> None:
    try:
        async with engines.writer.connect():
            pass
    except Exception as error:  # while a connection is made, drivers speak in their own words
        await engines.close()
        raise DatabaseUnavailable(f"The database cannot be opened: {error}") from error


def _json_options() -> dict[str, Any]:
    """Write and read JSON columns with msgspec; keep bound values out of error messages."""
    return {
        "json_serializer": lambda value: msgspec.json.encode(value).decode(),
        "json_deserializer": msgspec.json.decode,
        "hide_parameters": True,
    }
