"""The schema, read from the wire types.

``describe`` gives the entity data model of a type declared with ``types``: its qualified name, its
base, and each property with all names under which a client may know it. Reading, writing, querying
and ``$metadata`` work on these descriptions alone.
"""

from __future__ import annotations

import inspect
import sys
import types as python_types
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cache
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

import msgspec

from ostiary.graph.forms import beta_type, is_form
from ostiary.graph.types import (
    Also,
    Beta,
    BetaOnly,
    Complex,
    EdmEnum,
    EdmType,
    Entity,
    Inward,
    Nav,
    PublishedAs,
    ReadOnly,
    UnsetType,
    Version,
    WriteOnly,
)

DEFAULT_NAMESPACE = "microsoft.graph"
SAME_IN_BETA = Beta()

PRIMITIVES: dict[type, str] = {
    str: "Edm.String",
    bool: "Edm.Boolean",
    int: "Edm.Int32",
    float: "Edm.Double",
    datetime: "Edm.DateTimeOffset",
    date: "Edm.Date",
    time: "Edm.TimeOfDay",
    timedelta: "Edm.Duration",
    bytes: "Edm.Binary",
}

Kind = Literal["primitive", "enum", "complex", "entity", "any"]


@dataclass(frozen=True, slots=True)
class TypeRef:
    """The type of a property or of a result: what it is called and what holds it in Python."""

    kind: Kind
    name: str
    python: type
    collection: bool = False
    nullable: bool = False


@dataclass(frozen=True, slots=True)
class Property:
    """One property of a structured type."""

    name: str
    python: str
    type: TypeRef
    required: bool = False
    read_only: bool = False
    write_only: bool = False
    nav: Nav | None = None
    beta: Beta = SAME_IN_BETA
    beta_only: bool = False
    inward: bool = False
    also: tuple[Also, ...] = ()
    published: TypeRef | None = None
    """The type that the schema names, where it is wider than the one that is read."""

    @property
    def shown(self) -> TypeRef:
        """The type as the schema names it."""
        return self.published or self.type

    def name_in(self, version: Version) -> str | None:
        """Give the name below a root; None where the property does not exist."""
        if self.inward:
            return None
        if version is Version.V1:
            return None if self.beta_only else self.name
        return None if self.beta.absent else self.beta.name or self.name

    def spellings(self) -> Iterator[str]:
        """Give every name that a request may use."""
        if self.inward:
            return
        yield self.name
        if self.beta.name:
            yield self.beta.name
        yield from (also.name for also in self.also)


@dataclass(frozen=True, slots=True)
class StructuredType:
    """A complex or entity type of the schema."""

    name: str
    python: type[Complex]
    base: StructuredType | None
    abstract: bool
    is_entity: bool
    properties: dict[str, Property]
    """Inherited ones included, by Python name, in the order of declaration."""
    by_spelling: dict[str, Property]
    """By every accepted name in lower case."""
    beta_name: str = ""

    def name_in(self, version: Version) -> str:
        """Give the qualified name below a root."""
        return self.beta_name if version is Version.BETA else self.name

    @property
    def own(self) -> list[Property]:
        """The properties that this type adds to its base."""
        inherited = self.base.properties if self.base else {}
        return [p for name, p in self.properties.items() if name not in inherited]


@cache
def qualified_name(cls: type, version: Version = Version.V1) -> str:
    """Give the name of a wire type in the schema: ``microsoft.graph.accessPackage``."""
    namespace = getattr(sys.modules[cls.__module__], "NAMESPACE", DEFAULT_NAMESPACE)
    name = cls.__dict__.get("EDM_NAME") or cls.__name__[:1].lower() + cls.__name__[1:]
    if version is Version.BETA:
        name = cls.__dict__.get("BETA_NAME") or name
    return f"{namespace}.{name}"


@cache
def describe(cls: type[Complex]) -> StructuredType:
    """Read a wire type's declaration.

    :raises TypeError: a property has a type that the schema cannot express.
    """
    hints = get_type_hints(cls, include_extras=True)
    properties = {
        info.name: _property(info, hints[info.name]) for info in msgspec.structs.fields(cls)
    }
    spelled = {s.lower(): p for p in properties.values() for s in p.spellings()}
    return StructuredType(
        name=qualified_name(cls),
        python=cls,
        base=_base(cls),
        abstract=cls.__dict__.get("ABSTRACT", False),
        is_entity=issubclass(cls, Entity),
        properties=properties,
        by_spelling=spelled,
        beta_name=qualified_name(cls, Version.BETA),
    )


def shown(cls: type[Complex], version: Version) -> StructuredType:
    """Describe a wire type as a root shows it: under ``/beta`` that is its form, if it has one."""
    return describe(beta_type(cls) if version is Version.BETA else cls)


def faces(cls: type[Complex]) -> tuple[StructuredType, ...]:
    """Describe a wire type as it is, and as ``/beta`` shows it where that is not the same."""
    other = beta_type(cls)
    return (describe(cls),) if other is cls else (describe(cls), describe(other))


