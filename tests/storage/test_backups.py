"""A copy of a database in use is one snapshot, or is not there."""

from __future__ import annotations

import asyncio
import sqlite3
from pathlib import Path

import pytest

from ostiary.storage import backups
from ostiary.storage.database import Database
from ostiary.storage.facts import read_fact, write_fact
from tests.support.databases import opened

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def path_of(url: str) -> Path:
    return Path(url.removeprefix("sqlite:///"))


async def write(database: Database, number: int) -> None:
    """Write the same number twice, in one transaction."""
    async with database.transaction() as conn:
        await write_fact(conn, "left", number)
        await write_fact(conn, "right", [number] * 500)


async def read(url: str) -> tuple[int, list[int]]:
    async with opened(url) as database, database.reading() as conn:
        return await read_fact(conn, "left") or 0, await read_fact(conn, "right") or []


async def test_a_copy_holds_what_is_committed_and_not_yet_in_the_file_itself(
    database: Database, database_url: str, tmp_path: Path
) -> None:
    await write(database, 7)
    written_ahead = path_of(database_url + "-wal")
    assert written_ahead.stat().st_size > 0

    size = backups.copy(path_of(database_url), tmp_path / "copy.db")

    assert size == (tmp_path / "copy.db").stat().st_size
    assert await read(f"sqlite:///{tmp_path}/copy.db") == (7, [7] * 500)


async def test_a_copy_that_is_made_under_load_is_of_one_instant(
    database: Database, database_url: str, tmp_path: Path
) -> None:
    copied = asyncio.Event()

    async def load() -> int:
        number = 0
        while not copied.is_set():
            number += 1
            await write(database, number)
        return number

    async def copy() -> None:
        for n in range(5):
            await asyncio.to_thread(backups.copy, path_of(database_url), tmp_path / f"{n}.db")
        copied.set()

    last, _ = await asyncio.gather(load(), copy())

    assert last > 1
    for n in range(5):
        left, right = await read(f"sqlite:///{tmp_path}/{n}.db")
        assert set(right) <= {left}


def test_it_is_for_its_owner_only_and_leaves_nothing_else(
    database_url: str, tmp_path: Path
) -> None:
    backups.copy(path_of(database_url), tmp_path / "copy.db")

    assert [path.name for path in tmp_path.iterdir()] == ["copy.db"]
    assert (tmp_path / "copy.db").stat().st_mode & 0o777 == 0o600


def test_nothing_is_overwritten(database_url: str, tmp_path: Path) -> None:
    target = tmp_path / "copy.db"
    target.write_text("the only good one")

    with pytest.raises(FileExistsError, match=r"copy\.db already"):
        backups.copy(path_of(database_url), target)

    assert target.read_text() == "the only good one"


def test_what_is_not_there_is_not_made(database_url: str, tmp_path: Path) -> None:
    source = path_of(database_url)
    with pytest.raises(FileNotFoundError, match="no database"):
        backups.copy(tmp_path / "nothing.db", tmp_path / "copy.db")
    with pytest.raises(FileNotFoundError):
        backups.copy(source, tmp_path / "nowhere" / "copy.db")

    assert list(tmp_path.iterdir()) == []


def test_what_is_damaged_is_not_called_a_backup(database_url: str, tmp_path: Path) -> None:
    source = path_of(database_url)
    with sqlite3.connect(source) as conn:
        (root,) = conn.execute("SELECT rootpage FROM sqlite_master WHERE name = 'work'").fetchone()
        (size,) = conn.execute("PRAGMA page_size").fetchone()
    conn.close()
    with source.open("r+b") as file:
        file.seek((root - 1) * size)
        file.write(b"\xff" * size)

    with pytest.raises((backups.Unsound, sqlite3.DatabaseError)):
        backups.copy(source, tmp_path / "copy.db")

    assert list(tmp_path.iterdir()) == []
