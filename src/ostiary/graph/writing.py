"""From wire types to JSON: the spelling of each root, ``@odata.type`` and the caller's selection.

Nullable properties are written as null, collections as arrays; a navigation is written when it has
been expanded (its value is set) and left out otherwise.

What is written of a type, and how, is worked out once for each root and set of preferences, and
once more for each selection of a request; a page of a thousand entities then only follows the plan.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache, partial
from typing import Any, NamedTuple, Protocol, cast

from msgspec import UNSET

from ostiary.graph.edm import Property, TypeRef, describe, shown
from ostiary.graph.forms import face_of
from ostiary.graph.types import Complex, EdmEnum, Entity, Version
from ostiary.graph.values import write_instant, write_primitive


class Shape(Protocol):
    """What the caller wants of an entity: ``options.QueryOptions`` or nothing."""

    @property
    def select(self) -> tuple[str, ...] | None:
        """Python names of the chosen properties; None: all."""

    @property
    def expand(self) -> Mapping[str, Shape]:
        """The shape of each expanded navigation, by Python name."""

    @property
    def parts(self) -> Mapping[str, Shape]:
        """What is chosen of complex properties that are not wanted whole, by Python name."""


Write = Callable[[Any], Any]
"""Gives the JSON form of a property's value that is neither unset nor null."""


class _Field(NamedTuple):
    """One member of the JSON object; ``write`` is None where the value is its own JSON form."""

    name: str
    python: str
    write: Write | None


_Plan = tuple[_Field, ...]

_AS_THEY_ARE = frozenset(
    {"Edm.String", "Edm.Guid", "Edm.Boolean", "Edm.Int16", "Edm.Int32", "Edm.Int64", "Edm.Double"}
)


@dataclass(frozen=True)
class Writer:
    """Writes values for one request.

    ``include_unknown`` is the caller's ``Prefer: include-unknown-enum-members``; ``metadata`` is
    the level of control information: ``none``, ``minimal`` or ``full``.
    """

    version: Version
    include_unknown: bool = False
    metadata: str = "minimal"
    _plans: dict[tuple[type, int], tuple[_Plan, Shape | None]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )
    """By type and identity of the shape, which is kept so that no other takes its identity."""

    def entity(
        self, value: Complex, *, declared: type | None = None, shape: Shape | None = None
    ) -> dict[str, Any]:
        """Give the JSON object of a complex or entity value."""
        out: dict[str, Any] = {}
        cls = type(value)
        says_enough = cls is (declared or cls) and not cls.TELLS_TYPE
        if self.metadata != "none" and (self.metadata == "full" or not says_enough):
            out["@odata.type"] = "#" + shown(cls, self.version).name_in(self.version)
        if self.version is Version.BETA:
            value = face_of(value, self.version)
        for name, python, write in self._plan(type(value), shape):
            raw = getattr(value, python)
            if raw is not UNSET:
                out[name] = raw if write is None or raw is None else write(raw)
        return out

    def value(self, raw: Any, *, declared: type | None = None, shape: Shape | None = None) -> Any:
        """Give the JSON form of any value that a property or an operation may have."""
        if isinstance(raw, Complex):
            return self.entity(raw, declared=declared, shape=shape)
        if isinstance(raw, list | tuple):
            return [self.value(item, declared=declared, shape=shape) for item in raw]
        if isinstance(raw, EdmEnum):
            return _enum_texts(type(raw), self.include_unknown)[raw]
        return write_primitive(raw)

    def _plan(self, cls: type[Complex], shape: Shape | None) -> _Plan:
        known = self._plans.get((cls, id(shape)))
        if known is None:
            whole = _whole(cls, self.version, self.include_unknown, self.metadata)
            known = (self._shaped(cls, whole, shape) if shape else whole, shape)
            self._plans[cls, id(shape)] = known
        return known[0]

    def _shaped(self, cls: type[Complex], whole: _Plan, shape: Shape) -> _Plan:
        """Keep what the caller chose; an entity's id and what is expanded always belong to it."""
        properties = describe(cls).properties
        always = {"id"} if issubclass(cls, Entity) else set()
        chosen = None if shape.select is None else {*always, *shape.select, *shape.expand}
        inner = {**shape.parts, **shape.expand}
        return tuple(
            field._replace(write=self._nested(properties[field.python], inner[field.python]))
            if field.python in inner
            else field
            for field in whole
            if chosen is None or field.python in chosen
        )

    def _nested(self, prop: Property, shape: Shape | None = None) -> Write:
        return partial(self.value, declared=prop.type.python, shape=shape)

    def _write_of(self, prop: Property) -> Write | None:
        """Find the way to write a property; lists and what may be anything take the long way."""
        type_: TypeRef = prop.type
        if self.version is Version.BETA and prop.beta.pascal:
            return lambda raw: _pascal(self.value(raw))
        if type_.collection or type_.kind not in ("primitive", "enum"):
            return self._nested(prop)
        if type_.kind == "enum":
            texts = _enum_texts(cast(type[EdmEnum], type_.python), self.include_unknown)
            return lambda raw: texts.get(raw, raw)
        if type_.name == "Edm.DateTimeOffset":
            return write_instant
        return None if type_.name in _AS_THEY_ARE else write_primitive


@cache
def _whole(cls: type[Complex], version: Version, include_unknown: bool, metadata: str) -> _Plan:
    """Give the plan of a type of which everything is wanted."""
    writer = Writer(version, include_unknown, metadata)
    fields = []
    for prop in describe(cls).properties.values():
        name = prop.name_in(version)
        if name is None or prop.write_only:
            continue
        write = writer._write_of(prop)
        names = (name, *(also.name for also in prop.also if also.emit))
        fields += [_Field(name, prop.python, write) for name in names]
    return tuple(fields)


def _pascal(value: Any) -> Any:
    return value[:1].upper() + value[1:] if isinstance(value, str) else value


@cache
def _enum_texts(enum: type[EdmEnum], include_unknown: bool) -> dict[str, str]:
    """Give the text of each member, hiding those that came after the sentinel.

    An enumeration names those members in ``GATED``; callers that know them ask for them.
    """
    gated = () if include_unknown else getattr(enum, "GATED", ())
    return {m: "unknownFutureValue" if m in gated else m.value for m in enum}
