"""Connections of ``aiosqlite`` whose statements take one trip to their thread, and not four.

SQLAlchemy makes a cursor, executes, fetches and closes, and each of them goes to the thread of the
connection and back. That takes longer than most statements of the product, which read few rows, and
read them all. So the rows come back from the trip that executes, and the other three are none.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from typing import Any, Self, TypeVar

import aiosqlite

_FETCHED_AT_ONCE = 64

_T = TypeVar("_T")


class Connection(aiosqlite.Connection):
    """A connection as ``aiosqlite`` makes it, but for its cursors."""

    def cursor(self) -> Cursor:  # type: ignore[override]
        """Give a cursor, without a trip."""
        return Cursor(self)

    async def _connect(self) -> Self:
        """Leave no thread behind where nothing can be opened: the driver does not wait for it."""
        try:
            await super()._connect()
        except BaseException:
            self._thread.join()  # it has been told to end, and ends at once
            raise
        return self

    async def trip(self, work: Callable[[sqlite3.Connection], _T]) -> _T:
        """Do something with the connection in its thread.

        :raises ValueError: it is closed.
        """
        done: _T = await self._execute(lambda: work(self._conn))  # type: ignore[no-untyped-call]
        return done


class Cursor:
    """What SQLAlchemy expects of a cursor of ``aiosqlite``, for statements that run once."""

    arraysize = 1

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._rows: list[Any] = []
        self.description: Any = None
        self.rowcount = -1
        self.lastrowid: int | None = None

    async def __aenter__(self) -> Self:
        """Be ready at once."""
        return self

    async def execute(self, statement: str, parameters: Any = ()) -> Self:
        """Run a statement, and bring all its rows back.

        :raises sqlite3.Error: what the statement met.
        """
        return await self._run(lambda cursor: cursor.execute(statement, parameters))

    async def executemany(self, statement: str, rows: Sequence[Any]) -> Self:
        """Run a statement that gives no rows, once for each of ``rows``.

        :raises sqlite3.Error: what the statement met.
        """
        return await self._run(lambda cursor: cursor.executemany(statement, rows))

    async def fetchall(self) -> list[Any]:
        """Give the rows that the statement has brought back."""
        return self._rows

    async def close(self) -> None:
        """Have nothing to close: the statement has ended."""

    async def _run(self, statement: Callable[[sqlite3.Cursor], object]) -> Self:
        def run(connection: sqlite3.Connection) -> None:
            cursor = connection.cursor()
            try:
                statement(cursor)
                self.description = cursor.description
                self._rows = cursor.fetchall() if cursor.description else []
                self.rowcount, self.lastrowid = cursor.rowcount, cursor.lastrowid
            finally:
                cursor.close()

        await self._connection.trip(run)
        return self


def connect(database: str, **options: Any) -> Connection:
    """Make a connection that opens when it is awaited; ``options`` are those of ``sqlite3``.

    Its thread holds up no end of the process.
    """
    connection = Connection(lambda: sqlite3.connect(database, **options), _FETCHED_AT_ONCE)
    connection._thread.daemon = True
    return connection
