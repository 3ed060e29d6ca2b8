"""Statements about many rows."""

from __future__ import annotations

import pytest
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


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_a_list_is_looked_up_by_the_index(database: Database) -> None:
    """PostgreSQL would scan so small a table whatever the statement says."""
    statement = select(facts.c.value).where(among(facts.c.name, ["a"]), facts.c.value == 1)
    async with database.reading() as conn:
        compiled = statement.compile(dialect=conn.dialect)
        values = dict.fromkeys(compiled.params, "1")
        plan = await conn.exec_driver_sql(f"EXPLAIN QUERY PLAN {compiled}", values)
        first = plan.mappings().all()[0]["detail"]

    assert first == "SEARCH facts USING INDEX sqlite_autoindex_facts_1 (name=?)"


async def test_a_list_can_be_negated(database: Database) -> None:
    async with database.transaction() as conn:
        await conn.execute(insert(facts), [{"name": name, "value": 1} for name in "abc"])

        others = select(facts.c.name).where(~among(facts.c.name, ["a", "b"]))

        assert list(await conn.scalars(others)) == ["c"]


def test_chunks_lose_nothing_and_keep_the_order() -> None:
    assert list(chunks("abcde", 2)) == ["ab", "cd", "e"]
    assert list(chunks([], 2)) == []
