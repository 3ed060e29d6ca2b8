"""The archive: what is deleted because its time is up is written out before.

Each kind has a file a day, ``requests-2026-11-25.jsonl.gz``: JSON Lines, one row a line. A
transaction adds one gzip member to it, and commits when that is on disk. After a crash between the
two the rows are still in the database and are written again: a line may be there twice, and none is
ever missing. What a crash has torn is never touched; the day goes on in another file.
"""

from __future__ import annotations

import asyncio
import gzip
import os
import re
import sys
import zlib
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any, BinaryIO, Final

import msgspec
from sqlalchemy import ColumnElement, RowMapping, Table, delete
from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.storage.folders import keep_names

if sys.platform != "win32":
    import fcntl

_NAME: Final = re.compile(
    r"(?P<kind>[a-z]+)-(?P<day>\d{4}-\d\d-\d\d)(?:-(?P<part>\d+))?\.jsonl\.gz"
)
_CHUNK: Final = 1 << 20


class ArchiveUnavailable(Exception):
    """The archive cannot be written, so nothing may be deleted."""


@dataclass(frozen=True, slots=True, order=True)
class ArchiveFile:
    """One file of an archive; there is more than one part of a day where a crash has torn one."""

    day: date
    kind: str
    part: int
    path: Path

    def lines(self) -> Iterator[bytes]:
        """Give the lines, each once; a torn end is left out, it is in the next part."""
        seen: set[int] = set()
        with self.path.open("rb") as file:
            for _, content in _members(file):
                for line in content.splitlines():
                    key = hash(line)
                    if key not in seen:
                        seen.add(key)
                        yield line


def files(folder: Path) -> list[ArchiveFile]:
    """Give the files of an archive, the oldest first; anything else in the folder is passed."""
    found = ((path, _NAME.fullmatch(path.name)) for path in folder.iterdir())
    return sorted(
        ArchiveFile(date.fromisoformat(match["day"]), match["kind"], int(match["part"] or 1), path)
        for path, match in found
        if match
    )


class Archive:
    """A folder of such files, written by as many processes as there are."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._whole: dict[Path, int] = {}  # the lengths of files that have been looked through

    async def write(self, kind: str, lines: list[bytes], *, day: date) -> None:
        """Add lines to the file of a kind and a day; they are on disk when this returns.

        :raises ArchiveUnavailable: they are not.
        """
        try:
            await asyncio.to_thread(self._write, f"{kind}-{day}", lines)
        except OSError as error:
            raise ArchiveUnavailable(str(error)) from error

    def _write(self, name: str, lines: list[bytes]) -> None:
        member = gzip.compress(b"\n".join(lines) + b"\n")
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        part = 1
        while not self._append(self._folder / _file_name(name, part), member):
            part += 1

    def _append(self, path: Path, member: bytes) -> bool:
        """Add a member to a file, unless the file is torn."""
        with os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), "r+b") as file:
            _lock(file)
            size = file.seek(0, os.SEEK_END)
            if size != self._whole.get(path, 0) and size != _whole(file):
                return False
            file.seek(size)
            file.write(member)
            file.flush()
            os.fsync(file.fileno())
            self._whole[path] = size + len(member)
        if not size:
            keep_names(self._folder)
        return True


class Outgoing:
    """What one transaction deletes; see :func:`outgoing`."""

    def __init__(self, conn: AsyncConnection, *, keeps: bool) -> None:
        self.lines: list[bytes] = []
        self._conn = conn
        self._keeps = keeps

    async def delete(self, table: Table, where: ColumnElement[bool]) -> int:
        """Delete rows, and have exactly these written out; give how many there were."""
        gone = delete(table).where(where)
        if not self._keeps:
            return (await self._conn.execute(gone)).rowcount
        rows = (await self._conn.execute(gone.returning(table))).mappings().all()
        self.lines += (_line(table, row) for row in rows)
        return len(rows)


@asynccontextmanager
async def outgoing(
    conn: AsyncConnection, kind: str, *, archive: Archive | None, now: datetime
) -> AsyncIterator[Outgoing]:
    """Delete rows in a block, at whose end they are in the archive, if there is one.

    The transaction has to commit right afterwards.

    :raises ArchiveUnavailable: they could not be written; roll back.
    """
    out = Outgoing(conn, keeps=archive is not None)
    yield out
    if archive is not None and out.lines:
        await archive.write(kind, out.lines, day=now.date())


def _lock(file: BinaryIO) -> None:
    """Wait for whoever else writes the file; on Windows an archive belongs to one process."""
    if sys.platform != "win32":
        fcntl.flock(file, fcntl.LOCK_EX)


def _line(table: Table, row: RowMapping) -> bytes:
    told: dict[str, Any] = {"table": str(table.name)}  # column values of several types
    return msgspec.json.encode(told | {str(name): value for name, value in row.items()})


def _file_name(name: str, part: int) -> str:
    return f"{name}.jsonl.gz" if part == 1 else f"{name}-{part}.jsonl.gz"


def _whole(file: BinaryIO) -> int:
    """Say how long the part of a file is in which nothing is torn."""
    file.seek(0)
    return max((end for end, _ in _members(file)), default=0)


def _members(file: BinaryIO) -> Iterator[tuple[int, bytes]]:
    """Give where each member ends, and its content, up to one that is torn."""
    end, rest = 0, b""
    while True:
        unpacking, content, taken = zlib.decompressobj(wbits=31), [], 0
        while not unpacking.eof:
            chunk = rest or file.read(_CHUNK)
            rest = b""
            if not chunk:
                return
            try:
                content.append(unpacking.decompress(chunk))
            except zlib.error:
                return
            taken += len(chunk)
        rest = unpacking.unused_data
        end += taken - len(rest)
        yield end, b"".join(content)
