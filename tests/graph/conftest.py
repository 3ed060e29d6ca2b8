"""A library with a few books, served by the engine on both databases."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
import pytest_asyncio
from sqlalchemy import insert

from ostiary.storage.database import Database
from tests.graph import library
from tests.support.clocks import FixedClock
from tests.support.databases import opened

ROWS = [
    ("b1", "Emma", "onShelf", "a1", 474, datetime(1815, 12, 23, tzinfo=UTC), False),
    ("b2", "persuasion", "lent", "a1", 249, datetime(1817, 12, 20, tzinfo=UTC), False),
    ("b3", "O'Brien's Tale", "onShelf", "a2", None, None, False),
    ("b4", "Secret", "onShelf", "a2", 10, None, True),
    ("b5", "100% Wool", "lent", None, 10, None, False),
    ("b6", "Ärger in Gárdony", "lent", None, 10, None, True),
]
AUTHOR_ROWS = [("a1", "Jane Austen", 1775), ("a2", "Flann O'Brien", 1911)]
REVIEW_ROWS = [("r1", "b1", 5), ("r2", "b1", 3), ("r3", "b2", 4)]
SHELVED_ROWS = [("b1", "a2")]


async def stock(database: Database) -> None:
    """Put the library's tables and rows into a database."""
    async with database.transaction() as conn:
        await conn.run_sync(library.metadata.create_all)
        await conn.execute(
            insert(library.authors),
            [{"id": i, "name": name, "born": born} for i, name, born in AUTHOR_ROWS],
        )
        names = ("id", "title", "state", "author_id", "pages", "printed_at", "hidden")
        rows: list[dict[str, Any]] = [dict(zip(names, row, strict=True)) for row in ROWS]
        for row in rows:
            row["binding"] = {"colour": "red"} if row["id"] == "b1" else None
            row["tags"] = ["novel", "Regency"] if row["id"] == "b1" else []
            row["loans"] = [{"readerName": "Ann", "days": 3}] if row["id"] == "b2" else None
        await conn.execute(insert(library.books), rows)
        await conn.execute(
            insert(library.reviews),
            [{"id": i, "book_id": b, "stars": s} for i, b, s in REVIEW_ROWS],
        )
        await conn.execute(
            insert(library.shelved),
            [{"book_id": book, "author_id": author} for book, author in SHELVED_ROWS],
        )


@asynccontextmanager
async def client_of(database: Database) -> AsyncIterator[httpx.AsyncClient]:
    """Give a client of the library's API; ``client.shop`` is the handlers behind it."""
    app, shop = library.application(database, FixedClock())
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        client.shop = shop  # type: ignore[attr-defined]  # for tests that look at what arrived
        yield client


@pytest.fixture
async def stocked(database: Database) -> Database:
    """A database of the test's own with the library's tables and rows."""
    await stock(database)
    return database


@pytest.fixture
async def api(stocked: Database) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the library's API, for tests that write."""
    async with client_of(stocked) as client:
        yield client


@pytest_asyncio.fixture(params=["sqlite", "postgresql"], scope="module", loop_scope="module")
async def readable(request: pytest.FixtureRequest) -> AsyncIterator[httpx.AsyncClient]:
    """A client of one library for the whole module, for tests that only read."""
    async with AsyncExitStack() as stack:
        if request.param == "sqlite":
            url = request.getfixturevalue("sqlite_files").fresh()
        else:
            server = request.getfixturevalue("postgresql")
            url = await stack.enter_async_context(server.fresh())
        database = await stack.enter_async_context(opened(url))
        await stock(database)
        yield await stack.enter_async_context(client_of(database))
