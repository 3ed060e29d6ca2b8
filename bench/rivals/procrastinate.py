"""The story on Procrastinate: a row and a job in one transaction, and a second job when answered.

The worker runs as many jobs at once as may be on the wire, is woken by notifications, and deletes
what is done, so that its table stays small.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import procrastinate

from bench.rivals.hosting import CALLS, OPEN, STORIES, Endpoint, main


class OnProcrastinate:
    """Stories in a table, what is to be done for them in the queue."""

    def __init__(self, app: Any, endpoint: Endpoint) -> None:
        self._app = app
        self._endpoint = endpoint

    @property
    def _pool(self) -> Any:
        return self._app.connector.pool

    async def park(self, id_: str) -> None:
        """Begin a story."""
        async with self._pool.connection() as connection, connection.transaction():
            await connection.execute("INSERT INTO stories VALUES (%s, 'waiting')", (id_,))
            await self._app.configure_task("call", connection=connection).defer_async(id_=id_)

    async def resume(self, id_: str) -> bool:
        """Take an answer."""
        async with self._pool.connection() as connection, connection.transaction():
            done = await connection.execute(
                "UPDATE stories SET state = 'resumed' WHERE id = %s AND state = 'waiting'", (id_,)
            )
            if done.rowcount == 1:
                job = self._app.configure_task("finish", connection=connection)
                await job.defer_async(id_=id_)
        return bool(done.rowcount == 1)

    async def calling(self) -> int:
        """Count the jobs that are to call."""
        return await self._count("procrastinate_jobs WHERE task_name = 'call'")

    async def unfinished(self) -> int:
        """Count the stories that are not done."""
        return await self._count("stories WHERE state <> 'done'")

    async def call(self, id_: str) -> None:
        """Do the first job."""
        await self._endpoint.call(id_)

    async def finish(self, id_: str) -> None:
        """Do the second job."""
        async with self._pool.connection() as connection:
            await connection.execute("UPDATE stories SET state = 'done' WHERE id = %s", (id_,))

    async def _count(self, what: str) -> int:
        async with self._pool.connection() as connection:
            found = await connection.execute(f"SELECT count(*) FROM {what}")  # noqa: S608
            return int((await found.fetchone())[0])


@asynccontextmanager
async def opened(database: str, endpoint: Endpoint) -> AsyncIterator[OnProcrastinate]:
    """Make the tables and run a worker."""
    connector = procrastinate.PsycopgConnector(conninfo=database, min_size=4, max_size=20)
    app = procrastinate.App(connector=connector)
    rival = OnProcrastinate(app, endpoint)
    app.task(name="call")(rival.call)
    app.task(name="finish")(rival.finish)
    async with app.open_async():
        await app.schema_manager.apply_schema_async()
        async with connector.pool.connection() as connection:
            await connection.execute(STORIES)
            await connection.execute(OPEN)
        worker = asyncio.create_task(
            app.run_worker_async(
                concurrency=CALLS, delete_jobs="always", install_signal_handlers=False
            )
        )
        try:
            yield rival
        finally:
            worker.cancel()
            await asyncio.wait([worker], timeout=5)


if __name__ == "__main__":
    main(opened)
