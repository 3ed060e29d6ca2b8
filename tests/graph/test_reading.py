"""Bodies of every kind: they fit or they are refused by name, and nothing else happens."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from ostiary.graph.errors import InvalidModel
from ostiary.graph.reading import Reader
from ostiary.graph.types import Version
from ostiary.graph.writing import Writer
from tests.graph.books import Book, BookState, HardCover, LendParameters

names = st.sampled_from(
    [
        "title",
        "Title",
        "state",
        "bookStatus",
        "pages",
        "printedAt",
        "loanPeriod",
        "durationOfLoan",
        "binding",
        "author",
        "author@odata.bind",
        "reviews",
        "@odata.type",
        "colour",
        "stray",
        "id",
    ]
)
leaves = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False),
    st.text(max_size=5),
    st.sampled_from(["lent", "P1D", "#microsoft.graph.hardCover", "2024-01-01T00:00:00Z"]),
)
bodies = st.recursive(
    leaves,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=5),
    max_leaves=12,
)


def attempt(read: Callable[[], Book]) -> Book | InvalidModel:
    try:
        return read()
    except InvalidModel as error:
        return error


@given(bodies)
def test_any_body_is_read_or_refused(body: Any) -> None:
    outcome = attempt(lambda: Reader().create(Book, body))

    assert str(outcome) if isinstance(outcome, InvalidModel) else isinstance(outcome.title, str)


@given(bodies)
def test_any_change_is_merged_or_refused(body: Any) -> None:
    book = Book(id="b", title="Emma", binding=HardCover(colour="red"))
    outcome = attempt(lambda: Reader().merge(book, body))

    assert str(outcome) if isinstance(outcome, InvalidModel) else outcome.id == "b"


@given(
    st.builds(
        Book,
        id=st.just("b"),
        title=st.text(alphabet="abc", max_size=4),
        state=st.sampled_from([BookState.LENT, BookState.ON_SHELF]),
        pages=st.none() | st.integers(0, 2000),
        loan_period=st.none() | st.timedeltas(),
        binding=st.none() | st.builds(HardCover, colour=st.none() | st.just("red")),
    ),
    st.sampled_from(Version),
)
def test_what_is_written_below_either_root_reads_back_the_same(book: Book, root: Version) -> None:
    written = Writer(root).entity(book)
    read = Reader().create(Book, written)
    read.id = "b"
    assert read == book


def test_an_action_without_optional_parameters_is_complete() -> None:
    assert Reader().create(LendParameters, {"reader": "Ann"}).period is None
