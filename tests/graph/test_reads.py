"""Reads through the engine: paths, query options, paging, representations."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

BOOKS = "/v1.0/library/books"
pytestmark = pytest.mark.asyncio(loop_scope="module")


async def ids(readable: httpx.AsyncClient, url: str, **params: str) -> list[str]:
    reply = await readable.get(url, params=params or None)
    assert reply.status_code == 200, reply.text
    return [item["id"] for item in reply.json()["value"]]


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("title eq 'EMMA'", ["b1"]),
        ("title eq 'O''Brien''s Tale'", ["b3"]),
        ("contains(tolower(title),'suas')", ["b2"]),
        ("contains(title,'0%')", ["b5"]),
        ("startsWith(title,'per') or endsWith(title,'tale')", ["b2", "b3"]),
        ("not startswith(title,'per')", ["b1", "b3", "b5"]),
        ("state eq 'Lent'", ["b2", "b5"]),
        ("bookStatus eq 'OnShelf'", ["b1", "b3"]),
        ("state in ('lent','onShelf') and pages gt 200", ["b1", "b2"]),
        ("pages eq null", ["b3"]),
        ("pages ne null", ["b1", "b2", "b5"]),
        ("pages ne 10", ["b1", "b2"]),
        ("printedAt ge 1816-01-01T00:00:00Z", ["b2"]),
        ("year(printedAt) eq 1815", ["b1"]),
        ("author/name eq 'jane austen'", ["b1", "b2"]),
        ("author/born lt 1900 and pages lt 300", ["b2"]),
        ("reviews/any(r: r/stars eq 3)", ["b1"]),
        ("reviews/any()", ["b1", "b2"]),
        ("reviews/all(r: r/stars gt 3)", ["b2", "b3", "b5"]),
        ("reviews/$count eq 2", ["b1"]),
        ("shelvedBy/any(a: a/name eq 'Flann O''Brien')", ["b1"]),
        ("length(title) le 4", ["b1"]),
        ("300 lt pages", ["b1"]),
        ("shelvedBy/any(a: a/books/any(b: b/title eq 'O''Brien''s Tale'))", ["b1"]),
        ("author/books/any(b: b/pages gt pages)", ["b2"]),
        ("author/books/any(b: b/pages lt $it/pages)", ["b1"]),
        (
            "author/books/any(b: b/reviews/any(r: r/stars eq 4 and b/pages gt r/stars))",
            ["b1", "b2"],
        ),
        ("author/books/any(b: b/tags/any(t: t eq 'novel'))", ["b1", "b2"]),
        ("author/books/any(b: b/reviews/any(r: $it/reviews/$count eq 2))", ["b1"]),
        ("author/books/any(b: b/shelvedBy/any(a: $it/shelvedBy/$count eq 1))", ["b1"]),
        ("author/books/any(b: b/tags/any(t: t eq 'novel' and pages lt 300))", ["b2"]),
        ("tags/any(t: t eq 'regency')", ["b1"]),
        ("tags/any()", ["b1"]),
        ("not tags/any(t: contains(t,'x'))", ["b1", "b2", "b3", "b5"]),
        ("loans/any(l: l/readerName eq 'Ann')", ["b2"]),
        ("loans/all(l: l/readerName eq 'Ann')", ["b1", "b2", "b3", "b5"]),
        ("contains(title,'m') eq false", ["b2", "b3", "b5"]),
    ],
)
async def test_a_filter_gives_the_rows_it_describes(
    readable: httpx.AsyncClient, expression: str, expected: list[str]
) -> None:
    assert await ids(readable, BOOKS, **{"$filter": expression}) == expected


@pytest.mark.parametrize(
    ("params", "part"),
    [
        ({"$filter": "title eq"}, "ends too early at position 8"),
        ({"$filter": "nope eq 'x'"}, "Could not find a property named 'nope'"),
        ({"$filter": "title has 'x'"}, "'has' is for properties of several flags"),
        ({"$filter": "pages eq 'x'"}, "cannot convert the literal 'x'"),
        ({"$filter": "reviews/$count lt 9223372036854775808"}, "has more than 64 bits"),
        ({"$filter": "9223372036854775808 gt 1"}, "has more than 64 bits"),
        ({"$filter": "reviews/$count le true"}, "cannot convert the literal 'true'"),
        ({"$filter": "reviews/$count eq 'two'"}, "cannot convert the literal 'two'"),
        ({"$filter": "true gt false"}, "no order for true and false"),
        ({"$filter": "contains(pages,'1')"}, "'contains' is for texts"),
        ({"$filter": "startswith(reviews/$count,'1')"}, "'startswith' is for texts"),
        ({"$filter": "tolower(pages) eq '1'"}, "'tolower' is for texts"),
        ({"$filter": "length(title) lt 'x'"}, "cannot convert the literal 'x'"),
        ({"$filter": "year(title) eq 2026"}, "'year' is for instants"),
        ({"$filter": "tolower(title) eq 1"}, "cannot convert the literal '1'"),
        ({"$filter": "state eq 'gone'"}, "cannot convert the literal 'gone'"),
        ({"$filter": "loans/any(l: l/days eq 3)"}, "cannot be used in a filter"),
        ({"$filter": "loans/any(l: l/nope eq 'x')"}, "cannot be used in a filter"),
        ({"$select": "nope"}, "Could not find a property named 'nope'"),
        ({"$expand": "title"}, "not a navigation property"),
        ({"$expand": "reviews($count=true)"}, "can only be 'false'"),
        ({"$expand": "author($levels=max)"}, "can only be '1'"),
        ({"$expand": 'reviews($search="good")'}, "not valid in a $select or $expand"),
        ({"$levels": "2"}, "'$levels' is not supported"),
        ({"$top": "-1"}, "requires a non-negative integer value"),
        ({"$foo": "1"}, "'$foo' is not supported"),
        ({"$apply": "x"}, "'$apply' is not supported"),
        ({"$skiptoken": "rubbish"}, "Skip token is not valid"),
        ({"$orderby": "title sideways"}, "Invalid $orderby"),
    ],
)
async def test_a_bad_option_is_refused_with_what_is_wrong(
    readable: httpx.AsyncClient, params: dict[str, str], part: str
) -> None:
    reply = await readable.get(BOOKS, params=params)

    assert reply.status_code == 400
    assert part in reply.json()["error"]["message"]
    assert reply.json()["error"]["innerError"]["request-id"] == reply.headers["request-id"]


async def test_a_page_names_its_context_and_the_way_to_the_next(
    readable: httpx.AsyncClient,
) -> None:
    first = (await readable.get(BOOKS, params={"$top": "3", "$count": "true"})).json()

    assert first["@odata.context"] == "http://localhost/v1.0/$metadata#library/books"
    assert first["@odata.count"] == 4
    assert [b["id"] for b in first["value"]] == ["b1", "b2", "b3"]
    second = (await readable.get(first["@odata.nextLink"])).json()
    assert [b["id"] for b in second["value"]] == ["b5"]
    assert "@odata.nextLink" not in second


@pytest.mark.parametrize(
    "order",
    [
        "author/name",
        "author/born desc,title",
        "pages",
        "pages desc",
        "title",
        "state desc,pages",
        "id desc",
    ],
)
async def test_walking_by_ones_gives_every_row_once_in_order(
    readable: httpx.AsyncClient, order: str
) -> None:
    whole = await ids(readable, BOOKS, **{"$orderby": order})
    walked: list[str] = []
    url: str | None = f"{BOOKS}?$orderby={order}&$top=1"
    while url:
        page = (await readable.get(url)).json()
        walked += [b["id"] for b in page["value"]]
        url = page.get("@odata.nextLink")

    assert walked == whole
    assert sorted(walked) == ["b1", "b2", "b3", "b5"]


async def test_expansions_nest_and_take_their_own_options(readable: httpx.AsyncClient) -> None:
    params = {
        "$expand": "author($select=name;$expand=books($select=id;$orderby=title desc)),"
        "reviews($filter=stars gt 3)",
        "$filter": "id eq 'b1'",
    }
    (book,) = (await readable.get(BOOKS, params=params)).json()["value"]

    assert book["author"] == {
        "id": "a1",
        "name": "Jane Austen",
        "books": [{"id": "b2"}, {"id": "b1"}],
    }
    assert book["reviews"] == [{"id": "r1", "stars": 5}]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ("$top=1", [["r1"], ["r3"], []]),
        ("$top=1;$orderby=stars", [["r2"], ["r3"], []]),
        ("$skip=1", [["r2"], [], []]),
        ("$skip=1;$top=5;$orderby=stars desc", [["r2"], [], []]),
        ("$top=0", [[], [], []]),
    ],
)
async def test_an_expansion_is_limited_for_each_entity(
    readable: httpx.AsyncClient, options: str, expected: list[list[str]]
) -> None:
    params = {"$expand": f"reviews({options})", "$filter": "id in ('b1','b2','b3')"}
    books = (await readable.get(BOOKS, params=params)).json()["value"]

    assert [[r["id"] for r in book["reviews"]] for book in books] == expected


async def test_an_expansion_through_a_link_table_is_limited_too(
    readable: httpx.AsyncClient,
) -> None:
    params = {"$expand": "shelvedBy($top=1)", "$filter": "id eq 'b1'"}
    (book,) = (await readable.get(BOOKS, params=params)).json()["value"]

    assert [a["id"] for a in book["shelvedBy"]] == ["a2"]


async def test_the_context_names_the_selection_in_the_order_of_the_request(
    readable: httpx.AsyncClient,
) -> None:
    body = (await readable.get(f"{BOOKS}?$select=title,id,title&$expand=author")).json()

    assert body["@odata.context"].endswith("#library/books(title,id,author())")


async def test_the_context_names_what_is_selected_inside_of_an_expansion(
    readable: httpx.AsyncClient,
) -> None:
    inner = "author($select=name;$expand=books($select=title))"

    body = (await readable.get(f"{BOOKS}?$select=title&$expand={inner}")).json()

    context = "#library/books(title,author(name,books(title)))"
    assert body["@odata.context"].endswith(context)


async def test_an_expansion_never_shows_what_the_caller_may_not_see(
    readable: httpx.AsyncClient,
) -> None:
    url = "/v1.0/library/authors/a2?$expand=books"

    seen = (await readable.get(url)).json()["books"]
    all_ = (await readable.get(url, headers={"x-caller": "librarian"})).json()["books"]

    assert [b["id"] for b in seen] == ["b3"]
    assert [b["id"] for b in all_] == ["b3", "b4"]


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/v1.0/library/books/b1", "Emma"),
        ("/v1.0/library/books('b1')", "Emma"),
        ("/v1.0/LIBRARY/Books/b1/", "Emma"),
        ("/beta/library/libraryBooks/b1", "Emma"),
        ("/v1.0/library/libraryBooks/b1", "Emma"),
    ],
)
async def test_an_entity_is_found_by_every_documented_spelling_of_its_path(
    readable: httpx.AsyncClient, path: str, expected: str
) -> None:
    assert (await readable.get(path)).json()["title"] == expected


async def test_the_two_roots_spell_properties_in_their_own_way(readable: httpx.AsyncClient) -> None:
    stable = (await readable.get(f"{BOOKS}/b1")).json()
    beta = (await readable.get("/beta/library/books/b1")).json()

    assert stable["state"] == "onShelf"
    assert "subtitle" not in stable
    assert beta["bookStatus"] == "OnShelf"
    assert beta["subtitle"] is None
    assert stable["binding"] == {"@odata.type": "#microsoft.graph.hardCover", "colour": "red"}
    assert stable["printedAt"] == "1815-12-23T00:00:00Z"


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (f"{BOOKS}/$count", "4"),
        (f"{BOOKS}/$count?$filter=state eq 'lent'", "2"),
        (f"{BOOKS}/b1/reviews/$count", "2"),
        (f"{BOOKS}/b1/title/$value", "Emma"),
    ],
)
async def test_counts_and_raw_values_are_plain_text(
    readable: httpx.AsyncClient, path: str, expected: str
) -> None:
    reply = await readable.get(path)

    assert reply.text == expected
    assert reply.headers["content-type"].startswith("text/plain")


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (f"{BOOKS}/b1/reviews", ["r1", "r2"]),
        (f"{BOOKS}/b1/shelvedBy", ["a2"]),
        ("/v1.0/library/authors/a1/books", ["b1", "b2"]),
        ("/v1.0/library/authors(name='Jane Austen')/books", ["b1", "b2"]),
        ("/v1.0/library/authors/a2/books", ["b3"]),
        (f"{BOOKS}/filterByCurrentUser(on='lent')", ["b2", "b5"]),
        (f"{BOOKS}/microsoft.graph.filterByCurrentUser(on='lent')?$filter=pages eq 10", ["b5"]),
        (f"{BOOKS}/filterByCurrentUser(on=@p)?@p='lent'", ["b2", "b5"]),
    ],
)
async def test_navigations_and_functions_give_the_rows_below_them(
    readable: httpx.AsyncClient, path: str, expected: list[str]
) -> None:
    assert await ids(readable, path) == expected


@pytest.mark.parametrize(
    ("path", "status"),
    [
        (f"{BOOKS}/nope", 404),
        (f"{BOOKS}/b4", 404),
        (f"{BOOKS}/b4/reviews", 404),
        (f"{BOOKS}/b2/reviews/r1", 404),
        (f"{BOOKS}/b1/nope", 400),
        (f"{BOOKS}/b%001", 400),
        (f"{BOOKS}?$filter=title eq '%00'", 400),
        (f"{BOOKS}/b3/author/books/b1", 404),
        ("/v1.0/nope", 400),
        ("/v2.0/library/books", 400),
        ("/v1.0/library", 404),
        (f"{BOOKS}/b1/lend", 405),
        (f"{BOOKS}/b1/translations", 501),
        (f"{BOOKS}/b1/microsoft.graph.burn", 501),
        (f"{BOOKS}/translations", 501),
    ],
)
async def test_what_is_not_there_says_so_in_the_one_shape_of_errors(
    readable: httpx.AsyncClient, path: str, status: int
) -> None:
    reply = await readable.get(path)

    assert reply.status_code == status
    assert reply.json()["error"]["message"]


async def test_to_one_navigations_are_entities_or_nothing(readable: httpx.AsyncClient) -> None:
    assert (await readable.get(f"{BOOKS}/b1/author")).json()["name"] == "Jane Austen"
    assert (await readable.get(f"{BOOKS}/b5/author")).status_code == 204


async def test_control_information_follows_the_wish_of_the_caller(
    readable: httpx.AsyncClient,
) -> None:
    headers = {"accept": "application/json;odata.metadata=none"}

    reply = await readable.get(f"{BOOKS}/b1", headers=headers)

    assert not [name for name in reply.json() if "@" in name]
    assert "odata.metadata=none;" in reply.headers["content-type"]
    assert (await readable.get(BOOKS, headers={"accept": "text/html"})).status_code == 406


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"OData-Version": "4.0", "OData-MaxVersion": "4.01"}, 200),
        ({"OData-MaxVersion": "3.0"}, 400),
        ({"OData-Version": "x"}, 400),
    ],
)
async def test_callers_of_an_older_protocol_are_told_so(
    readable: httpx.AsyncClient, headers: dict[str, str], status: int
) -> None:
    assert (await readable.get(BOOKS, headers=headers)).status_code == status


async def test_the_schema_is_there_as_json_too(readable: httpx.AsyncClient) -> None:
    schema = (await readable.get("/v1.0/$metadata", headers={"accept": "application/json"})).json()

    assert schema["$EntityContainer"] == "microsoft.graph.GraphService"
    graph = schema["microsoft.graph"]
    assert graph["$Alias"] == "graph"
    assert graph["entity"]["$Key"] == ["id"]
    assert graph["book"]["$BaseType"] == "graph.entity"
    assert graph["book"]["title"] == {}
    assert graph["book"]["pages"] == {"$Type": "Edm.Int32", "$Nullable": True}
    assert graph["book"]["author"] == {"$Kind": "NavigationProperty", "$Type": "graph.author"}
    assert graph["bookState"]["onShelf"] == 1
    assert graph["lend"][0]["$Parameter"][1] == {"$Name": "reader"}
    assert graph["GraphService"]["library"] == {"$Type": "graph.libraryContainer"}
    assert (await readable.get("/v1.0/$metadata?$format=json")).json() == schema


async def test_all_metadata_names_type_identity_and_edit_link(readable: httpx.AsyncClient) -> None:
    headers = {"accept": "application/json;odata.metadata=full"}

    reply = await readable.get(f"{BOOKS}/b1", headers=headers)
    book = reply.json()
    (listed, *_) = (await readable.get(BOOKS, headers=headers)).json()["value"]

    assert "odata.metadata=full;" in reply.headers["content-type"]
    assert book["@odata.type"] == listed["@odata.type"] == "#microsoft.graph.book"
    assert book["@odata.id"] == listed["@odata.id"] == f"http://localhost{BOOKS}('b1')"
    assert book["@odata.editLink"] == "library/books('b1')"
    assert (await readable.get(book["@odata.id"])).json()["title"] == "Emma"


async def test_search_looks_through_the_declared_texts(readable: httpx.AsyncClient) -> None:
    assert await ids(readable, BOOKS, **{"$search": '"wool"'}) == ["b5"]
    reply = await readable.get("/v1.0/library/authors", params={"$search": '"x"'})
    assert reply.status_code == 400


async def test_the_schema_lists_what_is_declared(readable: httpx.AsyncClient) -> None:
    reply: Any = await readable.get("/v1.0/$metadata", headers={})

    assert reply.headers["content-type"] == "application/xml"
    assert '<EntityType Name="book" BaseType="graph.entity">' in reply.text
    assert '<ComplexType Name="hardCover" BaseType="graph.binding">' in reply.text
    assert '<Member Name="onShelf" Value="1" />' in reply.text
    assert '<EntityType Name="libraryContainer" BaseType="graph.entity">' in reply.text
    assert '<Singleton Name="library" Type="graph.libraryContainer" />' in reply.text
    assert '<Action Name="lend" IsBound="true">' in reply.text
    assert "subtitle" not in reply.text
    assert "subtitle" in (await readable.get("/beta/$metadata")).text
