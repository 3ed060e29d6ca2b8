"""Selecting parts of complex properties by paths."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.graph.test_reads import BOOKS

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.mark.parametrize(
    ("select", "shown"),
    [
        ("binding/colour", {"binding": {"colour": "red"}}),
        ("Binding/Colour,title", {"title": "Emma", "binding": {"colour": "red"}}),
        ("binding/weightInGrams", {"binding": {}}),
        ("binding/microsoft.graph.hardCover/colour", {"binding": {"colour": "red"}}),
        ("binding,binding/weightInGrams", {"binding": {"colour": "red"}}),
    ],
)
@pytest.mark.parametrize("root", ["v1.0", "beta"])
async def test_a_path_selects_only_that_part_of_a_complex_property(
    readable: httpx.AsyncClient, root: str, select: str, shown: dict[str, Any]
) -> None:
    url = f"/{root}/library/books"

    one = (await readable.get(f"{url}/b1?$select={select}")).json()
    page = (await readable.get(f"{url}?$select={select}&$filter=id eq 'b1'")).json()["value"][0]

    typed = {"@odata.type": "#microsoft.graph.hardCover", **shown["binding"]}
    assert page == {"id": "b1", **shown, "binding": typed}
    assert {name: value for name, value in one.items() if "@" not in name} == page


async def test_a_path_selects_within_each_element_and_within_expansions(
    readable: httpx.AsyncClient,
) -> None:
    url = "/beta/library/books/b2?$select=loans/days"
    inner = "/v1.0/library/authors/a1?$expand=books($select=loans/readerName;$filter=id eq 'b2')"

    loans = (await readable.get(url)).json()["loans"]
    (book,) = (await readable.get(inner)).json()["books"]

    assert loans == [{"days": 3}]
    assert book == {"id": "b2", "loans": [{"readerName": "Ann"}]}


async def test_a_path_through_a_navigation_narrows_its_expansion(
    readable: httpx.AsyncClient,
) -> None:
    url = "/v1.0/library/books/b1?$select=title,author/name&$expand=author"

    body = (await readable.get(url)).json()

    assert body["author"] == {"id": "a1", "name": "Jane Austen"}
    assert body["@odata.context"].endswith("#library/books(title,author/name,author(name))/$entity")


async def test_the_context_names_selected_parts_as_paths(readable: httpx.AsyncClient) -> None:
    body = (await readable.get("/beta/library/books?$select=bookStatus,loans/days")).json()

    assert body["@odata.context"].endswith("#library/libraryBooks(bookStatus,loans/days)")


async def test_a_path_to_no_part_is_refused_by_name(readable: httpx.AsyncClient) -> None:
    for path in ("title/length", "binding/lining", "loans/days/hours"):
        reply = await readable.get(f"{BOOKS}?$select={path}")

        assert reply.status_code == 400
        assert f"'{path}'" in reply.json()["error"]["message"]
