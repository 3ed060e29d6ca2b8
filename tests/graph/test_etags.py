"""Entity tags: who writes what has changed meanwhile is told so."""

from __future__ import annotations

import asyncio

import httpx
import pytest

BOOK = "/v1.0/library/books/b1"


async def tag(api: httpx.AsyncClient, path: str = BOOK) -> str:
    return str((await api.get(path)).headers["etag"])


async def test_the_tag_is_the_same_below_either_root_and_with_any_selection(
    api: httpx.AsyncClient,
) -> None:
    whole = await api.get(BOOK)
    same = [f"{BOOK}?$select=title", f"{BOOK}?$expand=author", "/beta/library/books/b1"]

    assert whole.json()["@odata.etag"] == whole.headers["etag"]
    assert {await tag(api, path) for path in same} == {whole.headers["etag"]}


async def test_a_write_passes_with_the_present_tag_only(api: httpx.AsyncClient) -> None:
    old = await tag(api)

    first = await api.patch(BOOK, json={"title": "II"}, headers={"if-match": old})
    second = await api.patch(BOOK, json={"title": "III"}, headers={"if-match": old})
    third = await api.delete(BOOK, headers={"if-match": old})

    assert (first.status_code, second.status_code, third.status_code) == (204, 412, 412)
    assert second.json()["error"]["code"] == "PreconditionFailed"
    assert (await api.get(BOOK)).json()["title"] == "II"
    assert (await api.delete(BOOK, headers={"if-match": "*"})).status_code == 204


async def test_of_writes_at_the_same_time_with_the_same_tag_one_passes(
    api: httpx.AsyncClient,
) -> None:
    old = await tag(api)

    replies = await asyncio.gather(
        *(
            api.patch(BOOK, json={"title": f"Part {number}"}, headers={"if-match": old})
            for number in range(5)
        )
    )

    assert sorted(reply.status_code for reply in replies) == [204, 412, 412, 412, 412]


async def test_who_may_not_write_is_not_told_by_a_tag_whether_something_is_there(
    api: httpx.AsyncClient,
) -> None:
    forbidden = [
        await api.patch(f"/v1.0/library/books/{book}", json={"title": "x"}, headers=headers)
        for book in ("b1", "nope")
        for headers in (
            {"x-caller": "stranger"},
            {"x-caller": "stranger", "if-match": "*"},
            {"x-caller": "stranger", "if-match": '"x"'},
        )
    ]

    assert {reply.status_code for reply in forbidden} == {403}


async def test_an_unchanged_entity_is_not_sent_again(api: httpx.AsyncClient) -> None:
    reply = await api.get(BOOK, headers={"if-none-match": f'"x", {await tag(api)}'})

    assert (reply.status_code, reply.content) == (304, b"")


@pytest.mark.parametrize("header", ["abc", '"a" "b"'])
async def test_a_malformed_tag_is_refused(api: httpx.AsyncClient, header: str) -> None:
    reply = await api.patch(BOOK, json={"title": "x"}, headers={"if-match": header})

    assert reply.status_code == 400


async def test_a_tag_for_what_is_not_there_is_not_found(api: httpx.AsyncClient) -> None:
    reply = await api.delete("/v1.0/library/books/nope", headers={"if-match": "*"})

    assert reply.status_code == 404
