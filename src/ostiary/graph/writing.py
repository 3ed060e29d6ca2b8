"""From wire types to JSON: the spelling of each root, ``@odata.type`` and the caller's selection.

Nullable properties are written as null, collections as arrays; a navigation is written when it has
been expanded (its value is set) and left out otherwise.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Protocol

from msgspec import UNSET

from ostiary.graph.edm import Property, describe
from ostiary.graph.types import Complex, EdmEnum, Version
from ostiary.graph.values import write_primitive


class Shape(Protocol):
    """What the caller wants of an entity: ``options.QueryOptions`` or nothing."""

    @property
    def select(self) -> tuple[str, ...] | None:
        """Python names of the chosen properties; None: all."""

    @property
    def expand(self) -> Mapping[str, Shape]:
        """The shape of each expanded navigation, by Python name."""


@dataclass(frozen=True, slots=True)
class _Column:
    prop: Property
    names: tuple[str, ...]
    write: Callable[[Any], Any] | None


@cache
def _columns(cls: type[Complex], version: Version) -> tuple[_Column, ...]:
    columns = []
    for prop in describe(cls).properties.values():
        name = prop.name_in(version)
        if name is None or prop.write_only:
            continue
        emitted = tuple(also.name for also in prop.also if also.emit)
        pascal = version is Version.BETA and prop.beta.pascal
        columns.append(_Column(prop, (name, *emitted), _pascal if pascal else None))
    return tuple(columns)


def _pascal(value: Any) -> Any:
    return value[:1].upper() + value[1:] if isinstance(value, str) else value


@dataclass(frozen=True)
class Writer:
    """Writes values for one request.

    ``include_unknown`` is the caller's ``Prefer: include-unknown-enum-members``; ``metadata`` is
    the level of control information: ``none``, ``minimal`` or ``full``.
    """

    version: Version
    include_unknown: bool = False
    metadata: str = "minimal"

    def entity(
        self, value: Complex, *, declared: type | None = None, shape: Shape | None = None
    ) -> dict[str, Any]:
        """Give the JSON object of a complex or entity value."""
        out: dict[str, Any] = {}
        cls = type(value)
        if self.metadata != "none" and (cls is not (declared or cls) or self.metadata == "full"):
            out["@odata.type"] = "#" + describe(cls).name
        select = shape.select if shape else None
        for column in _columns(cls, self.version):
            self._write_property(out, value, column, select, shape)
        return out

    def _write_property(
        self,
        out: dict[str, Any],
        value: Complex,
        column: _Column,
        select: tuple[str, ...] | None,
        shape: Shape | None,
    ) -> None:
        prop = column.prop
        raw = getattr(value, prop.python)
        if raw is UNSET or (select is not None and not self._chosen(prop, select, shape)):
            return
        inner = shape.expand.get(prop.python) if shape else None
        written = self.value(raw, declared=prop.type.python, shape=inner)
        for name in column.names:
            out[name] = column.write(written) if column.write else written

    def _chosen(self, prop: Property, select: tuple[str, ...], shape: Shape | None) -> bool:
        expanded = shape is not None and prop.python in shape.expand
        return prop.python in select or prop.python == "id" or expanded

    def value(self, raw: Any, *, declared: type | None = None, shape: Shape | None = None) -> Any:
        """Give the JSON form of any value that a property or an operation may have."""
        if isinstance(raw, Complex):
            return self.entity(raw, declared=declared, shape=shape)
        if isinstance(raw, list | tuple):
            return [self.value(item, declared=declared, shape=shape) for item in raw]
        if isinstance(raw, EdmEnum):
            return self._enum(raw)
        return write_primitive(raw)

    def _enum(self, member: EdmEnum) -> str:
        """Hide members that came after the sentinel from callers that did not ask for them.

        An enumeration names those members in ``GATED``.
        """
        if not self.include_unknown and member in getattr(type(member), "GATED", ()):
            return "unknownFutureValue"
        return member.value
