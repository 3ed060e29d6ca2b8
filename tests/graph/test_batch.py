"""Batches: each request as itself, in the order that they depend on each other."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

BATCH = "/v1.0/$batch"
BOOKS = "/library/books"
JSON = {"Content-Type": "application/json"}


async def batch(api: httpx.AsyncClient, *requests: dict[str, Any]) -> dict[str, dict[str, Any]]:
    reply = await api.post(BATCH, json={"requests": list(requests)})
    assert reply.status_code == 200, reply.text
    return {response["id"]: response for response in reply.json()["responses"]}


async def test_each_request_has_its_own_answer(api: httpx.AsyncClient) -> None:
    replies = await batch(
        api,
        {"id": "1", "method": "GET", "url": f"{BOOKS}/b1?$select=title"},
        {"id": "2", "method": "GET", "url": f"{BOOKS}/nope"},
        {"id": "3", "method": "post", "url": BOOKS, "body": {"title": "New"}, "headers": JSON},
        {"id": "4", "method": "DELETE", "url": f"{BOOKS}/b2"},
    )

    assert replies["1"]["body"]["title"] == "Emma"
    assert replies["2"]["body"]["error"]["code"] == "ResourceNotFound"
    assert replies["3"]["headers"]["Location"] == "http://localhost/v1.0/library/books/book-New"
    assert (replies["3"]["status"], replies["4"]["status"]) == (201, 204)
    assert "body" not in replies["4"]


@pytest.mark.parametrize(
    "url",
    [
        "/library/books/b1",
        "library/books/b1",
        "/v1.0/library/books/b1",
        "http://localhost/v1.0/library/books/b1",
        "/library/books?$filter=title eq 'Emma'",
    ],
)
async def test_every_client_spells_the_url_in_its_way(api: httpx.AsyncClient, url: str) -> None:
    replies = await batch(api, {"id": "1", "method": "GET", "url": url, "depends_on": []})

    assert replies["1"]["status"] == 200


async def test_a_request_waits_for_those_that_it_depends_on(api: httpx.AsyncClient) -> None:
    replies = await batch(
        api,
        {"id": "read", "method": "GET", "url": f"{BOOKS}/book-New", "dependsOn": ["make"]},
        {
            "id": "make",
            "method": "POST",
            "url": BOOKS,
            "body": {"title": "New"},
            "headers": JSON,
        },
    )

    assert replies["read"]["body"]["title"] == "New"


async def test_what_depends_on_a_failure_is_not_carried_out(api: httpx.AsyncClient) -> None:
    replies = await batch(
        api,
        {"id": "1", "method": "GET", "url": f"{BOOKS}/nope"},
        {"id": "2", "method": "DELETE", "url": f"{BOOKS}/b1", "dependsOn": ["1"]},
        {"id": "3", "method": "GET", "url": f"{BOOKS}/b1", "depends_on": ["2"]},
    )

    assert [replies[i]["status"] for i in "123"] == [404, 424, 424]
    assert (await api.get(f"/v1.0{BOOKS}/b1")).status_code == 200


async def test_a_request_is_authorised_with_the_callers_headers(api: httpx.AsyncClient) -> None:
    asked = {"requests": [{"id": "1", "method": "GET", "url": f"{BOOKS}/b4"}]}

    hidden = (await api.post(BATCH, json=asked)).json()["responses"]
    seen = (await api.post(BATCH, json=asked, headers={"x-caller": "librarian"})).json()

    assert hidden[0]["status"] == 404
    assert seen["responses"][0]["status"] == 200


@pytest.mark.parametrize(
    ("envelope", "part"),
    [
        ([], "A batch is"),
        ({"requests": 5}, "A batch is"),
        ({"requests": [5]}, "is no object"),
        ({"requests": [{"method": "GET", "url": "/x"}]}, "lacks its 'id'"),
        ({"requests": [{"id": "1", "method": "GET"}]}, "lacks its 'url'"),
        ({"requests": [{"id": "1", "method": "BREW", "url": "/x"}]}, "no method"),
        (
            {"requests": [{"id": str(n), "method": "GET", "url": "/x"} for n in range(21)]},
            "at most",
        ),
        (
            {"requests": [{"id": i, "method": "GET", "url": "/x"} for i in ("a", "A")]},
            "more than one",
        ),
        (
            {"requests": [{"id": "1", "method": "GET", "url": "/x", "dependsOn": ["2"]}]},
            "not there",
        ),
        (
            {"requests": [{"id": "1", "method": "GET", "url": "/x", "dependsOn": ["1"]}]},
            "circle",
        ),
        ({"requests": [{"id": "1", "method": "POST", "url": "/$batch"}]}, "cannot hold a batch"),
        ({"requests": [{"id": "1", "method": "GET", "url": "/beta/x"}]}, "below it only"),
        ({"requests": [{"id": "1", "method": "GET", "url": "http://other/x"}]}, "this server"),
        (
            {"requests": [{"id": "1", "method": "POST", "url": "/x", "body": {}}]},
            "Content-Type",
        ),
        ({"requests": [{"id": "1", "method": "GET", "url": "/x", "headers": 5}]}, "headers"),
    ],
)
async def test_a_malformed_batch_is_refused_as_a_whole(
    api: httpx.AsyncClient, envelope: Any, part: str
) -> None:
    reply = await api.post(BATCH, json=envelope)

    assert reply.status_code == 400
    assert part in reply.json()["error"]["message"]
