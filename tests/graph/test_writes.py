"""Writes through the engine: bodies, references, operations, and what is refused."""

from __future__ import annotations

import gzip
from datetime import timedelta
from typing import Any

import httpx
import pytest

from tests.graph.books import LendParameters

NEW = b'{"title": "Packed", "state": "onShelf"}'
BOOKS = "/v1.0/library/books"


async def test_a_new_entity_is_answered_with_itself_and_its_place(api: httpx.AsyncClient) -> None:
    reply = await api.post(BOOKS, json={"title": "Ulysses", "state": "LENT"})

    assert reply.status_code == 201
    assert reply.headers["location"] == "http://localhost/v1.0/library/books/book-Ulysses"
    body = reply.json()
    assert body["@odata.context"] == "http://localhost/v1.0/$metadata#library/books/$entity"
    assert body["state"] == "lent"
    assert (await api.get(reply.headers["location"])).json()["title"] == "Ulysses"


@pytest.mark.parametrize(
    ("body", "target", "part"),
    [
        ({}, "title", "is required"),
        ({"title": 5}, "title", "must be a string"),
        ({"title": None}, "title", "null is not a valid value"),
        ({"title": "x", "titel": "y"}, "titel", "Did you mean 'title'?"),
        ({"title": "x", "Title": "y"}, "Title", "given twice"),
        ({"title": "x", "pages": "many"}, "pages", "must be a whole number"),
        ({"title": "x", "pages": 2**40}, "pages", "must lie between"),
        ({"title": "x", "state": "gone"}, "state", "must be one of 'onShelf', 'lent'"),
        ({"title": "x", "state": 5}, "state", "must be a string"),
        ({"title": "x", "loanPeriod": "PT"}, "loanPeriod", "is not a duration"),
        ({"title": "x", "loanPeriod": "P1Y"}, "loanPeriod", "is not a duration"),
        (
            {"title": "x", "loanPeriod": "P1D", "durationOfLoan": "P2D"},
            "loanPeriod",
            "are the same property",
        ),
        ({"title": "x", "binding": {}}, "binding/@odata.type", "#microsoft.graph.hardCover"),
        (
            {"title": "x", "binding": {"@odata.type": "#microsoft.graph.scroll"}},
            "binding/@odata.type",
            "must be one of",
        ),
        (
            {"title": "x", "binding": {"@odata.type": "graph.hardCover", "colour": 5}},
            "binding/colour",
            "must be a string",
        ),
        ({"title": "x", "binding": []}, "binding", "must be an object"),
        ({"title": "x", "reviews": {}}, "reviews", "must be an array"),
    ],
)
async def test_a_body_that_does_not_fit_names_the_property_and_what_would_be_right(
    api: httpx.AsyncClient, body: dict[str, Any], target: str, part: str
) -> None:
    reply = await api.post(BOOKS, json=body)

    assert reply.status_code == 400
    error = reply.json()["error"]
    assert (error["code"], error["target"]) == ("InvalidModel", target)
    assert part in error["message"]


@pytest.mark.parametrize(
    "body",
    [
        {"TITLE": "x", "@odata.type": "#microsoft.graph.book"},
        {"title": "x", "@odata.context": "whatever", "author@odata.context": 5},
        {"title": "x", "id": "mine", "printedAt": None},
        {"title": "x", "binding": {"@odata.type": "microsoft.graph.HardCover"}},
        {"title": "x", "binding": {"@@odata.type": "#microsoft.graph.microsoft.graph.hardCover"}},
        {"title": "x", "loanPeriod": "1 day, 2:00:00"},
        {"title": "x", "author": {"id": "a1"}},
        {"title": "x", "author@odata.bind": "https://graph.microsoft.com/v1.0/authors('a1')"},
        {"title": "x", "bookStatus": "Lent", "state": "lent"},
        {"title": "x", "colophon": "a stray of a published sample"},
        {"value": {"title": "x"}},
    ],
)
async def test_documented_spellings_are_read(api: httpx.AsyncClient, body: dict[str, Any]) -> None:
    reply = await api.post(BOOKS, json=body)

    assert reply.status_code == 201, reply.text
    assert reply.json()["id"] == "book-x"


@pytest.mark.parametrize(
    ("content", "headers", "status", "part"),
    [
        (b"", {}, 400, "Empty Payload"),
        (b"{", {"content-type": "application/json"}, 400, "Unable to read JSON"),
        (b"[]", {"content-type": "application/json"}, 400, "must be a JSON object"),
        (b"\xff", {"content-type": "application/json"}, 400, "Unable to read JSON"),
        (b"[" * 5000, {"content-type": "application/json"}, 400, "Unable to read JSON"),
        (b"a=b", {"content-type": "application/x-www-form-urlencoded"}, 415, "JSON"),
        (b" " * (2**20 + 1), {}, 413, "larger than"),
    ],
)
async def test_a_body_that_is_not_json_is_refused(
    api: httpx.AsyncClient, content: bytes, headers: dict[str, str], status: int, part: str
) -> None:
    reply = await api.post(BOOKS, content=content, headers=headers)

    assert reply.status_code == status
    assert part in reply.json()["error"]["message"]


