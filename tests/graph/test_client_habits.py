"""What published clients do that a strict reading of the protocol would not expect."""

from __future__ import annotations

import httpx
import pytest

BOOKS = "/v1.0/library/books"

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_option_names_and_parentheses_may_be_encoded(readable: httpx.AsyncClient) -> None:
    url = f"{BOOKS}?%24expand=author%28%24select%3Dname%29&%24filter=id%20eq%20%27b1%27&%24top=1"

    (book,) = (await readable.get(url)).json()["value"]

    assert book["author"]["name"] == "Jane Austen"


async def test_option_names_may_lack_the_dollar_and_be_in_any_case(
    readable: httpx.AsyncClient,
) -> None:
    reply = await readable.get(f"{BOOKS}?Filter=title eq 'Emma'&SELECT=id&utm_source=x")

    assert [b["id"] for b in reply.json()["value"]] == ["b1"]


@pytest.mark.parametrize(
    "accept",
    [
        "*/*",
        "application/json",
        "application/json;odata.metadata=minimal;odata.streaming=False;IEEE754Compatible=False",
        "application/json; charset=utf-8; IEEE754Compatible=false",
        "text/html, application/json;q=0.9",
    ],
)
async def test_accept_may_carry_parameters(readable: httpx.AsyncClient, accept: str) -> None:
    reply = await readable.get(f"{BOOKS}/b1", headers={"accept": accept})

    assert reply.status_code == 200
    assert reply.headers["content-type"].startswith("application/json")


async def test_the_next_page_is_at_the_host_that_the_client_used(
    readable: httpx.AsyncClient,
) -> None:
    reply = await readable.get(f"{BOOKS}?$top=1", headers={"host": "governance.test:8443"})

    assert reply.json()["@odata.nextLink"].startswith("http://governance.test:8443/v1.0/library/")


@pytest.mark.parametrize("literal", ["'b1'", "'B1'"])
async def test_identifiers_are_compared_as_they_are(
    readable: httpx.AsyncClient, literal: str
) -> None:
    found = (await readable.get(f"{BOOKS}?$filter=id eq {literal}")).json()["value"]

    assert [b["id"] for b in found] == (["b1"] if literal == "'b1'" else [])


@pytest.mark.parametrize(
    ("asked", "applied"),
    [
        ("odata.maxpagesize=2", "odata.maxpagesize=2"),
        ("maxpagesize=2, wait=5", "odata.maxpagesize=2"),
        ("include-unknown-enum-members", "include-unknown-enum-members"),
        (
            "odata.maxpagesize=2, include-unknown-enum-members",
            "include-unknown-enum-members, odata.maxpagesize=2",
        ),
        ("odata.maxpagesize=0", None),
        ("respond-async", None),
    ],
)
async def test_the_preferences_that_were_honoured_are_named(
    readable: httpx.AsyncClient, asked: str, applied: str | None
) -> None:
    reply = await readable.get(BOOKS, headers={"prefer": asked})

    assert reply.headers.get("preference-applied") == applied


async def test_a_client_that_only_wants_the_head_gets_it(readable: httpx.AsyncClient) -> None:
    reply = await readable.head(f"{BOOKS}/b1")

    assert (reply.status_code, reply.content) == (200, b"")


async def test_the_callers_request_id_is_repeated(readable: httpx.AsyncClient) -> None:
    reply = await readable.get(f"{BOOKS}/nope", headers={"client-request-id": "mine"})

    inner = reply.json()["error"]["innerError"]
    assert reply.headers["client-request-id"] == inner["client-request-id"] == "mine"
    assert reply.headers["request-id"] == inner["request-id"] != "mine"
