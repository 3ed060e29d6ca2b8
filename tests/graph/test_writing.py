"""What one writer makes of the same type under different selections, roots and preferences."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from ostiary.graph.options import QueryOptions, parse
from ostiary.graph.types import Version
from ostiary.graph.values import write_instant
from ostiary.graph.writing import Writer
from ostiary.lifecycle.model.enums import LifecycleWorkflowProcessingStatus
from tests.graph.books import Author, Book, BookState, HardCover


def asked(query: str) -> QueryOptions:
    return parse([tuple(part.split("=", 1)) for part in query.split("&")], Book)  # type: ignore[misc]  # pairs


def make_book() -> Book:
    book = Book(id="b", title="Emma", state=BookState.LENT, binding=HardCover(colour="red"))
    book.author = Author(id="a", name="Jane", born=1775)
    return book


def test_one_writer_keeps_selections_apart() -> None:
    writer, book = Writer(Version.V1), make_book()
    selections = [asked("$select=title"), asked("$select=state"), asked("$expand=author")]

    written = [writer.entity(book, shape=shape) for shape in selections]

    assert written[0] == {"id": "b", "title": "Emma"}
    assert written[1] == {"id": "b", "state": "lent"}
    assert written[2]["author"] == {"id": "a", "name": "Jane", "born": 1775}
    assert written[2]["title"] == "Emma"


def test_a_selection_that_has_gone_leaves_nothing_to_the_next_one() -> None:
    """The place of a freed object in memory is soon another's."""
    writer, book = Writer(Version.V1), make_book()
    for name in ("title", "state") * 50:
        assert set(writer.entity(book, shape=asked(f"$select={name}"))) == {"id", name}


def test_an_expansion_inside_is_shaped_by_its_own_selection() -> None:
    shape = asked("$select=title&$expand=author($select=name)")

    written = Writer(Version.V1).entity(make_book(), shape=shape)

    assert written == {"id": "b", "title": "Emma", "author": {"id": "a", "name": "Jane"}}


def test_a_plan_for_one_root_is_not_used_for_the_other() -> None:
    published = Writer(Version.V1).entity(make_book())
    beta = Writer(Version.BETA).entity(make_book())

    assert (published["state"], beta["bookStatus"]) == ("lent", "Lent")
    assert "subtitle" not in published
    assert beta["subtitle"] is None


@pytest.mark.parametrize(("knows", "text"), [(False, "unknownFutureValue"), (True, "canceling")])
def test_a_late_member_is_shown_to_those_who_ask_for_it(knows: bool, text: str) -> None:
    writer = Writer(Version.V1, include_unknown=knows)

    assert writer.value(LifecycleWorkflowProcessingStatus("canceling")) == text
    assert writer.value([LifecycleWorkflowProcessingStatus("completed")]) == ["completed"]


@pytest.mark.parametrize(
    ("instant", "text"),
    [
        (datetime(2026, 1, 31, 9, tzinfo=UTC), "2026-01-31T09:00:00Z"),
        (datetime(2026, 1, 31, 9, 0, 10, 120_000, tzinfo=UTC), "2026-01-31T09:00:10.12Z"),
        (datetime(2026, 1, 31, 9, 0, 0, 1, tzinfo=UTC), "2026-01-31T09:00:00.000001Z"),
        (datetime(2026, 1, 31, 9, tzinfo=timezone(timedelta(hours=2))), "2026-01-31T07:00:00Z"),
        (datetime(1, 1, 1, tzinfo=UTC), "0001-01-01T00:00:00Z"),
    ],
)
def test_instants_are_written_in_utc_without_trailing_zeros(instant: datetime, text: str) -> None:
    assert write_instant(instant) == text
