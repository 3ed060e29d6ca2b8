"""How a feature package declares what goes over the wire.

A wire type is a ``Complex`` or ``Entity`` struct. Its attributes are snake_case and appear as
camelCase; its name is the class name with a small first letter, in the namespace that the module
names in ``NAMESPACE`` (``microsoft.graph`` when it names none). A field without a default is
required on creation and never null. What the types of Python cannot say is said with ``Annotated``
and the markers below. ``edm`` reads these declarations; nothing else about a type is written down.

    class AccessPackageCatalog(Entity, kw_only=True):
        display_name: str
        state: Annotated[AccessPackageCatalogState, Beta("catalogStatus", pascal=True)] = ...
        created_date_time: Annotated[datetime | None, ReadOnly] = None
        access_packages: Annotated[list[AccessPackage] | UnsetType, Nav()] = UNSET
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, ClassVar, Self

import msgspec
from msgspec import UNSET, UnsetType

__all__ = [
    "UNSET",
    "Also",
    "Beta",
    "BetaOnly",
    "Complex",
    "EdmEnum",
    "EdmType",
    "Entity",
    "Int64",
    "Inward",
    "Nav",
    "PublishedAs",
    "ReadOnly",
    "UnsetType",
    "Version",
    "WriteOnly",
]


class Version(StrEnum):
    """The two roots of the API: one store, two vocabularies."""

    V1 = "v1.0"
    BETA = "beta"


class Complex(msgspec.Struct, kw_only=True, rename="camel"):
    """A structured value without identity.

    ``ABSTRACT`` is true for a base that never appears itself; ``BETA_NAME`` is what ``/beta`` calls
    the type, ``ALSO_NAMED`` further names that bodies may give it. None of them is inherited.
    ``TELLS_TYPE`` has ``@odata.type`` written where the declared type would do without, since the
    published schema has an abstract type there.
    ``forms`` says how a type declares another structure there.
    """

    ABSTRACT: ClassVar[bool] = False
    TELLS_TYPE: ClassVar[bool] = False


class Entity(Complex, kw_only=True):
    """A structured value with an identity of its own."""

    ABSTRACT: ClassVar[bool] = True

    id: Annotated[str, ReadOnly] = ""


class EdmEnum(StrEnum):
    """An enumeration of the schema: each member is ``(wire name, number in the schema)``."""

    number: int

    def __new__(cls, value: str, number: int = -1) -> Self:
        """Make a member that is its wire name and remembers its number."""
        member = str.__new__(cls, value)
        member._value_ = value
        member.number = number
        return member


class _Marker:
    """A marker may stand in ``Annotated`` as a class when it has nothing to say."""


class ReadOnly(_Marker):
    """Set by the server. In a request an unchanged value is ignored."""


class WriteOnly(_Marker):
    """Read from a request, never rendered, and absent from the schema."""


class BetaOnly(_Marker):
    """Exists only below ``/beta``; still read under both roots."""


class Inward(_Marker):
    """Kept with the value and known to neither root: not read, not shown, absent from the schema.

    It is for what a form under one root says, and the structure under the other has no room for.
    """


@dataclass(frozen=True)
class Beta:
    """How ``/beta`` calls or shapes the property.

    ``name`` is its name there (None: the same). ``pascal`` says that it is a string there, written
    with a capital first letter. ``absent`` says that it does not exist there.
    """

    name: str | None = None
    pascal: bool = False
    absent: bool = False


@dataclass(frozen=True)
class Also:
    """A second documented name: read as the property and, with ``emit``, written beside it."""

    name: str
    emit: bool = False


@dataclass(frozen=True)
class Nav:
    """A navigation property: absent until expanded. ``contained``: its target lives in it."""

    contained: bool = False


@dataclass(frozen=True)
class PublishedAs:
    """The wider type that the published schema names, where only this one makes sense here."""

    type: type


@dataclass(frozen=True)
class EdmType:
    """The primitive type of the schema where Python's type does not tell it."""

    name: str


Int64 = Annotated[int, EdmType("Edm.Int64")]
