"""Statements about many rows."""

from __future__ import annotations

from sqlalchemy import insert, select

from ostiary.storage.batches import among, chunks
from ostiary.storage.database import Database
from ostiary.storage.facts import facts


async def test_a_list_may_be_longer_than_a_statement_has_variables(database: Database) -> None:
    names = [f"name-{number}" for number in range(40_000)]
    async with database.transaction() as conn:
        await conn.execute(insert(facts), [{"name": name, "value": 1} for name in names[:3]])

        found = await conn.scalars(select(facts.c.name).where(among(facts.c.name, names)))

        assert sorted(found) == names[:3]


async def test_a_list_binds_its_own_values_each_time(database: Database) -> None:
    async with database.transaction() as conn:
        await conn.execute(insert(facts), [{"name": name, "value": 1} for name in "abc"])

        async def found(*names: str) -> list[str]:
            statement = select(facts.c.name).where(among(facts.c.name, names))
            return sorted(await conn.scalars(statement))

        assert await found("a", "b") == ["a", "b"]
        assert await found("c") == ["c"]
        assert await found() == []


def test_chunks_lose_nothing_and_keep_the_order() -> None:
    assert list(chunks("abcde", 2)) == ["ab", "cd", "e"]
    assert list(chunks([], 2)) == []
