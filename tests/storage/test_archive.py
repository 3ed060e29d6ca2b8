"""What is deleted is in the archive before, exactly, and readable after any crash."""

from __future__ import annotations

import gzip
import json
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, insert, select

from ostiary.durable import recurring
from ostiary.durable.worker import Worker
from ostiary.storage.archive import Archive, ArchiveUnavailable, files, outgoing
from ostiary.storage.batches import among
from ostiary.storage.database import Database
from ostiary.storage.facts import facts
from tests.support.clocks import MONDAY, FixedClock
from tests.support.work import rows

DAY = date(2026, 1, 5)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the archive is to be."""
    return tmp_path / "archive"


def told(folder: Path) -> list[list[Any]]:
    """Give what each file of an archive says."""
    return [[json.loads(line) for line in file.lines()] for file in files(folder)]


async def test_exactly_what_is_deleted_is_written(database: Database, folder: Path) -> None:
    async with database.transaction() as conn:
        await conn.execute(insert(facts), [{"name": name, "value": {"of": name}} for name in "abc"])

    async with (
        database.transaction() as conn,
        outgoing(conn, "facts", archive=Archive(folder), now=MONDAY) as out,
    ):
        assert await out.delete(facts, among(facts.c.name, ["a", "c", "d"])) == 2

    (file,) = files(folder)
    assert (file.kind, file.day, file.path.name) == ("facts", DAY, "facts-2026-01-05.jsonl.gz")
    assert sorted(json.loads(line)["name"] for line in file.lines()) == ["a", "c"]
    assert b'{"table":"facts","name":"a","value":{"of":"a"}}' in list(file.lines())
    assert file.path.stat().st_mode & 0o777 == 0o600
    async with database.reading() as conn:
        assert list(await conn.scalars(select(facts.c.name))) == ["b"]


async def test_what_is_torn_stays_as_it_is_and_the_day_goes_on_in_another_file(
    folder: Path,
) -> None:
    await Archive(folder).write("facts", [b'"one"'], day=DAY)
    await Archive(folder).write("facts", [b'"two"'], day=DAY)
    (file,) = files(folder)
    whole = file.path.read_bytes()
    file.path.write_bytes(whole + gzip.compress(b'"three"\n')[:-5])
    torn = file.path.read_bytes()
    archive = Archive(folder)

    await archive.write("facts", [b'"three"'], day=DAY)
    await archive.write("facts", [b'"four"'], day=DAY)

    assert gzip.decompress(whole) == b'"one"\n"two"\n'
    assert told(folder) == [["one", "two"], ["three", "four"]]
    assert file.path.read_bytes() == torn


async def test_two_nodes_share_a_file(folder: Path) -> None:
    here, there = Archive(folder), Archive(folder)
    for number in range(3):
        await here.write("facts", [b"%d" % number], day=DAY)
        await there.write("facts", [b"%d" % (number + 10)], day=DAY)

    assert told(folder) == [[0, 10, 1, 11, 2, 12]]


async def test_what_was_written_twice_is_read_once(folder: Path) -> None:
    for _ in range(2):
        await Archive(folder).write("facts", [b'"one"', b'"two"'], day=DAY)

    assert told(folder) == [["one", "two"]]


async def test_without_an_archive_nothing_is_deleted_and_nothing_dies(
    database: Database, clock: FixedClock, tmp_path: Path
) -> None:
    """The folder cannot be made: a file has its name."""
    (tmp_path / "taken").write_text("")
    archive = Archive(tmp_path / "taken")

    async def forget(conn: Any, now: Any) -> None:
        async with outgoing(conn, "facts", archive=archive, now=now) as out:
            await out.delete(facts, facts.c.name == "old")

    async with database.transaction() as conn:
        await conn.execute(insert(facts), [{"name": "old", "value": 1}])
        await recurring.ensure(conn, "forget", due_at=clock.now())
    worker = Worker(database, clock, [recurring.handler("forget", forget)], node="test")

    for _ in range(20):
        await worker.settle()
        clock.advance(minutes=10)

    async with database.reading() as conn:
        query = select(func.count()).select_from(facts).where(facts.c.name == "old")
        assert await conn.scalar(query) == 1
    (item,) = await rows(database)
    assert item.dead_at is None
    assert item.due_at <= clock.now() + timedelta(minutes=10)
    with pytest.raises(ArchiveUnavailable):
        await archive.write("facts", [b"1"], day=DAY)
