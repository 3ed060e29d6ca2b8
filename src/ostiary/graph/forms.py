"""Types whose structure differs under ``/beta``: one model, and the form that it has there.

``Beta`` says that a property has another name, ``BETA_NAME`` that a type has. Where that is not
enough, a type declares a form: a struct of its own that is beta's, and two pure functions between
the two. Inside there is only the model; reading, writing, ``$select``, ``$metadata`` and messages
find the form here.

    class BetaLoan(Complex, kw_only=True):
        EDM_NAME: ClassVar[str] = "loan"
        days: int | None = None

    declare(Loan, Form(type=BetaLoan, to_beta=_loan_to_beta, from_beta=_loan_from_beta,
                       names={"period": "days"}))

The properties of a form name models as their types, so that forms need not know of each other. A
navigation has the same Python name in both; ``carried`` moves everything that has.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

import msgspec

from ostiary.graph.errors import DomainError, InvalidModel
from ostiary.graph.types import Complex, Version

ModelT = TypeVar("ModelT", bound=Complex)
BetaT = TypeVar("BetaT", bound=Complex)
ToT = TypeVar("ToT", bound=Complex)


class Misfit(ValueError):
    """A value of beta's form that the model cannot keep: a property, and the sentence's end.

    ``kind`` is the error that the caller gets.
    """

    def __init__(self, name: str, reason: str, *, kind: type[DomainError] = InvalidModel) -> None:
        super().__init__(reason)
        self.name = name
        self.kind = kind


@dataclass(frozen=True, kw_only=True)
class Form(Generic[ModelT, BetaT]):
    """How a type is shaped under ``/beta``."""

    type: type[BetaT]
    to_beta: Callable[[ModelT], BetaT]
    from_beta: Callable[[BetaT, ModelT | None], ModelT]
    """Also gets the value that is replaced or changed, if any: what beta has no words for, and
    what it was not asked to change, stays as it is there. Raises ``Misfit``."""
    names: Mapping[str, str] = field(default_factory=dict)
    """Paths of v1.0 and the paths of beta that say the same, where not only a name differs."""


_FORMS: dict[type[Complex], Form[Any, Any]] = {}
_STRUCTS: set[type[Complex]] = set()


def declare(model: type[ModelT], form: Form[ModelT, BetaT]) -> None:
    """Give a type its form under ``/beta``. Subtypes have forms of their own."""
    _FORMS[model] = form
    _STRUCTS.add(form.type)


def form_of(cls: type[Complex]) -> Form[Any, Any] | None:
    """Give the form of a type; None: it has the same structure under both roots."""
    return _FORMS.get(cls)


def is_form(cls: type[Complex]) -> bool:
    """Say whether a struct is the form of some type, and so no type of its own."""
    return cls in _STRUCTS


def beta_type(cls: type[Complex]) -> type[Complex]:
    """Give the struct that has the structure of a type under ``/beta``: its form's, or itself."""
    form = form_of(cls)
    return cls if form is None else form.type


def face_of(value: Any, version: Version) -> Any:
    """Give a value as a root shows it: in its form, where it has one there."""
    form = form_of(type(value)) if version is Version.BETA else None
    return value if form is None else form.to_beta(value)


def carried(value: Complex, to: type[ToT], **others: Any) -> ToT:
    """Make a ``to`` of the properties that both types have, and of ``others``."""
    names = set(value.__struct_fields__)
    same = {name: getattr(value, name) for name in to.__struct_fields__ if name in names}
    return to(**{**same, **others})


def alike(model: type[ModelT], beta: type[BetaT]) -> Form[ModelT, BetaT]:
    """Give the form of a type whose parts are declared otherwise and mean the same."""

    def from_beta(value: BetaT, old: ModelT | None) -> ModelT:
        return carried(value, model) if old is None else _onto(old, value)

    return Form(type=beta, to_beta=lambda value: carried(value, beta), from_beta=from_beta)


def _onto(old: ModelT, value: Complex) -> ModelT:
    names = [name for name in value.__struct_fields__ if name in old.__struct_fields__]
    return msgspec.structs.replace(old, **{name: getattr(value, name) for name in names})
