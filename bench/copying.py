"""Makes a million parked requests out of one real one, in the database.

Every table that a parked request has rows in gets a row for each copy: its person, the request, the
assignment, the callout, its ledger, its time-out and its audit record. So each can be resumed, and
each times out.
"""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Protocol

import asyncpg
from sqlalchemy import Table

from ostiary.audit.tables import audit_records
from ostiary.directory.tables import directory_objects
from ostiary.durable.tables import work
from ostiary.entitlement.tables import assignment_requests, assignments, subjects
from ostiary.extensions import effects
from ostiary.extensions.tables import callout_attempts, callouts

IDS: Final = ("person", "request", "assignment", "callout", "timeout", "audit")
PEOPLE: Final = (directory_objects, subjects)
PARKED: Final = (
    assignments, assignment_requests, callouts, callout_attempts, work, audit_records
)  # fmt: skip
"""The tables of a person, and those of what is parked for them."""


@dataclass(frozen=True, slots=True)
class Dialect:
    """What the two databases spell differently."""

    hex: str
    """A number of milliseconds that grows with ``n`` as the twelve digits of an id's time."""
    random: str
    """What follows the version of an id."""
    series: str
    earlier: str
    """An instant of the pattern, earlier by the milliseconds of a copy's age."""
    json: str

    def uuid(self, since: int) -> str:
        """Write an id as the product would have made it, ``n`` milliseconds after an instant."""
        digits = self.hex.format(since=since)
        return f"(substr({digits}, 1, 8)||'-'||substr({digits}, 9)||'-7'||{self.random})"


POSTGRESQL: Final = Dialect(
    hex="lpad(to_hex({since} + n), 12, '0')",
    random="substr(gen_random_uuid()::text, 16)",
    series="generate_series(1, {number}) AS s(n)",
    earlier="p.{column} - c.age * interval '1 millisecond'",
    json="({text})::jsonb",
)
SQLITE: Final = Dialect(
    hex="printf('%012x', {since} + n)",
    random="substr(lower(hex(randomblob(2))), 2)||'-8'||substr(lower(hex(randomblob(2))), 2)"
    "||'-'||lower(hex(randomblob(6)))",
    series="(WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < {number}) "
    "SELECT n FROM s)",
    earlier="strftime('%Y-%m-%dT%H:%M:%f', p.{column}, '-'||(c.age / 1000.0)||' seconds')||'000Z'",
    json="{text}",
)


class Target(Protocol):
    """A database that statements can be run on."""

    dialect: Dialect

    async def run(self, sql: str) -> None:
        """Run a statement."""

    async def value(self, sql: str) -> Any:
        """Give the one value of a query."""

    async def rows(self, sql: str) -> list[Any]:
        """Give the rows of a query."""


class OnPostgreSQL:
    """A connection."""

    dialect = POSTGRESQL

    def __init__(self, connection: asyncpg.Connection) -> None:
        self._connection = connection

    async def run(self, sql: str) -> None:
        """Run a statement."""
        await self._connection.execute(sql)

    async def value(self, sql: str) -> Any:
        """Give the one value of a query."""
        return await self._connection.fetchval(sql)

    async def rows(self, sql: str) -> list[Any]:
        """Give the rows of a query."""
        return [tuple(row) for row in await self._connection.fetch(sql)]


class OnSQLite:
    """A file, with a page cache that holds the indexes while they grow."""

    dialect = SQLITE

    def __init__(self, path: str) -> None:
        self._connection = sqlite3.connect(path, isolation_level=None, timeout=60)
        self._connection.execute("PRAGMA cache_size = -1500000")
        self._connection.execute("PRAGMA temp_store = MEMORY")
        self._connection.execute("PRAGMA synchronous = OFF")  # only while the copies are made

    async def run(self, sql: str) -> None:
        """Run a statement."""
        self._connection.execute(sql)

    async def value(self, sql: str) -> Any:
        """Give the one value of a query."""
        return self._connection.execute(sql).fetchone()[0]

    async def rows(self, sql: str) -> list[Any]:
        """Give the rows of a query."""
        return self._connection.execute(sql).fetchall()

    def close(self) -> None:
        """Close the file."""
        self._connection.close()


@asynccontextmanager
async def target(url: str) -> AsyncIterator[Target]:
    """Open the database at a URL."""
    if url.startswith("sqlite"):
        opened = OnSQLite(url.removeprefix("sqlite:///"))
        try:
            yield opened
        finally:
            opened.close()
        return
    connection = await asyncpg.connect(url)
    try:
        yield OnPostgreSQL(connection)
    finally:
        await connection.close()


async def calls_recorded(url: str) -> None:
    """Return when the results of all calls that were made are stored."""
    open_ = f"SELECT count(*) FROM work WHERE kind = '{effects.CALLOUT}'"  # noqa: S608  # our name
    async with target(url) as place:
        while await place.value(open_):
            await asyncio.sleep(0.01)


