"""The clock of the last server is remembered in its database."""

from __future__ import annotations

import pytest

from ostiary.cli.memory import remember_clock, with_remembered_clock
from ostiary.settings import ClockKind, Settings
from ostiary.storage.database import Database
from tests.support.databases import PostgreSQL, SQLiteFiles


async def test_a_command_that_was_not_told_takes_the_clock_of_the_last_server(
    database: Database, database_url: str
) -> None:
    await remember_clock(database, ClockKind.SIMULATED)

    found = await with_remembered_clock(Settings(database_url=database_url))

    assert found.clock is ClockKind.SIMULATED


async def test_a_clock_that_was_chosen_counts(database: Database, database_url: str) -> None:
    await remember_clock(database, ClockKind.SIMULATED)

    found = await with_remembered_clock(Settings(database_url=database_url, clock=ClockKind.REAL))

    assert found.clock is ClockKind.REAL


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
async def test_a_database_without_tables_remembers_nothing(
    kind: str, sqlite_files: SQLiteFiles, request: pytest.FixtureRequest
) -> None:
    if kind == "sqlite":
        found = await with_remembered_clock(Settings(database_url=sqlite_files.fresh(tables=False)))
    else:
        server: PostgreSQL = request.getfixturevalue("postgresql")
        async with server.fresh(tables=False) as url:
            found = await with_remembered_clock(Settings(database_url=url))

    assert found.clock is ClockKind.REAL
