"""Migrations: written from the declared tables, run at start, on both databases."""

from __future__ import annotations

import asyncio
import re
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Column, Connection, String, Table

from ostiary.storage import migrator, running_revisions, schema
from ostiary.storage.engines import Engines, open_engines
from ostiary.storage.tables import metadata
from tests.support.databases import PostgreSQL, SQLiteFiles, opened


@pytest.fixture(params=["sqlite", "postgresql"])
async def empty_url(request: pytest.FixtureRequest) -> AsyncIterator[str]:
    """The URL of a fresh database without a table."""
    if request.param == "sqlite":
        files: SQLiteFiles = request.getfixturevalue("sqlite_files")
        yield files.fresh(tables=False)
    else:
        server: PostgreSQL = request.getfixturevalue("postgresql")
        async with server.fresh(tables=False) as url:
            yield url


def differences(connection: Connection) -> list[object]:
    schema.load_all_tables()
    context = MigrationContext.configure(connection)
    return list(compare_metadata(context, metadata))


async def upgrade(engines: Engines, versions: Path) -> list[object]:
    async with engines.migrating() as conn:
        await migrator.upgrade(conn, versions=versions)
    async with engines.reader.connect() as conn:
        return await conn.run_sync(differences)


async def test_the_first_revision_makes_every_declared_table(
    empty_url: str, tmp_path: Path
) -> None:
    written = await schema.write_revision("Every table", versions=tmp_path)
    assert written is not None
    assert written.name == "0001_every_table.py"

    engines = await open_engines(empty_url)
    try:
        assert await upgrade(engines, tmp_path) == []
        assert await upgrade(engines, tmp_path) == []  # nothing to do the second time
    finally:
        await engines.close()


async def test_a_revision_holds_what_changed_since_the_last(tmp_path: Path) -> None:
    await schema.write_revision("Every table", versions=tmp_path)
    assert await schema.write_revision("Nothing", versions=tmp_path) is None

    late = Table("late_arrivals", metadata, Column("id", String(36), primary_key=True))
    try:
        written = await schema.write_revision("Late arrivals", versions=tmp_path)
    finally:
        metadata.remove(late)

    assert written is not None
    assert written.name == "0002_late_arrivals.py"
    assert written.read_text().count("op.create_table(") == 1


async def test_starts_at_the_same_time_upgrade_once(empty_url: str, tmp_path: Path) -> None:
    await schema.write_revision("Every table", versions=tmp_path)
    starts = [await open_engines(empty_url) for _ in range(3)]
    try:
        left = await asyncio.gather(*(upgrade(engines, tmp_path) for engines in starts))
    finally:
        for engines in starts:
            await engines.close()

    assert left == [[], [], []]


async def test_the_shipped_revisions_lead_to_the_declared_tables(empty_url: str) -> None:
    if not any(migrator.VERSIONS.glob("0*.py")):
        pytest.skip("There is no revision yet.")
    async with opened(empty_url) as database:
        await database.upgrade()
        async with database.reading() as conn:
            assert await conn.run_sync(differences) == []


async def test_an_upgrade_without_revisions_is_no_error(empty_url: str, tmp_path: Path) -> None:
    engines = await open_engines(empty_url)
    try:
        assert await upgrade(engines, tmp_path) != []  # every table is lacking
    finally:
        await engines.close()


def test_the_name_of_a_revision_begins_with_its_number() -> None:
    """So a start knows the newest one without reading them."""
    config = running_revisions.configuration(migrator.VERSIONS)

    scripts = ScriptDirectory.from_config(config).walk_revisions()

    assert migrator.revisions(migrator.VERSIONS) == sorted(one.revision for one in scripts)


NEXT = '''"""A revision of a later release."""

revision = "{revision}"
down_revision = "{before}"
{fits}

def upgrade():
    pass
'''


def releases(folder: Path, *later: str) -> Path:
    """Give revisions that follow those that are shipped, each with what it says of older code."""
    shutil.copytree(migrator.VERSIONS, folder, dirs_exist_ok=True)
    before = max(path.name[:4] for path in folder.glob("0*.py"))
    for fits in later:
        revision = f"{int(before) + 1:04d}"
        text = NEXT.format(revision=revision, before=before, fits=fits)
        (folder / f"{revision}_later.py").write_text(text)
        before = revision
    return folder


async def migrate(url: str, versions: Path) -> None:
    engines = await open_engines(url)
    try:
        async with engines.migrating() as conn:
            await migrator.upgrade(conn, versions=versions)
    finally:
        await engines.close()


async def test_a_release_runs_on_later_tables_unless_they_lack_what_it_needs(
    sqlite_files: SQLiteFiles, tmp_path: Path
) -> None:
    url = sqlite_files.fresh(tables=False)
    own = max(path.name[:4] for path in migrator.VERSIONS.glob("0*.py"))
    following = f"{int(own) + 1:04d}"
    await migrate(url, releases(tmp_path / "next", ""))
    await migrate(url, migrator.VERSIONS)  # nothing was taken away

    await migrate(url, releases(tmp_path / "last", "", f'FITS = "{following}"'))

    await migrate(url, tmp_path / "next")
    with pytest.raises(migrator.SchemaTooNew, match=f"revision {own}"):
        await migrate(url, migrator.VERSIONS)


def test_a_revision_that_takes_something_away_says_whom_it_fits() -> None:
    """What older code needs goes a release later, and the revision names the oldest that can do."""
    for path in sorted(migrator.VERSIONS.glob("0*.py")):
        told = path.read_text().partition("def downgrade")[0]
        if re.search(r"drop_(table|column)|rename_table|new_column_name", told):
            assert "FITS = " in told, path.name
