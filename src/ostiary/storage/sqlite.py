"""SQLite engines: one writer, a few readers, every commit on disk before it is reported.

A database in memory uses SQLite's ``memdb`` file system, in which the connections of one process
share a database by name, so that writer and readers are apart there as they are on a file.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final
from uuid import uuid4

from sqlalchemy import URL, Connection, NullPool, event
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from ostiary.storage import trips
from ostiary.storage.cases import fold

_BUSY: Final = "busy_timeout = 30000"  # milliseconds to wait for another process
_READERS: Final = 4
_COMMON: Final = (_BUSY, "synchronous = FULL", "temp_store = MEMORY")
_CASES: Final = {
    "lower": lambda text: text.lower() if isinstance(text, str) else text,
    "upper": lambda text: text.upper() if isinstance(text, str) else text,
    "without_case": lambda text: fold(text) if isinstance(text, str) else text,
}
"""SQLite's own ``lower`` and ``upper`` know the letters of English only; where that is meant, the
third says so."""

_WAL: Final = "journal_mode = WAL"


def in_memory(url: URL) -> bool:
    """Whether ``url`` asks for a database that lives in memory."""
    return url.database in (None, "", ":memory:")


def memory_url() -> URL:
    """A URL for a new database in memory, for the connections of this process alone."""
    name = f"file:/ostiary-{uuid4().hex}"
    return URL.create("sqlite+aiosqlite", database=name, query={"vfs": "memdb", "uri": "true"})


def writer(url: URL, *, memory: bool, **options: Any) -> AsyncEngine:
    """The engine whose one connection writes; ``Database`` queues for it."""
    engine = _engine(url, pool_size=1, max_overflow=0, **options)
    pragmas = (*_COMMON, "foreign_keys = ON")
    return _prepared(engine, pragmas if memory else (_WAL, *pragmas), begin="BEGIN IMMEDIATE")


def reader(url: URL, **options: Any) -> AsyncEngine:
    """The engine whose connections read, each transaction one snapshot."""
    engine = _engine(url, pool_size=_READERS, max_overflow=0, pool_use_lifo=True, **options)
    return _prepared(engine, (*_COMMON, "query_only = ON"), begin="BEGIN")


def migration(url: URL, *, memory: bool, **options: Any) -> AsyncEngine:
    """The engine for changes of the schema.

    Foreign keys are off: SQLite changes a table by making it anew, and dropping the old one would
    cascade.
    """
    engine = _engine(url, poolclass=NullPool, **options)
    pragmas = _COMMON if memory else (_WAL, *_COMMON)
    return _prepared(engine, pragmas, begin="BEGIN IMMEDIATE")


async def keep(url: URL) -> AsyncConnection:
    """Open the connection that keeps a database in memory alive while no other one is open."""
    return await _engine(url, poolclass=NullPool).connect()


def _engine(url: URL, **options: Any) -> AsyncEngine:
    return create_async_engine(url, connect_args={"async_creator_fn": trips.connect}, **options)


def _prepared(engine: AsyncEngine, pragmas: Iterable[str], *, begin: str) -> AsyncEngine:
    """Begin transactions ourselves: the driver would begin them late and never immediately."""

    def connected(dbapi_connection: Any, _record: Any) -> None:
        dbapi_connection.isolation_level = None
        cursor = dbapi_connection.cursor()
        for pragma in pragmas:
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()
        for name, function in _CASES.items():
            dbapi_connection.create_function(name, 1, function, deterministic=True)

    def begun(conn: Connection) -> None:
        conn.exec_driver_sql(begin)

    event.listen(engine.sync_engine, "connect", connected)
    event.listen(engine.sync_engine, "begin", begun)
    return engine
