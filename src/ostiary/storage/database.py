"""One database, SQLite or PostgreSQL, with two doors: ``transaction`` writes, ``reading`` reads.

SQLite has one writer at a time. Inside this process writers queue for one connection, in the order
in which they came, so that ``BEGIN IMMEDIATE`` never fights; other processes (the command line)
are waited for with SQLite's busy timeout. PostgreSQL has as many writers as the pool has places.

``reading`` is one snapshot on both: what a page and its count say belongs together.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import (
    AbstractAsyncContextManager,
    AsyncExitStack,
    asynccontextmanager,
    contextmanager,
    nullcontext,
)
from typing import Any, Final, Literal

from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.storage import metrics, migrator
from ostiary.storage.engines import Engines, open_engines
from ostiary.storage.failures import DatabaseUnavailable
from ostiary.storage.names import Name
from ostiary.storage.wakeups import Wakeups

_ANNOUNCED: Final = "ostiary.announced"


class NestedTransaction(RuntimeError):
    """A task that holds a transaction asked for another, which would wait for itself."""


class Database:
    """An open database; see :meth:`open`."""

    def __init__(self, engines: Engines) -> None:
        self._engines = engines
        self._listeners: list[Callable[[], None]] = []
        self._holders: set[asyncio.Task[Any] | None] = set()
        self._turn: AbstractAsyncContextManager[Any] = (
            asyncio.Lock() if engines.dialect == "sqlite" else nullcontext()
        )
        self._wakeups: Wakeups | None = None

    @classmethod
    async def open(cls, url: str) -> Database:
        """Open the database at ``url``.

        ``sqlite:////path/x.db`` is a file, ``sqlite://`` lives in memory and ends with ``close``,
        ``postgresql://user@host/name`` is a server. Driver names are added here. Tables are not
        made: see :meth:`upgrade`.

        :raises ValueError: the URL names another kind of database.
        :raises DatabaseUnavailable: the database cannot be reached.
        """
        return cls(await open_engines(url))

    @property
    def dialect(self) -> Literal["sqlite", "postgresql"]:
        """Which of the two it is, for the few statements that differ."""
        return self._engines.dialect

    @property
    def lent(self) -> int:
        """How many connections are in use."""
        return self._engines.lent

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncConnection]:
        """Give a connection to write with: commit at the exit, roll back on an exception.

        :raises NestedTransaction: the running task is inside a transaction already.
        :raises DatabaseUnavailable: the database is not reached, or held for too long.
        """
        self.refuse_nesting()
        async with self._turn, AsyncExitStack() as stack:
            self._hold(stack)
            stack.enter_context(_told_of_losses())
            conn = await _enter(stack, self._engines.writer.begin())
            conn.info.pop(_ANNOUNCED, None)
            yield conn
            announced = conn.info.pop(_ANNOUNCED, False)
        if announced:
            self._tell()

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncConnection]:
        """Give a connection to read one snapshot with; a statement that writes is refused.

        :raises DatabaseUnavailable: the database is not reached.
        """
        async with AsyncExitStack() as stack:
            stack.enter_context(_told_of_losses())
            yield await _enter(stack, self._engines.reader.connect())

    def refuse_nesting(self) -> None:
        """Make sure that the running task holds no transaction.

        :raises NestedTransaction: it does.
        """
        if asyncio.current_task() in self._holders:
            raise NestedTransaction("This task is inside a transaction already: pass its conn on.")

    def on_commit(self, listener: Callable[[], None]) -> None:
        """Call ``listener`` after each commit of a transaction that called :func:`announce`."""
        self._listeners.append(listener)

    async def join(self) -> None:
        """Exchange wake-ups with the other nodes on the same PostgreSQL.

        From now on their announced commits call the listeners here, and ours call theirs. On SQLite
        there is nothing to join.
        """
        if self.dialect == "postgresql" and self._wakeups is None:
            self._wakeups = Wakeups(self._engines.apart, self._call_listeners)
            await self._wakeups.start()

    def name(self, name: str, changed: Callable[[], None]) -> Name | None:
        """Give what holds ``name`` for one process at a time; None: nobody is kept apart (SQLite).

        ``changed`` is called when the name is held, and held again after the database was lost.
        """
        if self.dialect == "sqlite":
            return None
        return Name(self._engines.apart, name, changed)

    async def upgrade(self) -> None:
        """Bring the schema to the newest revision; starts at the same time wait for each other."""
        async with self._turn, self._engines.migrating() as conn:
            await migrator.upgrade(conn)

    async def close(self) -> None:
        """Close every connection; a database in memory is gone afterwards."""
        if self._wakeups is not None:
            await self._wakeups.stop()
        await self._engines.close()

    def _hold(self, stack: AsyncExitStack) -> None:
        task = asyncio.current_task()
        self._holders.add(task)
        stack.callback(self._holders.discard, task)

    def _tell(self) -> None:
        self._call_listeners()
        if self._wakeups is not None:
            self._wakeups.tell()

    def _call_listeners(self) -> None:
        for listener in self._listeners:
            listener()


def announce(conn: AsyncConnection) -> None:
    """Have the listeners of ``on_commit`` called once this transaction is committed."""
    conn.info[_ANNOUNCED] = True


@contextmanager
def _told_of_losses() -> Iterator[None]:
    """Put a broken connection, which drivers tell of in their own words, into ours."""
    try:
        yield
    except ConnectionError as error:
        metrics.OUTAGES.inc()
        raise DatabaseUnavailable(f"The database was lost: {error}") from error


async def _enter(
    stack: AsyncExitStack, door: AbstractAsyncContextManager[AsyncConnection]
) -> AsyncConnection:
    try:
        return await stack.enter_async_context(door)
    except Exception as error:  # while a connection is made, drivers speak in their own words
        metrics.OUTAGES.inc()
        raise DatabaseUnavailable(f"The database cannot be used: {error}") from error
