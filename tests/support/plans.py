"""How a database goes about the statements of a function."""

from __future__ import annotations

from collections.abc import Awaitable, Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncConnection


async def plan_of(conn: AsyncConnection, work: Awaitable[object]) -> str:
    """Give the plans of what ``work`` executes on the connection, as the database tells them."""
    with _noted(conn) as statements:
        await work
    explain = "EXPLAIN" if conn.dialect.name == "postgresql" else "EXPLAIN QUERY PLAN"
    lines: list[str] = []
    for sql, parameters in statements:
        told = await conn.exec_driver_sql(f"{explain} {sql}", parameters)
        lines += (str(row[-1]) for row in told)
    return "\n".join(lines)


async def analyze(conn: AsyncConnection) -> None:
    """Let the database know what its tables are like."""
    await conn.exec_driver_sql("ANALYZE")


@contextmanager
def _noted(conn: AsyncConnection) -> Iterator[list[tuple[str, Any]]]:
    statements: list[tuple[str, Any]] = []

    def note(*args: Any) -> None:
        statements.append((args[2], args[3]))

    assert conn.sync_connection is not None
    event.listen(conn.sync_connection, "before_cursor_execute", note)
    yield statements
    event.remove(conn.sync_connection, "before_cursor_execute", note)
