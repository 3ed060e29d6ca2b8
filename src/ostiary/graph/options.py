"""The system query options: ``$select``, ``$expand``, ``$filter``, ``$orderby``, paging, counting.

Names are taken with or without ``$`` and in any case; property names in the vocabulary of either
root. An option that the server does not know is an error, never silently ignored.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import unquote_plus

from ostiary.graph import filter_syntax
from ostiary.graph.edm import Property, concrete_types, describe, shown
from ostiary.graph.errors import BadRequest
from ostiary.graph.spelling import property_paths
from ostiary.graph.types import Complex, Version

MAX_PAGE = 999
DEFAULT_PAGE = 100
MAX_DEPTH = 8
"""Levels of ``$expand``; each costs a query."""

_KNOWN = frozenset(
    {"select", "expand", "filter", "orderby", "top", "skip", "count", "search", "skiptoken"}
    | {"deltatoken", "format"}
)
_INNER = frozenset({"select", "expand", "filter", "orderby", "top", "skip", "count", "levels"})
"""The options of what is expanded."""
_IDLE = {"count": "false", "levels": "1"}
"""What says nothing new; another value of these is not served there."""
_REFUSED = frozenset({"apply", "compute", "index", "schemaversion"})


@dataclass(frozen=True, slots=True)
class Order:
    """One sort key: a property path and its direction."""

    path: tuple[str, ...]
    descending: bool = False


@dataclass(frozen=True, slots=True)
class QueryOptions:
    """What a request asks of a collection or an entity.

    Property names are Python names: those of the type as the root shows it, which for navigations
    are the same under both. ``parts`` says what is chosen of the complex properties in ``select``
    that are not wanted whole.
    """

    select: tuple[str, ...] | None = None
    expand: Mapping[str, QueryOptions] = field(default_factory=dict)
    parts: Mapping[str, QueryOptions] = field(default_factory=dict)
    filter: filter_syntax.Node | None = None
    orderby: tuple[Order, ...] = ()
    top: int | None = None
    skip: int = 0
    count: bool = False
    search: str | None = None
    skiptoken: str | None = None
    format: str | None = None
    raw: tuple[tuple[str, str], ...] = ()
    """Name and value of each option as they came, for the link to the next page."""


NO_OPTIONS = QueryOptions()


def split_query(query: str) -> list[tuple[str, str]]:
    """Split a query string into decoded names and values, in order."""
    pairs = (part.partition("=") for part in query.split("&") if part)
    return [(unquote_plus(name), unquote_plus(value)) for name, _, value in pairs]


def parse(
    pairs: list[tuple[str, str]], type_: type[Complex], version: Version = Version.V1
) -> QueryOptions:
    """Read the options of a request to a root for entities of ``type_``.

    :raises BadRequest: an option is unknown, given twice, or its value cannot be read.
    """
    given: dict[str, str] = {}
    raw: list[tuple[str, str]] = []
    for name, value in pairs:
        plain = name.removeprefix("$").lower()
        if plain in _KNOWN:
            if plain in given:
                raise BadRequest(f"The query parameter '${plain}' is given twice.", target=name)
            given[plain] = value
            raw.append((plain, value))
        elif name.startswith("$") or plain in _REFUSED:
            raise BadRequest(f"The query parameter '{name}' is not supported.", target=name)
    return _Parser(version).options(given, type_, tuple(raw))


@dataclass(frozen=True)
class _Parser:
    version: Version

    def options(
        self,
        given: Mapping[str, str],
        type_: type[Complex],
        raw: tuple[tuple[str, str], ...] = (),
        *,
        depth: int = 0,
    ) -> QueryOptions:
        filter_text = given.get("filter")
        chosen = self._select(given.get("select", ""), type_)
        expand = self._expand(given.get("expand", ""), type_, depth)
        return QueryOptions(
            select=chosen.select,
            expand={name: _narrowed(inner, chosen.parts.get(name)) for name, inner in expand},
            parts=chosen.parts,
            filter=filter_syntax.parse(filter_text) if filter_text else None,
            orderby=tuple(_orders(given.get("orderby", ""))),
            top=_number("top", given["top"]) if "top" in given else None,
            skip=_number("skip", given["skip"]) if "skip" in given else 0,
            count=_flag("count", given.get("count", "false")),
            search=given.get("search"),
            skiptoken=given.get("skiptoken"),
            format=given.get("format"),
            raw=raw,
        )

    def _select(self, text: str, type_: type[Complex]) -> QueryOptions:
        names = [name.strip() for name in text.split(",") if name.strip()]
        if not names or "*" in names:
            return NO_OPTIONS
        tree: _Tree = {}
        for name in names:
            for steps in self._paths(type_, name):
                _plant(tree, steps)
        return _chosen(tree)

    def _paths(self, type_: type[Complex], name: str) -> list[tuple[Property, ...]]:
        found = property_paths(type_, name.split("/"), self.version)
        return found or [(find_property(type_, name, self.version),)]

    def _expand(
        self, text: str, type_: type[Complex], depth: int
    ) -> Iterator[tuple[str, QueryOptions]]:
        if depth >= MAX_DEPTH and text:
            raise BadRequest(f"$expand is nested deeper than {MAX_DEPTH} levels.", target="$expand")
        for item in split_outside(text, ","):
            name, inner = _with_options(item.strip())
            if name == "*":
                everything = describe(type_).properties.values()
                yield from ((p.python, NO_OPTIONS) for p in everything if p.nav)
                continue
            prop = find_property(type_, name.split("/")[0], self.version)
            if prop.nav is None:
                raise BadRequest(
                    f"Parsing OData Select and Expand failed: '{name}' on type "
                    f"'{shown(type_, self.version).name_in(self.version)}' is not a navigation "
                    "property, so it cannot be expanded.",
                    target=name,
                )
            given = _inner_options(inner, name)
            yield prop.python, self.options(given, prop.type.python, depth=depth + 1)


_Tree = dict[str, Any]  # by Python name: None where the property is wanted whole, else a tree


def _plant(tree: _Tree, steps: tuple[Property, ...]) -> None:
    """Add a path to a tree; what is wanted whole is not narrowed by a path below it."""
    head, *rest = (step.python for step in steps)
    if not rest or tree.get(head, {}) is None:
        tree[head] = None
    else:
        _plant(tree.setdefault(head, {}), steps[1:])


def _chosen(tree: _Tree) -> QueryOptions:
    parts = {name: _chosen(below) for name, below in tree.items() if below is not None}
    return QueryOptions(select=tuple(tree), parts=parts)


def _narrowed(expanded: QueryOptions, chosen: QueryOptions | None) -> QueryOptions:
    """``$select=nav/a`` narrows an expansion that does not say itself what it wants."""
    if chosen is None or expanded.select is not None:
        return expanded
    return replace(expanded, select=chosen.select, parts=chosen.parts)


def find_property(type_: type[Complex], name: str, version: Version = Version.V1) -> Property:
    """Find a property by any of its names, in the type itself or in one derived from it.

    :raises BadRequest: there is none.
    """
    for root in (version, Version.V1):
        for cls in concrete_types(type_).values():
            if (found := shown(cls, root).by_spelling.get(name.lower())) is not None:
                return found
    raise BadRequest(
        "Parsing OData Select and Expand failed: Could not find a property named "
        f"'{name}' on type '{shown(type_, version).name_in(version)}'.",
        target=name,
    )


def _with_options(item: str) -> tuple[str, str]:
    name, opened, rest = item.partition("(")
    if opened and not rest.endswith(")"):
        raise BadRequest(f"Parsing OData Select and Expand failed: ')' is missing in '{item}'.")
    return name.strip(), rest[:-1]


def _inner_options(text: str, name: str) -> dict[str, str]:
    given: dict[str, str] = {}
    for part in split_outside(text, ";"):
        option, equals, value = part.strip().partition("=")
        plain = option.removeprefix("$").lower()
        if not equals or plain not in _INNER:
            raise BadRequest(
                f"Term '({text})' is not valid in a $select or $expand expression.", target=name
            )
        given[plain] = value.strip()
    for plain, idle in _IDLE.items():
        if given.pop(plain, idle).lower() != idle:
            raise BadRequest(
                f"'${plain}' of what is expanded can only be '{idle}' here: '{name}({text})'.",
                target=name,
            )
    return given


def _orders(text: str) -> Iterator[Order]:
    for item in split_outside(text, ","):
        words = item.split()
        if (
            not words
            or len(words) > 2
            or words[-1].lower() not in ("asc", "desc", words[0].lower())
        ):
            raise BadRequest(f"Invalid $orderby clause: '{item.strip()}'.", target="$orderby")
        yield Order(tuple(words[0].split("/")), len(words) == 2 and words[1].lower() == "desc")


def _number(name: str, text: str) -> int:
    if not text.isdecimal() or len(text) > 9:
        raise BadRequest(
            f"Invalid value '{text}' for ${name} query option found. "
            f"The ${name} query option requires a non-negative integer value.",
            target=f"${name}",
        )
    return int(text)


def _flag(name: str, text: str) -> bool:
    if text.lower() not in ("true", "false"):
        raise BadRequest(f"Invalid value '{text}' for ${name}: it is true or false.", target=name)
    return text.lower() == "true"


def split_outside(text: str, separator: str) -> list[str]:
    """Split at ``separator`` where it stands outside quotes and parentheses; drop empty parts."""
    parts, depth, quoted, start = [], 0, False, 0
    for at, char in enumerate(text):
        if char == "'":
            quoted = not quoted
        elif not quoted and char in "()":
            depth += 1 if char == "(" else -1
        elif not quoted and depth == 0 and char == separator:
            parts.append(text[start:at])
            start = at + 1
    parts.append(text[start:])
    return [part for part in parts if part.strip()]