async def test_a_patch_answers_204_or_on_request_the_entity(api: httpx.AsyncClient) -> None:
    quiet = await api.patch(f"{BOOKS}/b1", json={"title": "Emma II"})
    prefer = {"prefer": "return=representation"}
    loud = await api.patch(f"{BOOKS}/b1", json={"binding": {"colour": "blue"}}, headers=prefer)

    assert (quiet.status_code, quiet.content) == (204, b"")
    assert loud.status_code == 200
    assert loud.headers["preference-applied"] == "return=representation"
    assert loud.json()["title"] == "Emma II"
    assert loud.json()["binding"]["colour"] == "blue"


async def test_a_patch_may_repeat_a_read_only_value_and_not_change_it(
    api: httpx.AsyncClient,
) -> None:
    same = await api.patch(f"{BOOKS}/b1", json={"printedAt": "1815-12-23T01:00:00+01:00"})
    other = await api.patch(f"{BOOKS}/b1", json={"printedAt": "1900-01-01T00:00:00Z"})

    assert same.status_code == 204
    assert other.status_code == 400
    assert "read-only" in other.json()["error"]["message"]


@pytest.mark.parametrize("name", ["lend", "microsoft.graph.lend", "LEND"])
async def test_an_action_gets_its_parameters(api: httpx.AsyncClient, name: str) -> None:
    reply = await api.post(f"{BOOKS}/b1/{name}", json={"reader": "Ann", "period": "P14D"})

    assert reply.status_code == 204
    shop = api.shop  # type: ignore[attr-defined]  # the fixture's
    assert shop.lent == ("b1", LendParameters(reader="Ann", period=timedelta(days=14)))


@pytest.mark.parametrize("body", [b"", b" ", b"{}", b'{"@odata.type": "#microsoft.graph.renew"}'])
async def test_an_action_without_parameters_takes_a_body_that_says_nothing(
    api: httpx.AsyncClient, body: bytes
) -> None:
    reply = await api.post(f"{BOOKS}/b1/renew", content=body)

    assert reply.status_code == 204
    assert api.shop.renewed == "b1"  # type: ignore[attr-defined]  # the fixture's


@pytest.mark.parametrize(
    ("body", "code", "target"),
    [
        (b'{"days": 14}', "InvalidModel", "days"),
        (b'["days"]', "InvalidModel", None),
        (b"{", "BadRequest", None),
    ],
)
async def test_an_action_without_parameters_refuses_what_it_would_ignore(
    api: httpx.AsyncClient, body: bytes, code: str, target: str | None
) -> None:
    reply = await api.post(f"{BOOKS}/b1/renew", content=body)

    assert reply.status_code == 400
    error = reply.json()["error"]
    assert (error["code"], error.get("target")) == (code, target)
    assert not hasattr(api.shop, "renewed")  # type: ignore[attr-defined]  # the fixture's


async def test_references_are_added_listed_and_removed(api: httpx.AsyncClient) -> None:
    links = f"{BOOKS}/b1/shelvedBy"
    url = "https://graph.microsoft.com/v1.0/library/authors/a1"

    added = await api.post(f"{links}/$ref", json={"@odata.id": url})
    listed = (await api.get(f"{links}/$ref")).json()["value"]
    removed = await api.delete(f"{links}/a2/$ref")
    by_query = await api.delete(f"{links}/$ref?@id={url}")
    left = (await api.get(links)).json()["value"]

    assert (added.status_code, removed.status_code, by_query.status_code) == (204, 204, 204)
    assert [r["@odata.id"].rsplit("/", 1)[-1] for r in listed] == ["a1", "a2"]
    assert left == []


async def test_a_method_that_a_place_does_not_offer_lists_those_that_it_does(
    api: httpx.AsyncClient,
) -> None:
    reply = await api.put(BOOKS, json={})

    assert reply.status_code == 405
    assert reply.headers["allow"] == "GET, POST"
    assert (await api.request("TRACE", BOOKS)).status_code == 405
    assert (await api.delete("/v1.0/library/authors/a1")).headers["allow"] == "GET"


@pytest.mark.parametrize(
    ("encoding", "body", "status"),
    [
        pytest.param("gzip", gzip.compress(NEW), 201, id="packed"),
        pytest.param("GZIP", gzip.compress(b"{}"), 400, id="empty"),
        pytest.param("identity", NEW, 201, id="plain"),
        pytest.param("gzip", NEW, 400, id="not packed"),
        pytest.param("gzip", gzip.compress(NEW)[:-4], 400, id="cut off"),
        pytest.param("gzip", gzip.compress(b" " * 2_000_000), 413, id="large"),
        pytest.param("br", NEW, 415, id="packed in another way"),
    ],
)
async def test_a_body_may_be_compressed_with_gzip(
    api: httpx.AsyncClient, encoding: str, body: bytes, status: int
) -> None:
    headers = {"content-type": "application/json", "content-encoding": encoding}

    assert (await api.post(BOOKS, content=body, headers=headers)).status_code == status
