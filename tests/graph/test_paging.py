"""Paging while the collection changes."""

from __future__ import annotations

import httpx
from sqlalchemy import delete, insert

from ostiary.storage.database import Database
from tests.graph import library

BOOKS = "/v1.0/library/books"


async def test_rows_that_come_and_go_between_pages_neither_hide_nor_repeat_others(
    api: httpx.AsyncClient, stocked: Database
) -> None:
    first = (await api.get(BOOKS, params={"$top": "2"})).json()
    async with stocked.transaction() as conn:
        await conn.execute(delete(library.books).where(library.books.c.id == "b1"))
        row = {"id": "b0", "title": "New", "state": "lent", "hidden": False}
        await conn.execute(insert(library.books).values(row))

    rest = (await api.get(first["@odata.nextLink"])).json()

    assert [b["id"] for b in rest["value"]] == ["b3", "b5"]
