"""Wire values as they are kept in columns of JSON: the form of v1.0."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, TypeVar

from ostiary.entitlement.model.strays import STRAYS
from ostiary.graph.reading import Reader
from ostiary.graph.types import Complex, Version
from ostiary.graph.writing import Writer

ComplexT = TypeVar("ComplexT", bound=Complex)

_WRITER: Final = Writer(Version.V1, include_unknown=True)
_READER: Final = Reader(STRAYS)


# Documents are whatever JSON can hold, hence ``Any``.
def written(value: Complex | None, declared: type[Complex]) -> dict[str, Any] | None:
    """Give the document of a value that is declared as ``declared``."""
    return None if value is None else _WRITER.entity(value, declared=declared)


def read(declared: type[ComplexT], document: Mapping[str, Any] | None) -> ComplexT | None:
    """Give the value of a document."""
    return None if document is None else _READER.create(declared, document)


def written_list(values: Sequence[Complex], declared: type[Complex]) -> list[dict[str, Any]] | None:
    """Give the documents of values; None for none."""
    return [_WRITER.entity(value, declared=declared) for value in values] or None


def read_list(
    declared: type[ComplexT], documents: Sequence[Mapping[str, Any]] | None
) -> list[ComplexT]:
    """Give the values of documents."""
    return [_READER.create(declared, document) for document in documents or ()]
