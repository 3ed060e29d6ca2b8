"""Paths of properties in the words of both roots: for selections, addresses and messages."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import cast

from ostiary.graph.edm import Property, concrete_types, describe, shown
from ostiary.graph.errors import DomainError
from ostiary.graph.forms import form_of
from ostiary.graph.types import Complex, Version

Steps = tuple[Property, ...]

_QUOTED = re.compile(r"'([A-Za-z@][\w@./]*)'")


def property_paths(cls: type[Complex], names: Sequence[str], version: Version) -> list[Steps]:
    """Find what a path of names means among the properties that a root shows.

    The names may be those of either root. What the root says in several properties gives several
    paths; what it has no property for gives none.
    """
    direct = _steps(cls, names, version)
    if direct is not None:
        return [direct]
    found = (_steps(cls, other, version) for other in _counterparts(cls, names, version))
    return [steps for steps in dict.fromkeys(found) if steps is not None]


def respell(error: DomainError, cls: type[Complex]) -> None:
    """Put beta's words for the properties of ``cls`` into an error that speaks as v1.0 does."""
    if error.target is not None:
        error.target = beta_path(cls, error.target) or error.target

    def replaced(match: re.Match[str]) -> str:
        return f"'{beta_path(cls, match[1]) or match[1]}'"

    error.args = (_QUOTED.sub(replaced, str(error)),)


def beta_path(cls: type[Complex], path: str) -> str | None:
    """Give what beta calls a property of v1.0; None: ``path`` leads to none that it has."""
    found = _in_beta(cls, path.split("/"))
    return None if found is None else "/".join(found)


def _steps(cls: type[Complex], names: Sequence[str], version: Version) -> Steps | None:
    """Walk names, those of derived types included; casts on the way are passed over."""
    steps: list[Property] = []
    at: type[Complex] | None = cls
    for name in names:
        if "." in name:
            continue
        if steps and steps[-1].type.kind == "any":
            break
        prop = None if at is None else _find(at, name, version)
        if prop is None:
            return None
        steps.append(prop)
        at = _below(prop)
    return tuple(steps) or None


def _find(cls: type[Complex], name: str, version: Version) -> Property | None:
    for one in concrete_types(cls).values():
        prop = shown(one, version).by_spelling.get(name.lower())
        if prop is not None and not prop.write_only:
            return prop
    return None


def _below(prop: Property) -> type[Complex] | None:
    if prop.type.kind not in ("complex", "entity"):
        return None
    return cast(type[Complex], prop.type.python)


def _counterparts(
    cls: type[Complex], names: Sequence[str], version: Version
) -> Iterator[Sequence[str]]:
    """Give the paths of this root that say what the path says at the other."""
    form = form_of(cls)
    wanted = "/".join(names).lower() + "/"
    for ours, theirs in form.names.items() if form else ():
        here, there = (ours, theirs) if version is Version.V1 else (theirs, ours)
        known = there.lower() + "/"
        if known.startswith(wanted) or wanted.startswith(known):
            yield here.split("/")


def _in_beta(cls: type[Complex], parts: Sequence[str]) -> list[str] | None:
    if not parts:
        return []
    head, *rest = parts
    if head.isdecimal() or head.startswith("@"):
        below = _in_beta(cls, rest)
        return None if below is None else [head, *below]
    for model in concrete_types(cls).values():
        found = _reshaped(model, parts) or _renamed(model, head, rest)
        if found is not None:
            return found
    return None


def _reshaped(model: type[Complex], parts: Sequence[str]) -> list[str] | None:
    form = form_of(model)
    for ours, theirs in form.names.items() if form else ():
        start = ours.split("/")
        if list(parts[: len(start)]) == start:
            steps = _steps(model, theirs.split("/"), Version.BETA)
            return _with_rest(theirs.split("/"), steps[-1] if steps else None, parts[len(start) :])
    return None


def _renamed(model: type[Complex], head: str, rest: Sequence[str]) -> list[str] | None:
    prop = next((p for p in describe(model).properties.values() if p.name == head), None)
    face = shown(model, Version.BETA).properties.get(prop.python) if prop else None
    name = face.name_in(Version.BETA) if face else None
    return None if name is None else _with_rest([name], face, rest)


def _with_rest(start: list[str], prop: Property | None, rest: Sequence[str]) -> list[str] | None:
    if not rest:
        return start
    at = _below(prop) if prop else None
    below = _in_beta(at, rest) if at else None
    return None if below is None else [*start, *below]
