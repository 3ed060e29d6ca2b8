"""The story on PgQueuer: a row and a job in one transaction, and a second job when it is answered.

Transactions, the queue and its worker share an asyncpg pool; batches are larger than the default
of ten, which is faster here.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

import asyncpg
from pgqueuer import PgQueuer
from pgqueuer.queries import Queries

from bench.rivals.hosting import OPEN, STORIES, Endpoint, main

BATCH: Final = 50


class OnPgQueuer:
    """Stories in a table, what is to be done for them in the queue."""

    def __init__(self, pool: asyncpg.Pool, endpoint: Endpoint) -> None:
        self._pool = pool
        self._endpoint = endpoint

    async def park(self, id_: str) -> None:
        """Begin a story."""
        async with self._pool.acquire() as connection, connection.transaction():
            await connection.execute("INSERT INTO stories VALUES ($1, 'waiting')", id_)
            await Queries.from_asyncpg_connection(connection).enqueue("call", id_.encode())

    async def resume(self, id_: str) -> bool:
        """Take an answer."""
        async with self._pool.acquire() as connection, connection.transaction():
            done = await connection.execute(
                "UPDATE stories SET state = 'resumed' WHERE id = $1 AND state = 'waiting'", id_
            )
            if done == "UPDATE 1":
                await Queries.from_asyncpg_connection(connection).enqueue("finish", id_.encode())
        return bool(done == "UPDATE 1")

    async def calling(self) -> int:
        """Count the jobs that are to call."""
        query = "SELECT count(*) FROM pgqueuer WHERE entrypoint = 'call'"
        return int(await self._pool.fetchval(query))

    async def unfinished(self) -> int:
        """Count the stories that are not done."""
        return int(await self._pool.fetchval("SELECT count(*) FROM stories WHERE state <> 'done'"))

    async def call(self, job: Any) -> None:
        """Do the first job."""
        await self._endpoint.call(job.payload.decode())

    async def finish(self, job: Any) -> None:
        """Do the second job."""
        query = "UPDATE stories SET state = 'done' WHERE id = $1"
        await self._pool.execute(query, job.payload.decode())


@asynccontextmanager
async def opened(database: str, endpoint: Endpoint) -> AsyncIterator[OnPgQueuer]:
    """Make the tables and run a worker."""
    async with asyncpg.create_pool(database, min_size=4, max_size=20) as pool:
        await pool.execute(STORIES)
        await pool.execute(OPEN)
        await Queries.from_asyncpg_pool(pool).install()
        queue, rival = PgQueuer.from_asyncpg_pool(pool), OnPgQueuer(pool, endpoint)
        queue.entrypoint("call")(rival.call)
        queue.entrypoint("finish")(rival.finish)
        worker = asyncio.create_task(queue.run(batch_size=BATCH))
        try:
            yield rival
        finally:
            queue.shutdown.set()
            await asyncio.wait([worker], timeout=5)


if __name__ == "__main__":
    main(opened)
