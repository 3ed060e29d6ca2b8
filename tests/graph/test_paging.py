"""Paging while the collection changes."""

from __future__ import annotations

import base64
import json
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
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


@pytest.mark.parametrize("order", ["id", "title", "pages desc", "printedAt"])
@pytest.mark.parametrize(
    "value",
    [None, 1, True, 2**63, 10**400, 1e308, "x", "x\x00", "2026-01-05T09:00:00", [1], {"a": 1}],
)
async def test_a_made_up_position_is_refused_or_begins_somewhere(
    api: httpx.AsyncClient, order: str, value: Any
) -> None:
    length = 1 if order == "id" else 2
    token = base64.urlsafe_b64encode(json.dumps([1, [value] * length]).encode()).decode()

    reply = await api.get(BOOKS, params={"$orderby": order, "$skiptoken": token.rstrip("=")})

    assert reply.status_code in (200, 400)
    if reply.status_code == 400:
        assert reply.json()["error"]["message"] == "Skip token is not valid."


def row(number: int) -> dict[str, Any]:
    """Make a book whose properties often tie or are missing."""
    return {
        "id": f"n{number:03}",
        "title": f"Title {number % 3}",
        "state": "lent" if number % 2 else "onShelf",
        "pages": None if number % 4 == 0 else number % 5,
        "hidden": False,
    }


steps = st.lists(st.tuples(st.sampled_from(["insert", "delete"]), st.integers(0, 39)), max_size=3)


@settings(
    max_examples=30,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    start=st.sets(st.integers(0, 39), min_size=1, max_size=25),
    order=st.sampled_from(
        ["id", "title", "title desc", "pages", "pages desc,title", "state,id desc"]
    ),
    condition=st.sampled_from(["", "pages ne null", "state eq 'lent'", "not reviews/any()"]),
    size=st.integers(1, 7),
    changes=st.lists(steps, max_size=12),
)
async def test_each_row_is_shown_once_whatever_happens_to_others(
    api: httpx.AsyncClient,
    stocked: Database,
    start: set[int],
    order: str,
    condition: str,
    size: int,
    changes: list[list[tuple[str, int]]],
) -> None:
    """A row that is there from the first page to the last is shown once, any other at most once."""
    async with stocked.transaction() as conn:
        await conn.execute(delete(library.books))
        await conn.execute(insert(library.books), [row(n) for n in sorted(start)])
    present, stayed = set(start), set(start)
    params = {"$top": str(size), "$orderby": order}
    if condition:
        params["$filter"] = condition
    matching = {
        b["id"] for b in (await api.get(BOOKS, params={**params, "$top": "999"})).json()["value"]
    }
    page = (await api.get(BOOKS, params=params)).json()
    shown = [book["id"] for book in page["value"]]
    pending = iter(changes)
    while "@odata.nextLink" in page:
        async with stocked.transaction() as conn:
            for action, number in next(pending, []):
                if action == "insert" and number not in present:
                    await conn.execute(insert(library.books).values(row(number)))
                    present.add(number)
                elif action == "delete" and number in present:
                    name = row(number)["id"]
                    await conn.execute(delete(library.books).where(library.books.c.id == name))
                    present.discard(number)
                    stayed.discard(number)
        page = (await api.get(page["@odata.nextLink"])).json()
        shown += [book["id"] for book in page["value"]]

    lasting = {row(n)["id"] for n in stayed} & matching
    assert lasting <= set(shown)
    assert len(shown) == len(set(shown)), "a row that went and came again was shown twice"
