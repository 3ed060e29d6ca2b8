"""Which type an object of a body is of, and in which of the two forms it is written."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any, cast

import msgspec

from ostiary.graph.edm import (
    Property,
    concrete_types,
    describe,
    faces,
    named_types,
    shown,
    spellings,
)
from ostiary.graph.errors import InvalidModel
from ostiary.graph.types import Complex, Entity, Version

Body = Mapping[str, Any]  # an object of JSON


def chosen_type(
    declared: type[Complex],
    body: Body,
    path: str,
    version: Version,
    *,
    fallback: type[Complex] | None = None,
) -> type[Complex]:
    """Pick the type that ``@odata.type`` names among the declared one and its subtypes.

    Where it names none the properties tell, else it is ``fallback`` or the declared type.

    :raises InvalidModel: it names none of them, or is needed and missing.
    """
    raw = next((v for k, v in body.items() if k.lower().lstrip("@") == "odata.type"), None)
    if raw is None:
        return fallback or _inferred_type(declared, body, path, version)
    here = _type_path(path)
    chosen = named_types(declared).get(_plain_type_name(raw)) if isinstance(raw, str) else None
    if chosen is None or chosen.__dict__.get("ABSTRACT", False):
        raise InvalidModel(
            f"'{here}' is {msgspec.json.encode(raw).decode()}; it must be one of "
            f"{_listed(declared, version)}.",
            target=here,
        )
    return chosen


def form_version(cls: type[Complex], body: Body, version: Version) -> Version:
    """Say which root's form an object has: that of ``version``, unless the other fits better."""
    other = Version.V1 if version is Version.BETA else Version.BETA
    misfits = _misfits(shown(cls, version).by_spelling, body)
    is_own = not misfits or misfits <= _misfits(shown(cls, other).by_spelling, body)
    return version if is_own else other


def _misfits(known: Mapping[str, Property], body: Body) -> int:
    """Count the names, on all levels, that are unknown, or hold an object where none may be."""
    count = 0
    for name, raw in body.items():
        if "@" in name:
            continue
        prop = known.get(name.lower())
        if prop is None:
            count += 1
        elif prop.nav is None:
            items = raw if isinstance(raw, list) else [raw]
            count += sum(_misfit(prop, item) for item in items if item is not None)
    return count


def _misfit(prop: Property, item: Any) -> int:
    if prop.type.kind == "any":
        return 0
    if prop.type.kind not in ("complex", "entity"):
        return isinstance(item, dict)
    if not isinstance(item, dict):
        return 1
    return _misfits(_known_below(cast(type[Complex], prop.type.python)), item)


@cache
def _known_below(declared: type[Complex]) -> dict[str, Property]:
    """Give the properties of a type and its subtypes, in both forms, by every name."""
    described = (face for cls in concrete_types(declared).values() for face in faces(cls))
    return {name: prop for type_ in described for name, prop in type_.by_spelling.items()}


def _inferred_type(
    declared: type[Complex], body: Body, path: str, version: Version
) -> type[Complex]:
    infer = getattr(declared, "infer_type", None)
    inferred = infer({name.lower() for name in body}) if infer else None
    if inferred is not None:
        return cast(type[Complex], inferred)
    only = _only_fitting({name.lower() for name in body if "@" not in name}, declared)
    if only is not None:
        return only
    names_an_entity = path and issubclass(declared, Entity)  # its id says which type it is
    if names_an_entity or not declared.__dict__.get("ABSTRACT", False):
        return declared
    here = _type_path(path)
    raise InvalidModel(
        f"'{here}' is required here; it must be one of {_listed(declared, version)}.", target=here
    )


def _only_fitting(names: set[str], declared: type[Complex]) -> type[Complex] | None:
    """Where the declared type lacks a named property, find the one subtype that has them all."""
    if describe(declared).abstract or names <= spellings(declared):
        return None
    fitting = [c for c in concrete_types(declared).values() if names <= spellings(c)]
    return fitting[0] if len(fitting) == 1 else None


def _plain_type_name(raw: str) -> str:
    """Strip ``#``, repeated namespaces and the alias ``graph.`` from a type name."""
    name = raw.lower().lstrip("#").strip()
    while name.startswith("microsoft.graph.microsoft.graph."):
        name = name.removeprefix("microsoft.graph.")
    return f"microsoft.{name}" if name.startswith("graph.") else name


def _listed(declared: type[Complex], version: Version) -> str:
    described = (shown(cls, version) for cls in concrete_types(declared).values())
    names = [f"'#{type_.name_in(version)}'" for type_ in described if not type_.abstract]
    return ", ".join(names)


def _type_path(path: str) -> str:
    return f"{path}/@odata.type" if path else "@odata.type"
