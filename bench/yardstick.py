"""The yardstick: a bare ASGI application that does one driver transaction for each call.

``POST /park`` inserts a row, ``POST /resume/{id}`` updates one; nothing is checked, nobody is
authenticated, nothing is written besides. It is what the smallest hand-written service would do.

Run as ``python -m bench.yardstick DATABASE_URL PORT``. With ``nothing`` for a URL it keeps nothing,
and shows what is left for whatever is done behind a route.
"""

from __future__ import annotations

import asyncio
import sqlite3
import sys
from typing import Protocol

import aiosqlite
import asyncpg

from bench.minimal import serve

NOTHING = "nothing"
TABLE = "CREATE TABLE IF NOT EXISTS parked (id TEXT PRIMARY KEY, state TEXT NOT NULL)"


class Store(Protocol):
    """One driver transaction for each call."""

    async def park(self, id_: str) -> None:
        """Insert a row."""

    async def resume(self, id_: str) -> bool:
        """Update it, and say whether it was there and waiting."""


class OnPostgreSQL:
    """asyncpg with a pool, each statement its own transaction."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    @classmethod
    async def open(cls, url: str) -> OnPostgreSQL:
        """Connect and make the table."""
        pool = await asyncpg.create_pool(url, min_size=4, max_size=16)
        await pool.execute(TABLE)
        return cls(pool)

    async def park(self, id_: str) -> None:
        """Insert a row."""
        await self._pool.execute("INSERT INTO parked VALUES ($1, 'waiting')", id_)

    async def resume(self, id_: str) -> bool:
        """Update it if it waits."""
        done: str = await self._pool.execute(
            "UPDATE parked SET state = 'resumed' WHERE id = $1 AND state = 'waiting'", id_
        )
        return done == "UPDATE 1"


class OnSQLite:
    """aiosqlite on one connection, as safe on disk as the product: WAL, synchronous=FULL."""

    def __init__(self, connection: aiosqlite.Connection) -> None:
        self._connection = connection
        self._turn = asyncio.Lock()

    @classmethod
    async def open(cls, path: str) -> OnSQLite:
        """Open the file and make the table."""
        connection = await aiosqlite.connect(path, isolation_level=None)
        await connection.execute("PRAGMA journal_mode=WAL")
        await connection.execute("PRAGMA synchronous=FULL")
        await connection.execute(TABLE)
        return cls(connection)

    async def park(self, id_: str) -> None:
        """Insert a row."""
        async with self._turn:
            await self._connection.execute("INSERT INTO parked VALUES (?, 'waiting')", (id_,))

    async def resume(self, id_: str) -> bool:
        """Update it if it waits."""
        async with self._turn:
            cursor: sqlite3.Cursor | aiosqlite.Cursor = await self._connection.execute(
                "UPDATE parked SET state = 'resumed' WHERE id = ? AND state = 'waiting'", (id_,)
            )
            return cursor.rowcount == 1


class Nothing:
    """Keeps nothing."""

    async def park(self, id_: str) -> None:
        """Take it."""

    async def resume(self, id_: str) -> bool:
        """Say that it was there."""
        return True


class Routes:
    """The routes of a store."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def answer(self, action: str, id_: str) -> tuple[int, bytes]:
        """Give the status, and no body."""
        ok = True
        if action == "park":
            await self._store.park(id_)
        elif action == "resume":
            ok = await self._store.resume(id_)
        return (204 if ok else 400), b""


async def main(url: str, port: int) -> None:
    """Serve until stopped."""
    store: Store
    if url == NOTHING:
        store = Nothing()
    elif url.startswith("postgresql"):
        store = await OnPostgreSQL.open(url)
    else:
        store = await OnSQLite.open(url.removeprefix("sqlite:///"))
    await serve(Routes(store).answer, port)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2])))
