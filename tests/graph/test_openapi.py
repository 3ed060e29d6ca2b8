"""The OpenAPI document tells the same as the declarations."""

from __future__ import annotations

import httpx
import pytest

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_the_document_describes_paths_bodies_and_replies(readable: httpx.AsyncClient) -> None:
    document = (await readable.get("/v1.0/openapi.json")).json()

    assert document["openapi"] == "3.1.0"
    assert document["servers"] == [{"url": "http://localhost/v1.0"}]
    paths = document["paths"]
    assert set(paths["/library/books"]) == {"parameters", "get", "post"}
    assert set(paths["/library/books/{book-id}"]) == {"parameters", "get", "patch", "delete"}
    assert "/library/books/{book-id}/lend" in paths
    assert "/library/books/filterByCurrentUser(on='{on}')" in paths
    assert paths["/library/books/{book-id}/reviews"]["parameters"][0]["name"] == "book-id"
    schemas = document["components"]["schemas"]
    body = schemas["microsoft.graph.book.body"]
    assert body["required"] == ["title"]
    assert "printedAt" not in body["properties"]
    assert "printedAt" in schemas["microsoft.graph.book"]["properties"]
    choices = schemas["microsoft.graph.binding.body"]["anyOf"]
    assert {c["properties"]["@odata.type"]["const"] for c in choices} == {
        "#microsoft.graph.hardCover",
        "#microsoft.graph.paperback",
    }


async def test_the_document_of_beta_speaks_the_vocabulary_of_beta(
    readable: httpx.AsyncClient,
) -> None:
    document = (await readable.get("/beta/openapi.json")).json()

    assert "/library/libraryBooks" in document["paths"]
    properties = document["components"]["schemas"]["microsoft.graph.book"]["properties"]
    assert "bookStatus" in properties
    assert "state" not in properties
