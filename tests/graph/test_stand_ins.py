"""Singletons that stand for an entity, and links whose pairs are worked out as they are needed."""

from __future__ import annotations

import httpx
import pytest

pytestmark = pytest.mark.asyncio(loop_scope="module")

AUSTEN = {"x-caller": "a1"}
O_BRIEN = {"x-caller": "a2"}


async def test_a_singleton_answers_as_the_entity_that_it_stands_for(
    readable: httpx.AsyncClient,
) -> None:
    reply = await readable.get("/v1.0/myself?$select=name&$expand=books", headers=AUSTEN)

    assert reply.json()["name"] == "Jane Austen"
    assert {book["title"] for book in reply.json()["books"]} == {"Emma", "persuasion"}
    assert reply.json()["@odata.context"].endswith("#writers(name,books())/$entity")
    assert "ETag" in reply.headers


async def test_every_path_below_such_a_singleton_works(readable: httpx.AsyncClient) -> None:
    name = await readable.get("/v1.0/myself/name", headers=AUSTEN)
    count = await readable.get("/v1.0/myself/books/$count", headers=AUSTEN)
    page = await readable.get("/v1.0/myself/books?$top=1", headers=AUSTEN)

    assert name.json()["value"] == "Jane Austen"
    assert count.text == "2"
    assert "/v1.0/myself/books?" in page.json()["@odata.nextLink"]


async def test_who_has_no_entity_is_told_by_the_declaration(readable: httpx.AsyncClient) -> None:
    reply = await readable.get("/v1.0/myself/books")

    assert reply.status_code == 404
    assert reply.json()["error"]["message"] == "A reader is no author."


async def test_pairs_that_are_worked_out_serve_paths_casts_and_expansions(
    readable: httpx.AsyncClient,
) -> None:
    below = await readable.get("/v1.0/myself/shelf", headers=O_BRIEN)
    chosen = await readable.get("/v1.0/myself/shelf?$filter=title eq 'x'", headers=O_BRIEN)
    count = await readable.get("/v1.0/library/authors/a2/shelf/$count")
    expanded = await readable.get("/v1.0/library/authors?$expand=shelf($top=1)")

    assert [book["title"] for book in below.json()["value"]] == ["Emma"]
    assert chosen.json()["value"] == []
    assert count.text == "1"
    assert [len(author["shelf"]) for author in expanded.json()["value"]] == [0, 1]


@pytest.mark.parametrize(
    ("condition", "names"),
    [
        ("shelf/any(b: b/title eq 'Emma')", ["a2"]),
        ("shelf/any(b: b/title ne 'Emma')", []),
        ("shelf/any()", ["a2"]),
        ("not shelf/any()", ["a1"]),
        ("shelf/all(b: b/state eq 'lent')", ["a1"]),
        ("shelf/any(b: b/reviews/any(r: r/stars eq 3)) and born gt 1900", ["a2"]),
        ("books/any(b: b/shelvedBy/any(a: a/shelf/any(c: c/id eq 'b1')))", ["a1"]),
    ],
)
async def test_a_filter_crosses_pairs_that_are_worked_out(
    readable: httpx.AsyncClient, condition: str, names: list[str]
) -> None:
    reply = await readable.get("/v1.0/library/authors", params={"$filter": condition})

    assert [author["id"] for author in reply.json()["value"]] == names


@pytest.mark.parametrize(
    "options",
    [
        {"$filter": "shelf/title eq 'Emma'"},
        {"$filter": "shelf/$count eq 1"},
        {"$filter": "shelf/any(b: b/title eq name)"},
        {"$filter": "shelf/any(b: b/reviews/any(r: startswith(name,'J')))"},
        {"$orderby": "shelf/title"},
    ],
)
async def test_pairs_that_are_worked_out_are_not_worked_out_for_each_row(
    readable: httpx.AsyncClient, options: dict[str, str]
) -> None:
    reply = await readable.get("/v1.0/library/authors", params=options)

    assert reply.status_code == 400
    assert reply.json()["error"]["target"] == "shelf"
