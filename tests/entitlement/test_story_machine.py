"""Any sequence of what can happen to requests, and a crash at any moment, keeps the promises.

``STORY_EXAMPLES`` and ``STORY_STEPS`` make the stories run for long.
"""

from __future__ import annotations

import os
from contextlib import AsyncExitStack

from ostiary.extensions.signing import Signer
from ostiary.storage.database import Database
from tests.entitlement.stories import play
from tests.support.databases import PostgreSQL, SQLiteFiles, opened

EXAMPLES = int(os.environ.get("STORY_EXAMPLES", "3"))
STEPS = int(os.environ.get("STORY_STEPS", "18"))


def test_any_story_keeps_the_promises_on_sqlite(sqlite_files: SQLiteFiles, signer: Signer) -> None:
    async def fresh(stack: AsyncExitStack) -> Database:
        return await stack.enter_async_context(opened(sqlite_files.fresh()))

    play(fresh, signer, examples=EXAMPLES, steps=STEPS)


def test_any_story_keeps_the_promises_on_postgresql(postgresql: PostgreSQL, signer: Signer) -> None:
    async def fresh(stack: AsyncExitStack) -> Database:
        url = await stack.enter_async_context(postgresql.fresh())
        return await stack.enter_async_context(opened(url))

    play(fresh, signer, examples=EXAMPLES, steps=STEPS)
