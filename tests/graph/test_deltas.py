"""What a delta function is asked and answers, whatever it is that changed."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from ostiary.graph.deltas import read
from ostiary.graph.errors import BadRequest
from tests.graph.books import Book

URL = "/v1.0/library/books/delta"


async def test_changes_are_written_with_what_is_gone_and_the_link_to_go_on_by(
    api: httpx.AsyncClient,
) -> None:
    page = (await api.get(f"{URL}?$select=title,shelvedBy")).json()

    assert page["@odata.context"] == (
        "http://localhost/v1.0/$metadata#library/books(title,shelvedBy)"
    )
    assert page["@odata.nextLink"] == f"http://localhost{URL}?$skiptoken=more"
    assert page["value"] == [
        {
            "id": "b1",
            "title": "Emma",
            "shelvedBy@delta": [
                {"@odata.type": "#microsoft.graph.author", "id": "a1"},
                {
                    "@odata.type": "#microsoft.graph.author",
                    "id": "a2",
                    "@removed": {"reason": "deleted"},
                },
            ],
        },
        {"id": "b7", "@removed": {"reason": "deleted"}},
    ]
    last = (await api.get(page["@odata.nextLink"])).json()
    assert last["@odata.deltaLink"] == f"http://localhost{URL}?$deltatoken=next"
    assert "@odata.nextLink" not in last


async def test_the_links_are_there_without_metadata(api: httpx.AsyncClient) -> None:
    page = (await api.get(URL, headers={"Accept": "application/json;odata.metadata=none"})).json()

    assert "@odata.context" not in page
    assert "@odata.nextLink" in page


async def test_a_token_that_is_no_longer_served_is_gone_and_says_where_to_begin(
    api: httpx.AsyncClient,
) -> None:
    reply = await api.get(f"{URL}?$deltatoken=old")

    assert reply.status_code == 410
    assert reply.json()["error"]["code"] == "resyncRequired"
    assert reply.headers["Location"] == f"http://localhost{URL}"


async def test_the_options_reach_the_handler(api: httpx.AsyncClient) -> None:
    prefer = {"Prefer": "odata.maxpagesize=7"}

    await api.get(f"{URL}?$select=title&$filter=id in ('B1','b2')", headers=prefer)

    asked = api.shop.asked  # type: ignore[attr-defined]  # the library behind the client
    assert asked.select == ("title",)
    assert asked.ids == ("b1", "b2")
    assert asked.page == 7


def test_a_fresh_query_has_the_options_that_were_frozen() -> None:
    asked = read([("$select", "title,state"), ("$filter", "id eq 'b1' or id eq 'b2'")], Book, "/d")

    location = asked.resync().context["location"]

    assert location == "/d?$select=title,state&$filter=id%20eq%20%27b1%27%20or%20id%20eq%20%27b2%27"


@pytest.mark.parametrize("name", ["$expand", "$top", "$orderby", "$skip", "$count", "$search"])
def test_options_that_delta_queries_do_not_have_are_refused(name: str) -> None:
    values = {"$expand": "author", "$orderby": "title", "$count": "true"}

    with pytest.raises(BadRequest, match="not supported by delta queries") as refusal:
        read([(name, values.get(name, "1"))], Book, "/d")

    assert refusal.value.target == name


@pytest.mark.parametrize(
    "pairs",
    [
        [("$filter", "title eq 'Emma'")],
        [("$filter", "id ne 'b1'")],
        [("$filter", "id eq 'b1' and id eq 'b2'")],
        [("$filter", "id eq title")],
        [("$filter", f"id in ({','.join(repr(str(n)) for n in range(51))})")],
        [("$select", "title"), ("$deltatoken", "x")],
        [("$filter", "id eq 'b1'"), ("$skiptoken", "x")],
        [("$skiptoken", "x"), ("$deltatoken", "y")],
    ],
)
def test_what_cannot_be_tracked_is_refused(pairs: list[tuple[str, str]]) -> None:
    with pytest.raises(BadRequest):
        read(pairs, Book, "/d")


@pytest.mark.parametrize(
    ("pairs", "token"),
    [
        ([("$deltatoken", "")], None),
        ([("deltatoken", "latest"), ("$select", "title")], "latest"),
        ([("$skipToken", "")], None),
    ],
)
def test_an_empty_token_is_none_and_latest_takes_options(
    pairs: list[tuple[str, str]], token: Any
) -> None:
    assert read(pairs, Book, "/d").deltatoken == token
