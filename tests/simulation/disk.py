"""The database's file: real SQLite, driven by the simulated loop instead of a thread.

Every statement takes a random moment, in which anything else may happen. One that begins a write
waits for the writer of another process, as the busy time-out of SQLite does. Faults come by chance:
a statement that fails, a commit that fails, and the worst, a commit that happened and whose reply
was lost.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

from tests.simulation.loop import Life, living

Parameters = Sequence[Any] | Mapping[str, Any]

_DISK_ERROR = 10  # SQLITE_IOERR


@dataclass
class Faults:
    """How often the disk fails, as chances of one statement or commit."""

    statement: float = 0.0
    before_commit: float = 0.0
    after_commit: float = 0.0


@dataclass
class Disk:
    """The one file that every node of a history opens."""

    path: Path
    random: Random
    faults: Faults = field(default_factory=Faults)
    slowest: float = 0.02
    """Seconds that a statement takes at most."""
    counts: dict[str, int] = field(default_factory=dict)
    _writer: Connection | None = None
    _queue: list[asyncio.Future[None]] = field(default_factory=list)

    def connect(self, database: str, **options: Any) -> Connection:
        """Open the file for the node that asks; what ``trips.connect`` is to the product."""
        return Connection(self, living())

    async def moment(self) -> None:
        """Take the time of one statement."""
        await asyncio.sleep(self.random.random() ** 4 * self.slowest)

    def strike(self, chance: float, what: str) -> None:
        """Fail by this chance."""
        if chance and self.random.random() < chance:
            self.counts[what] = self.counts.get(what, 0) + 1
            error = sqlite3.OperationalError("disk I/O error")
            error.sqlite_errorcode = _DISK_ERROR
            raise error

    async def take(self, connection: Connection) -> None:
        """Wait for the place of the one writer."""
        while self._writer is not None:
            turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._queue.append(turn)
            await turn
        self._writer = connection

    def give_back(self, connection: Connection) -> None:
        """Leave the place of the writer, if it was held."""
        if self._writer is not connection:
            return
        self._writer = None
        waiting, self._queue = self._queue, []
        for turn in waiting:
            if not turn.done():
                turn.set_result(None)


class Connection:
    """What SQLAlchemy's dialect expects of a connection of ``aiosqlite``."""

    def __init__(self, disk: Disk, life: Life | None) -> None:
        self.disk = disk
        self.life = life
        self.sqlite: sqlite3.Connection = sqlite3.connect(disk.path, isolation_level=None)
        # what SQLite draws follows the seed as well
        self.sqlite.create_function("random", 0, partial(disk.random.getrandbits, 62))
        self.sqlite.create_function("randomblob", 1, disk.random.randbytes)
        self._conn = self
        self._connection: Any = self
        self._tx = self
        self._thread = self  # whose ``daemon`` is set
        self.daemon = True
        if life is not None:
            life.at_death.append(self.stop)

    def __await__(self) -> Any:
        """Be the connection that was awaited."""
        return self._opened().__await__()

    async def _opened(self) -> Connection:
        return self

    # what ``aiosqlite`` does in its thread: set the isolation level, which is ours anyway
    def put_nowait(self, task: tuple[asyncio.Future[Any], Callable[[], Any]]) -> None:
        """Answer a task of the driver's thread at once."""
        task[0].set_result(None)

    def check(self) -> None:
        """Refuse everything once the process has died."""
        if self.life is not None and not self.life.is_alive:
            raise sqlite3.OperationalError("connection closed")

    def cursor(self) -> Cursor:
        """Give a cursor."""
        self.check()
        return Cursor(self)

    async def create_function(self, name: str, number: int, function: Any, **options: Any) -> None:
        """Define a function of SQL."""
        self.sqlite.create_function(name, number, function, **options)

    async def commit(self) -> None:
        """Commit, or fail before or after."""
        await self.disk.moment()
        self.check()
        if not self.sqlite.in_transaction:
            return
        writes = self.disk._writer is self
        if writes:
            self.disk.strike(self.disk.faults.before_commit, "commits that failed")
        self.sqlite.commit()
        self.disk.give_back(self)
        await self.disk.moment()
        self.check()
        if writes:
            self.disk.strike(self.disk.faults.after_commit, "commits whose reply was lost")

    async def rollback(self) -> None:
        """Roll back."""
        self.check()
        self.sqlite.rollback()
        self.disk.give_back(self)

    async def close(self) -> None:
        """Close."""
        self.stop()

    def stop(self) -> None:
        """End as the process ends: what was not committed is gone."""
        if self._connection is None:
            return
        self._connection = None
        self.sqlite.close()
        self.disk.give_back(self)


class Cursor:
    """A cursor whose statements take time."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._cursor = connection.sqlite.cursor()

    async def __aenter__(self) -> Cursor:
        """Be ready at once."""
        return self

    @property
    def description(self) -> Any:
        """What the columns are called."""
        return self._cursor.description

    @property
    def rowcount(self) -> int:
        """How many rows the statement has changed."""
        return self._cursor.rowcount

    @property
    def lastrowid(self) -> int | None:
        """The row that was inserted last."""
        return self._cursor.lastrowid

    @property
    def arraysize(self) -> int:
        """How many rows are fetched at a time."""
        return self._cursor.arraysize

    @arraysize.setter
    def arraysize(self, size: int) -> None:
        self._cursor.arraysize = size

    async def execute(self, statement: str, parameters: Parameters = ()) -> Cursor:
        """Run one statement."""
        await self._ready(statement)
        self._cursor.execute(statement, parameters)
        return self

    async def executemany(self, statement: str, rows: Sequence[Parameters]) -> Cursor:
        """Run one statement for many rows."""
        await self._ready(statement)
        self._cursor.executemany(statement, rows)
        return self

    async def fetchall(self) -> list[Any]:
        """Give every row."""
        self._connection.check()
        return self._cursor.fetchall()

    async def close(self) -> None:
        """Close."""
        if self._connection._connection is not None:
            self._cursor.close()

    async def _ready(self, statement: str) -> None:
        disk = self._connection.disk
        if statement.startswith("PRAGMA"):
            return
        if statement.startswith("BEGIN IMMEDIATE"):
            await disk.take(self._connection)
        await disk.moment()
        self._connection.check()
        if not statement.startswith("BEGIN"):
            disk.strike(disk.faults.statement, "statements that failed")
