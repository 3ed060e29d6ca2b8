"""Work that failed for good on the command line: listed, done again, dropped."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.durable import queue
from ostiary.durable.items import NewWork
from ostiary.durable.tables import work
from tests.cli.commands import Commands, in_data
from tests.support.clocks import MONDAY


@pytest.fixture
def ids(data_dir: Path) -> list[str]:
    """Two items that died, the newer first, and one that did not."""

    async def fill(conn: AsyncConnection) -> list[str]:
        await queue.put(
            conn,
            [NewWork(kind=kind, key=key, due_at=MONDAY) for kind, key in (("a", "1"), ("b", "2"))],
        )
        died = update(work).where(work.c.kind.in_(["a", "b"]))
        await conn.execute(died.values(dead_at=MONDAY, last_error="it broke", attempts=12))
        await queue.put(conn, [NewWork(kind="c", key="3", due_at=MONDAY)])
        return [await _id(conn, kind) for kind in "bac"]

    return in_data(data_dir, fill)


async def _id(conn: AsyncConnection, kind: str) -> str:
    return str(await conn.scalar(select(work.c.id).where(work.c.kind == kind)))


def test_dead_work_is_listed_done_again_and_dropped(
    ostiary: Commands, data_dir: Path, ids: list[str]
) -> None:
    newer, older, alive = ids
    assert [one["id"] for one in ostiary("work", "dead", "--json").json] == [newer, older]
    (only,) = ostiary("work", "dead", "--kind", "a", "--json").json
    assert (only["key"], only["attempts"], only["error"]) == ("1", 12, "it broke")

    mixed = ostiary("work", "retry", older, alive)
    retried = ostiary("work", "retry", older, "--json")
    dropped = ostiary("work", "drop", newer)

    assert (mixed.code, alive in mixed.err) == (1, True)
    assert retried.json == {"retried": [older]}
    assert dropped.code == 0
    assert ostiary("work", "dead", "--json").json == []

    async def left(conn: AsyncConnection) -> list[tuple[str, int]]:
        query = select(work.c.kind, work.c.attempts).where(work.c.kind.in_(["a", "b", "c"]))
        return [(kind, attempts) for kind, attempts in await conn.execute(query)]

    assert sorted(in_data(data_dir, left)) == [("a", 0), ("c", 0)]
    assert ostiary("work", "drop").code == 2