def name_of(type_: TypeRef, version: Version) -> str:
    """Give what a root calls the type of a property or result."""
    if type_.kind in ("complex", "entity") and issubclass(type_.python, Complex):
        return shown(type_.python, version).name_in(version)
    return type_.name


def _base(cls: type[Complex]) -> StructuredType | None:
    base = cls.__mro__[1]
    if base in (Complex, msgspec.Struct, object) or not issubclass(base, Complex):
        return None
    return describe(base)


@cache
def concrete_types(cls: type[Complex]) -> Mapping[str, type[Complex]]:
    """Give the type and all its subtypes by lower-case qualified name, abstract ones included."""
    found = {qualified_name(cls).lower(): cls}
    for child in cls.__subclasses__():
        if not is_form(child):
            found.update(concrete_types(child))
    return found


@cache
def named_types(cls: type[Complex]) -> Mapping[str, type[Complex]]:
    """Give the type and all its subtypes by every name that either root has for them."""
    found = concrete_types(cls).values()
    former = {
        name.lower(): type_ for type_ in found for name in type_.__dict__.get("ALSO_NAMED", ())
    }
    return former | {
        face.name_in(version).lower(): type_
        for type_ in found
        for face in faces(type_)
        for version in Version
    }


@cache
def spellings(cls: type[Complex]) -> frozenset[str]:
    """Give every name, in lower case, that a property of the type has below either root."""
    return frozenset(name for face in faces(cls) for name in face.by_spelling)


def _property(info: msgspec.structs.FieldInfo, hint: Any) -> Property:
    inner, markers = _unwrap(hint)
    type_ref, more = _type_ref(inner, markers)
    marked = [*markers, *more]
    nav = next((m for m in marked if isinstance(m, Nav)), None)
    return Property(
        name=info.encode_name,
        python=info.name,
        type=type_ref,
        required=info.required and nav is None,
        read_only=_has(marked, ReadOnly),
        write_only=_has(marked, WriteOnly),
        nav=nav,
        beta=next((m for m in marked if isinstance(m, Beta)), SAME_IN_BETA),
        beta_only=_has(marked, BetaOnly),
        inward=_has(marked, Inward),
        also=tuple(m for m in marked if isinstance(m, Also)),
        published=_published(marked, type_ref),
    )


def _published(markers: list[Any], type_: TypeRef) -> TypeRef | None:
    wider = next((m.type for m in markers if isinstance(m, PublishedAs)), None)
    if wider is None:
        return None
    kind, name = _named(wider, None)
    return TypeRef(kind, name, wider, type_.collection, type_.nullable)


def _has(markers: list[Any], marker: type) -> bool:
    return any(m is marker or isinstance(m, marker) for m in markers)


def _unwrap(hint: Any) -> tuple[Any, list[Any]]:
    if get_origin(hint) is Annotated:
        inner, *markers = get_args(hint)
        return inner, markers
    return hint, []


def _type_ref(hint: Any, markers: list[Any]) -> tuple[TypeRef, list[Any]]:
    """Give the type behind ``X``, ``X | None``, ``list[X]`` and their Annotated forms."""
    members, nullable = _union_members(hint)
    if len(members) != 1:
        return TypeRef("any", "Edm.Untyped", object, nullable=True), []
    inner, more = _unwrap(members[0])
    collection = get_origin(inner) is list
    if collection:
        inner, deeper = _unwrap(get_args(inner)[0])
        more = [*more, *deeper]
    edm_type = next((m.name for m in [*markers, *more] if isinstance(m, EdmType)), None)
    kind, name = _named(inner, edm_type)
    return TypeRef(kind, name, inner if kind != "any" else object, collection, nullable), more


def _union_members(hint: Any) -> tuple[list[Any], bool]:
    if get_origin(hint) not in (Union, python_types.UnionType):
        return [hint], False
    args = get_args(hint)
    members = [a for a in args if a is not type(None) and a is not UnsetType]
    return members, type(None) in args


def _named(inner: Any, edm_type: str | None) -> tuple[Kind, str]:
    if edm_type:
        return "primitive", edm_type
    if inner in PRIMITIVES:
        return "primitive", PRIMITIVES[inner]
    if inspect.isclass(inner) and issubclass(inner, EdmEnum):
        return "enum", qualified_name(inner)
    if inspect.isclass(inner) and issubclass(inner, Complex):
        return ("entity" if issubclass(inner, Entity) else "complex"), qualified_name(inner)
    if inner is Any or inner is object or get_origin(inner) is dict or inner is dict:
        return "any", "Edm.Untyped"
    raise TypeError(f"{inner!r} has no counterpart in the schema")


def result_type(python: type, *, collection: bool) -> TypeRef:
    """Describe the declared result of an operation."""
    kind, name = _named(python, None)
    return TypeRef(kind, name, python, collection, nullable=False)
