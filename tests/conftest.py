"""Fixtures that every test may use: a database, a clock."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from typing import Final

import pytest
import structlog

from ostiary.durable import recurring
from ostiary.storage.database import Database
from tests.support.clocks import FixedClock
from tests.support.databases import PostgreSQL, SQLiteFiles, opened, opened_in_memory
from tests.support.statements import share_compiled_statements

for name in [name for name in os.environ if name.startswith("OSTIARY_")]:
    del os.environ[name]  # a developer's settings are not the settings of a test

share_compiled_statements()

structlog.configure(  # the default draws tracebacks, which takes longer than most tests
    processors=[
        structlog.processors.add_log_level,
        structlog.dev.ConsoleRenderer(
            colors=False, exception_formatter=structlog.dev.plain_traceback
        ),
    ]
)


_LONG: Final = (
    "faults",
    "simulation",
    "clients",
    "test_story_machine.py",
    "test_story_defects.py",
    "test_crashes.py",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes long, so that no process works on it alone in the end."""
    items.sort(key=lambda item: not any(part in _LONG for part in item.path.parts))


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgreSQL]:
    """A PostgreSQL server of this test session."""
    server = PostgreSQL()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def sqlite_files() -> Iterator[SQLiteFiles]:
    """SQLite files of this test session."""
    files = SQLiteFiles()
    yield files
    files.delete()


@pytest.fixture(params=["sqlite", "postgresql"])
async def database_url(request: pytest.FixtureRequest) -> AsyncIterator[str]:
    """The URL of a fresh database with every table, on SQLite (a file) and on PostgreSQL."""
    if request.param == "sqlite":
        files = request.getfixturevalue("sqlite_files")
        url = files.fresh()
        yield url
        files.forget(url)
    else:
        async with request.getfixturevalue("postgresql").fresh() as url:
            yield url


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """A fresh database with every table, on SQLite (a file) and on PostgreSQL."""
    async with opened(database_url) as database:
        yield database


@pytest.fixture
async def memory() -> AsyncIterator[Database]:
    """A fresh database in memory with every table, for tests to which the kind is all one."""
    async with opened_in_memory() as database:
        yield database


@pytest.fixture
def clock() -> FixedClock:
    """A clock that stands at 2026-01-05T09:00:00Z until the test advances it."""
    return FixedClock()


@pytest.fixture
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the portions of what is forgotten follow each other while the clock stands still."""
    monkeypatch.setattr(recurring, "BREATH", timedelta())
