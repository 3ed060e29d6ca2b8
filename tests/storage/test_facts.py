"""Small durable facts."""

from __future__ import annotations

import asyncio
from itertools import count

from ostiary.storage.database import Database
from ostiary.storage.facts import fact_or, read_fact, write_fact


async def test_a_fact_is_what_was_written_last(database: Database) -> None:
    async with database.transaction() as conn:
        await write_fact(conn, "tenant", "first")
        await write_fact(conn, "tenant", {"id": 2, "tags": ["ä", None]})

    async with database.reading() as conn:
        assert await read_fact(conn, "tenant") == {"id": 2, "tags": ["ä", None]}
        assert await read_fact(conn, "unknown") is None


async def test_nodes_that_start_together_agree_on_a_fact(database: Database) -> None:
    numbers = count(1)

    async def start() -> int:
        async with database.transaction() as conn:
            made: int = await fact_or(conn, "tenant", lambda: next(numbers))
            return made

    answers = await asyncio.gather(*(start() for _ in range(8)))

    assert len(set(answers)) == 1
