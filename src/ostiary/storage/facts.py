"""Small durable facts, one JSON value for each name: the tenant's id, the simulated clock."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any, Final

from sqlalchemy import Column, String, Table, bindparam, select
from sqlalchemy.dialects.postgresql import Insert
from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.storage.tables import Json, metadata
from ostiary.storage.upserts import insert_for

facts: Final = Table(
    "facts",
    metadata,
    Column("name", String(100), primary_key=True),
    Column("value", Json, nullable=False),
)
_READ: Final = select(facts.c.value).where(facts.c.name == bindparam("named"))


# A fact is whatever JSON can hold, hence ``Any``.
async def read_fact(conn: AsyncConnection, name: str) -> Any | None:
    """Read the fact of that name, or None if there is none."""
    return await conn.scalar(_READ, {"named": name})


async def write_fact(conn: AsyncConnection, name: str, value: Any) -> None:
    """Store the fact of that name, over what was there; ``value`` may not be None."""
    await conn.execute(_write(conn.dialect.name), {"name": name, "value": value})


async def fact_or(conn: AsyncConnection, name: str, make: Callable[[], Any]) -> Any:
    """Read the fact of that name; store what ``make`` gives first if there is none.

    Of several nodes that start together one stores, and all read the same.
    """
    known = await read_fact(conn, name)
    if known is not None:
        return known
    await conn.execute(_keep(conn.dialect.name), {"name": name, "value": make()})
    return await read_fact(conn, name)


@cache
def _write(dialect: str) -> Insert:
    statement = insert_for(dialect, facts)
    new = {"value": statement.excluded.value}
    return statement.on_conflict_do_update(index_elements=["name"], set_=new)


@cache
def _keep(dialect: str) -> Insert:
    return insert_for(dialect, facts).on_conflict_do_nothing(index_elements=["name"])
