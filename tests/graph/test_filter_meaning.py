"""Any filter of the grammar gives the rows that a plain reading of it in Python gives."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.graph.conftest import AUTHOR_ROWS, REVIEW_ROWS, ROWS, SHELVED_ROWS

Row = dict[str, Any]
Meaning = Callable[[Row], bool | None]


@dataclass(frozen=True)
class Filter:
    """A filter's text and what it means for a row; None: unknown, as with a missing value."""

    text: str
    means: Meaning


AUTHORS = {i: {"id": i, "name": name, "born": born} for i, name, born in AUTHOR_ROWS}
BOOKS: list[Row] = [
    {
        "id": i,
        "title": title,
        "state": state,
        "pages": pages,
        "printedAt": printed,
        "author": AUTHORS.get(author or ""),
        "reviews": [{"stars": s} for _, book, s in REVIEW_ROWS if book == i],
        "shelvedBy": [AUTHORS[a] for book, a in SHELVED_ROWS if book == i],
    }
    for i, title, state, author, pages, printed, _ in ROWS
]

pytestmark = pytest.mark.asyncio(loop_scope="module")

TEXTS = [
    "Emma",
    "ärger",
    "GÁRDONY",
    "Zebra",
    "s",
    "EMMA",
    "e",
    "m",
    "o'brien's tale",
    "tale",
    "%",
    "_",
    "100% wool",
    "",
    "zz",
]
COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "eq": lambda a, b: a == b,
    "ne": lambda a, b: a != b,
    "gt": lambda a, b: a > b,
    "ge": lambda a, b: a >= b,
    "lt": lambda a, b: a < b,
    "le": lambda a, b: a <= b,
}


def quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def compared(op: str, left: Any, right: Any) -> bool | None:
    return None if left is None or right is None else COMPARE[op](left, right)


def at(path: str) -> Callable[[Row], Any]:
    def read(row: Row) -> Any:
        value: Any = row
        for part in path.split("/"):
            value = None if value is None else value[part]
        return value

    return read


def missing_is_false(path: str, means: Meaning) -> Meaning:
    """A path over a relation asks whether there is such a one, so it is never unknown."""
    return (lambda row: bool(means(row))) if "/" in path else means


@st.composite
def texts(draw: st.DrawFn) -> Filter:
    path = draw(st.sampled_from(["title", "author/name"]))
    op, text = draw(st.sampled_from(sorted(COMPARE))), draw(st.sampled_from(TEXTS))
    read = at(path)
    return Filter(
        f"{path} {op} {quoted(text)}",
        missing_is_false(path, lambda r: compared(op, lower(read(r)), text.lower())),
    )


def lower(value: str | None) -> str | None:
    return None if value is None else value.lower()


@st.composite
def numbers(draw: st.DrawFn) -> Filter:
    path = draw(st.sampled_from(["pages", "author/born"]))
    op = draw(st.sampled_from(sorted(COMPARE)))
    number = draw(st.sampled_from([0, 10, 249, 474, 1775, 1900]))
    read, mirrored = at(path), draw(st.booleans())
    if mirrored:
        return Filter(
            f"{number} {op} {path}",
            missing_is_false(path, lambda r: compared(op, number, read(r))),
        )
    return Filter(
        f"{path} {op} {number}", missing_is_false(path, lambda r: compared(op, read(r), number))
    )


@st.composite
def nulls(draw: st.DrawFn) -> Filter:
    path = draw(st.sampled_from(["pages", "printedAt"]))
    op = draw(st.sampled_from(["eq", "ne"]))
    return Filter(f"{path} {op} null", lambda r: (r[path] is None) == (op == "eq"))


@st.composite
def functions(draw: st.DrawFn) -> Filter:
    name = draw(st.sampled_from(["contains", "startswith", "endsWith"]))
    inner = draw(st.sampled_from(["title", "tolower(title)", "toupper(title)", "trim(title)"]))
    text = draw(st.sampled_from(TEXTS))
    tests: dict[str, Callable[[str, str], bool]] = {
        "contains": lambda a, b: b in a,
        "startswith": lambda a, b: a.startswith(b),
        "endsWith": lambda a, b: a.endswith(b),
    }
    return Filter(
        f"{name}({inner},{quoted(text)})", lambda r: tests[name](r["title"].lower(), text.lower())
    )


@st.composite
def instants(draw: st.DrawFn) -> Filter:
    op = draw(st.sampled_from(["gt", "ge", "lt", "le", "eq"]))
    text = draw(st.sampled_from(["1815-12-23T00:00:00Z", "1816-01-01T00:00:00+02:00"]))
    value = datetime.fromisoformat(text.replace("Z", "+00:00")).astimezone(UTC)
    return Filter(f"printedAt {op} {text}", lambda r: compared(op, r["printedAt"], value))


@st.composite
def lists(draw: st.DrawFn) -> Filter:
    chosen = draw(st.lists(st.sampled_from(["onShelf", "LENT"]), min_size=1, max_size=2))
    lowered = [c.lower() for c in chosen]
    return Filter(
        f"state in ({','.join(quoted(c) for c in chosen)})",
        lambda r: r["state"].lower() in lowered,
    )


@st.composite
def lambdas(draw: st.DrawFn) -> Filter:
    kind, op = draw(st.sampled_from(["any", "all"])), draw(st.sampled_from(sorted(COMPARE)))
    stars = draw(st.integers(2, 6))
    quantify = any if kind == "any" else all
    return Filter(
        f"reviews/{kind}(r: r/stars {op} {stars})",
        lambda r: quantify(COMPARE[op](review["stars"], stars) for review in r["reviews"]),
    )


@st.composite
def counts(draw: st.DrawFn) -> Filter:
    path = draw(st.sampled_from(["reviews", "shelvedBy"]))
    op, number = draw(st.sampled_from(sorted(COMPARE))), draw(st.integers(0, 3))
    return Filter(f"{path}/$count {op} {number}", lambda r: COMPARE[op](len(r[path]), number))


leaves = st.one_of(
    texts(), numbers(), nulls(), functions(), instants(), lists(), lambdas(), counts()
)


def both(a: bool | None, b: bool | None) -> bool | None:
    if a is False or b is False:
        return False
    return None if a is None or b is None else True


def negated(value: bool | None) -> bool | None:
    return None if value is None else not value


def joined(op: str, left: Filter, right: Filter) -> Filter:
    if op == "and":
        return Filter(
            f"({left.text}) and ({right.text})", lambda r: both(left.means(r), right.means(r))
        )
    return Filter(
        f"({left.text}) or ({right.text})",
        lambda r: negated(both(negated(left.means(r)), negated(right.means(r)))),
    )


filters = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.builds(joined, st.sampled_from(["and", "or"]), inner, inner),
        st.builds(lambda f: Filter(f"not ({f.text})", lambda r: negated(f.means(r))), inner),
    ),
    max_leaves=6,
)


@settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(filters)
async def test_a_filter_means_what_it_says(readable: httpx.AsyncClient, wanted: Filter) -> None:
    params = {"$filter": wanted.text, "$orderby": "id"}
    everything = {"x-caller": "librarian"}
    reply = await readable.get("/v1.0/library/books", params=params, headers=everything)

    assert reply.status_code == 200, reply.text
    found = [book["id"] for book in reply.json()["value"]]
    assert found == [row["id"] for row in BOOKS if wanted.means(row)], wanted.text
