"""Insert with ``ON CONFLICT``, which both databases spell alike and SQLAlchemy does not share."""

from __future__ import annotations

from typing import cast

from sqlalchemy import Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection


def insert(conn: AsyncConnection, table: Table) -> postgresql.Insert:
    """Start an insert that has ``on_conflict_do_nothing`` and ``on_conflict_do_update``."""
    return insert_for(conn.dialect.name, table)


def insert_for(dialect: str, table: Table) -> postgresql.Insert:
    """Start such an insert for the database of this name."""
    if dialect == "postgresql":
        return postgresql.insert(table)
    # SQLite's class has the same methods with the same arguments, and no common base.
    return cast(postgresql.Insert, sqlite.insert(table))