async def copy(target: Target, number: int, *, deadline: datetime) -> tuple[float, float]:
    """Copy the one parked request so many times; give the bytes of a person and of a wait.

    The copies wait until ``deadline``.
    """
    id_ = target.dialect.uuid(time.time_ns() // 1_000_000 - number)
    made = ", ".join(f"{id_} AS {name}" for name in IDS)
    series = target.dialect.series.format(number=number)
    pattern = await _pattern(target)
    copies = f"CREATE TEMP TABLE copies AS SELECT n, {number} - n AS age, {made} FROM {series}"  # noqa: S608  # our text
    await target.run(copies)
    sizes = [await size(target)]
    for tables in (PEOPLE, PARKED):
        for table in tables:
            await target.run(_statement(target.dialect, table, pattern, deadline))
        sizes.append(await size(target))
    await target.run("DROP TABLE copies")
    await target.run("ANALYZE")
    before, people, parked = sizes
    return (people - before) / number, (parked - people) / number


async def size(target: Target) -> int:
    """Give the bytes of the database, without pages that are free."""
    if target.dialect is POSTGRESQL:
        return int(await target.value("SELECT pg_database_size(current_database())"))
    pages = await target.value("PRAGMA page_count") - await target.value("PRAGMA freelist_count")
    return int(pages * await target.value("PRAGMA page_size"))


async def shares(target: Target) -> dict[str, int]:
    """Give the bytes of each table with its indexes; nothing where the database does not tell."""
    if target.dialect is SQLITE:
        return {}
    names = [table.name for table in (*PEOPLE, *PARKED)]
    return {
        name: int(await target.value(f"SELECT pg_total_relation_size('{name}')")) for name in names
    }


async def _pattern(target: Target) -> dict[str, str]:
    """Give the ids of the pattern, by what they are."""
    names = ("request", "assignment", "callout", "person")
    query = "SELECT id, assignment_id, callout_id, target_id FROM assignment_requests LIMIT 1"
    return dict(zip(names, (await target.rows(query))[0], strict=True))


def _statement(
    dialect: Dialect, table: Table, pattern: Mapping[str, str], deadline: datetime
) -> str:
    """Write the statement that adds a table's rows, in the order of their ids."""
    changed = _changes(dialect, pattern, deadline)[table.name]
    numbered = table is callout_attempts  # its ids are given by the database
    columns = [c.name for c in table.columns if not (numbered and c.name == "id")]
    values = ", ".join(changed.get(name, f"p.{name}") for name in columns)
    key, which = _KEYS[table.name]
    return (
        f"INSERT INTO {table.name} ({', '.join(columns)}) "  # noqa: S608  # names of columns
        f"SELECT {values} FROM copies AS c CROSS JOIN "
        f"(SELECT * FROM {table.name} WHERE {key} = '{pattern[which]}' LIMIT 1) AS p "
        f"ORDER BY {changed.get('id', 'c.callout')}"
    )


_KEYS: Final = {
    "directory_objects": ("id", "person"),
    "subjects": ("id", "person"),
    "assignments": ("id", "assignment"),
    "assignment_requests": ("id", "request"),
    "callouts": ("id", "callout"),
    "callout_attempts": ("callout_id", "callout"),
    "work": ("key", "callout"),
    "audit_records": ("correlation_id", "request"),
}
"""How the pattern's row is found in each table."""


def _changes(
    dialect: Dialect, pattern: Mapping[str, str], deadline: datetime
) -> dict[str, dict[str, str]]:
    """Give, for each table, the columns in which copies differ from the pattern."""
    until = f"'{deadline:%Y-%m-%dT%H:%M:%S}.{deadline.microsecond:06d}Z'"
    named = "'p'||c.n||'@parked.example'"
    created = dialect.earlier.format(column="created_at")
    targets = "CAST(p.target_resources AS text)"
    for name in ("request", "person"):
        targets = f"replace({targets}, '{pattern[name]}', c.{name})"
    return {
        "directory_objects": {
            "id": "c.person",
            "unique_name": named,
            "user_principal_name": named,
        },
        "subjects": {"id": "c.person", "object_id": "c.person", "principal_name": named},
        "assignments": {
            "id": "c.assignment",
            "target_id": "c.person",
            "holder_key": "p.package_id||':'||c.person",
        },
        "assignment_requests": {
            "id": "c.request",
            "assignment_id": "c.assignment",
            "callout_id": "c.callout",
            "target_id": "c.person",
            "requestor_id": "c.person",
            "created_at": created,
        },
        "callouts": {
            "id": "c.callout",
            "owner_id": "c.request",
            "created_at": created,
            "sequence": "p.sequence + c.n",
            "deadline": until,
        },
        "callout_attempts": {
            "callout_id": "c.callout",
            "owner_id": "c.request",
            "nonce": "replace(c.audit, '-', '')",
        },
        "work": {"id": "c.timeout", "key": "c.callout", "due_at": until},
        "audit_records": {
            "id": "'Governance_'||c.audit||'_00000'",
            "correlation_id": "c.request",
            "activity_date_time": dialect.earlier.format(column="activity_date_time"),
            "target_resources": dialect.json.format(text=targets),
        },
    }
