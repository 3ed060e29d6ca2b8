"""The types of a library: authors, books, their bindings, loans and reviews."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, ClassVar

from msgspec import UNSET, UnsetType, field

from ostiary.graph.types import Also, Beta, BetaOnly, Complex, EdmEnum, Entity, Nav, ReadOnly


class BookState(EdmEnum):
    """Where a book stands."""

    ON_SHELF = "onShelf", 1
    LENT = "lent", 2
    UNKNOWN_FUTURE_VALUE = "unknownFutureValue", 3


class Binding(Complex, kw_only=True):
    """How a book is bound."""

    ABSTRACT: ClassVar[bool] = True


class HardCover(Binding, kw_only=True):
    """In boards."""

    colour: str | None = None


class Paperback(Binding, kw_only=True):
    """In paper."""

    weight_in_grams: int | None = None


class Author(Entity, kw_only=True):
    """Who wrote it."""

    name: str
    born: int | None = None
    books: Annotated[list[Book] | UnsetType, Nav()] = UNSET
    shelf: Annotated[list[Book] | UnsetType, Nav()] = UNSET


class Review(Entity, kw_only=True):
    """What somebody thought."""

    stars: int


class Loan(Complex, kw_only=True):
    """Who had it."""

    reader_name: str | None = None
    days: int | None = None


class Book(Entity, kw_only=True):
    """A book."""

    title: str
    tags: list[str] = field(default_factory=list)
    loans: list[Loan] = field(default_factory=list)
    state: Annotated[BookState, Beta("bookStatus", pascal=True)] = BookState.ON_SHELF
    pages: int | None = None
    printed_at: Annotated[datetime | None, ReadOnly] = None
    loan_period: Annotated[timedelta | None, Also("durationOfLoan", emit=True)] = None
    binding: Binding | None = None
    subtitle: Annotated[str | None, BetaOnly] = None
    author: Annotated[Author | UnsetType | None, Nav()] = UNSET
    reviews: Annotated[list[Review] | UnsetType, Nav(contained=True)] = UNSET
    shelved_by: Annotated[list[Author] | UnsetType, Nav()] = UNSET


class LendParameters(Complex, kw_only=True):
    """To whom, for how long."""

    reader: str
    period: timedelta | None = None


class LentTo(Complex, kw_only=True):
    """The parameter of a function."""

    on: str
