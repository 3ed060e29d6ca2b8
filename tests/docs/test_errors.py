"""Every refusal that the server can give is in the manual, with its status."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator
from typing import Final, TypeVar

import ostiary
from ostiary.graph.errors import DomainError, status_of
from ostiary.identity.issuer_errors import TokenError
from tests.docs.pages import REFERENCE, rows

PAGE: Final = REFERENCE / "errors.md"
NOT_TO_BE_IMPORTED: Final = ("__main__", "migrations")

ErrorT = TypeVar("ErrorT", bound=Exception)


def load_everything() -> None:
    for module in pkgutil.walk_packages(ostiary.__path__, "ostiary."):
        if not any(name in module.name for name in NOT_TO_BE_IMPORTED):
            importlib.import_module(module.name)


def family(cls: type[ErrorT]) -> Iterator[type[ErrorT]]:
    """Give a class and all that are derived from it, tests' own apart."""
    yield cls
    for child in cls.__subclasses__():
        if child.__module__.startswith("ostiary."):
            yield from family(child)


def documented(columns: int) -> set[tuple[str, ...]]:
    """Give the first columns of the rows that begin with a status."""
    return {
        tuple(cell.strip("`") for cell in row[:columns]) for row in rows(PAGE) if row[0].isdigit()
    }


def test_every_code_is_documented_with_its_status() -> None:
    load_everything()
    raised = {(str(status_of(cls.__new__(cls))), cls.code) for cls in family(DomainError)}
    defects = {pair for pair in raised if pair[0] == "500"}

    assert raised - defects <= documented(2)


def test_every_refusal_of_the_token_endpoint_is_documented() -> None:
    refusals = {(str(cls.status), cls.error, str(cls.number)) for cls in family(TokenError)}

    assert refusals <= documented(3)
