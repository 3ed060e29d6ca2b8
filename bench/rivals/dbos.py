"""The story on DBOS: a workflow with a step that calls, a durable ``recv``, and its end.

It is started directly, which is faster than through a queue, and its steps are asynchronous. The
library keeps the story's state itself, so there is no table of ours.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

import asyncpg
from dbos import DBOS, SetWorkflowID

from bench.rivals.hosting import Endpoint, main

WAIT: Final = 86_400.0
"""How many seconds a story waits for its answer."""

WAITING: Final = """
SELECT count(*) FROM dbos.workflow_status AS w WHERE w.status = 'PENDING' AND NOT EXISTS (
    SELECT FROM dbos.operation_outputs AS o
    WHERE o.workflow_uuid = w.workflow_uuid AND o.function_name = 'DBOS.sleep')
"""
"""What has not stored its deadline does not wait yet."""

UNFINISHED: Final = "SELECT count(*) FROM dbos.workflow_status WHERE status <> 'SUCCESS'"


class OnDBOS:
    """Stories are workflows."""

    def __init__(self, workflow: Any, pool: asyncpg.Pool) -> None:
        self._workflow = workflow
        self._pool = pool

    async def park(self, id_: str) -> None:
        """Begin a story."""
        with SetWorkflowID(id_):
            await DBOS.start_workflow_async(self._workflow, id_)

    async def resume(self, id_: str) -> bool:
        """Take an answer; whether the story waits is not known here, so the workflow would look."""
        await DBOS.send_async(id_, "fine", "answer")
        return True

    async def calling(self) -> int:
        """Count the workflows that do not wait yet."""
        return int(await self._pool.fetchval(WAITING))

    async def unfinished(self) -> int:
        """Count the workflows that are not done."""
        return int(await self._pool.fetchval(UNFINISHED))


@asynccontextmanager
async def opened(database: str, endpoint: Endpoint) -> AsyncIterator[OnDBOS]:
    """Make the tables and launch."""
    DBOS(
        config={
            "name": "story",
            "system_database_url": database,
            "sys_db_pool_size": 20,
            "log_level": "ERROR",
            "application_version": "1",
        }
    )

    async def call(id_: str) -> None:
        await endpoint.call(id_)

    async def story(id_: str) -> str:
        await DBOS.run_step_async({"name": "call"}, call, id_)
        answer = await DBOS.recv_async("answer", WAIT)
        return str(answer)

    workflow = DBOS.workflow(name="story")(story)
    DBOS.launch()
    async with asyncpg.create_pool(database, min_size=1, max_size=2) as pool:
        try:
            yield OnDBOS(workflow, pool)
        finally:
            DBOS.destroy(workflow_completion_timeout_sec=0)


if __name__ == "__main__":
    main(opened)
