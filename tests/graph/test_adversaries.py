"""Input that is meant to hurt: answered with a clear 4xx, soon, and with nothing left behind."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from ostiary.graph.errors import BadRequest
from ostiary.graph.filter_syntax import parse
from ostiary.graph.paging import write_token

BOOKS = "/v1.0/library/books"

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.mark.parametrize(
    ("query", "part"),
    [
        ("$filter=" + " or ".join(["pages eq 1"] * 1_500), "longer than 8192 characters"),
        ("$filter=" + "(" * 3000 + "pages eq 1" + ")" * 3000, "nested deeper than 100"),
        ("$filter=" + "not " * 1000 + "pages eq 1", "nested deeper than 100"),
        ("$top=99999999999999999999", "non-negative integer"),
        ("$top=1e3", "non-negative integer"),
        ("$skip=-1", "non-negative integer"),
        ("$filter=pages eq 99999999999999999999999", "cannot convert"),
        ("$select=" + ",".join(["nope"] * 2000), "Could not find a property"),
        ("$expand=" + "author($expand=books($expand=" * 200 + "author" + "))" * 200, "deeper"),
        ("$filter=title eq '%FF'&$top=1&$top=2", "given twice"),
    ],
)
async def test_an_option_that_is_meant_to_hurt_is_refused(
    readable: httpx.AsyncClient, query: str, part: str
) -> None:
    reply = await readable.get(f"{BOOKS}?{query}")

    assert reply.status_code == 400, reply.text[:300]
    assert part in reply.json()["error"]["message"]


async def test_a_huge_page_is_capped(readable: httpx.AsyncClient) -> None:
    reply = await readable.get(f"{BOOKS}?$top=999999999")

    assert reply.status_code == 200
    assert len(reply.json()["value"]) == 4


@pytest.mark.parametrize(
    "path",
    ["/v1.0/" + "a/" * 3000, "/v1.0/library/books('" + "x" * 20_000 + "')", "/v1.0/%FF%FE/x"],
)
async def test_an_endless_path_is_an_ordinary_refusal(
    readable: httpx.AsyncClient, path: str
) -> None:
    assert (await readable.get(path)).status_code in (400, 404)


@pytest.mark.parametrize(
    "body",
    [
        b'{"title":' * 5000,
        b'{"title": "a", "title": "b"}',
        b'{"title": "a", "TITLE": "b"}',
        b'{"title": "a", "binding": {"colour": "red", "colour": "blue"}}',
        b'{"title": "\xff"}',
        b'{"title": "\\ud800"}',
        b'{"title": "x\\u0000y"}',
        b'{"title": ' + b"9" * 100_000 + b"}",
        b'{"title": "x", "binding": ' + b'{"binding":' * 900 + b"1" + b"}" * 901,
        b'"' + b"x" * 100_000 + b'"',
    ],
)
async def test_a_body_that_is_meant_to_hurt_is_refused(
    readable: httpx.AsyncClient, body: bytes
) -> None:
    headers = {"content-type": "application/json"}

    reply = await readable.post(BOOKS, content=body, headers=headers)

    assert reply.status_code == 400, reply.text[:300]
    assert reply.json()["error"]["message"]


async def test_a_request_that_breaks_off_is_not_carried_out(readable: httpx.AsyncClient) -> None:
    assert isinstance(readable._transport, httpx.ASGITransport)
    arrived = iter([b'{"title": "Half"}', None])
    told: list[Any] = []

    async def receive() -> dict[str, Any]:
        part = next(arrived)
        if part is None:
            return {"type": "http.disconnect"}
        return {"type": "http.request", "body": part, "more_body": True}

    async def send(message: Any) -> None:
        told.append(message)

    headers = [(b"host", b"localhost"), (b"content-length", b"99")]
    scope = {"type": "http", "method": "POST", "path": BOOKS, "headers": headers}
    await readable._transport.app(scope, receive, send)

    assert told[0]["status"] == 400
    found = await readable.get(f"{BOOKS}?$filter=title eq 'Half'")
    assert found.json()["value"] == []


@pytest.mark.parametrize("order", ["id", "printedAt", "pages", "title"])
@pytest.mark.parametrize(
    "value", [5, 2**40, True, 1.5, "x\0", "2026-01-01T00:00:00", ["x"], {"x": 1}, None]
)
async def test_a_token_of_a_page_that_was_not_made_here_breaks_nothing(
    readable: httpx.AsyncClient, order: str, value: object
) -> None:
    position = [value] if order == "id" else [value, "b1"]
    fits = isinstance(value, int) and value == 5 and order == "pages"
    fits |= value == "2026-01-01T00:00:00" and order in ("id", "title")
    fits |= value is None and order in ("pages", "printedAt")

    params = {"$orderby": order, "$skiptoken": write_token(position)}
    reply = await readable.get(BOOKS, params=params)

    assert reply.status_code == (200 if fits else 400), reply.text


async def test_a_filter_of_ten_thousand_clauses_is_refused_at_once() -> None:
    with pytest.raises(BadRequest, match="longer than"):
        parse(" or ".join(["pages eq 1"] * 10_000))
