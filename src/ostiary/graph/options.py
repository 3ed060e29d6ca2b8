"""The system query options: ``$select``, ``$expand``, ``$filter``, ``$orderby``, paging, counting.

Names are taken with or without ``$`` and in any case; property names in the vocabulary of either
root. An option that the server does not know is an error, never silently ignored.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from urllib.parse import unquote_plus

from ostiary.graph import filter_syntax
from ostiary.graph.edm import Property, StructuredType, concrete_types, describe
from ostiary.graph.errors import BadRequest
from ostiary.graph.types import Complex

MAX_PAGE = 999
DEFAULT_PAGE = 100
MAX_DEPTH = 8
"""Levels of ``$expand``; each costs a query."""

_KNOWN = frozenset(
    {"select", "expand", "filter", "orderby", "top", "skip", "count", "search", "skiptoken"}
    | {"deltatoken", "format", "levels"}
)
_REFUSED = frozenset({"apply", "compute", "index", "schemaversion"})


@dataclass(frozen=True, slots=True)
class Order:
    """One sort key: a property path and its direction."""

    path: tuple[str, ...]
    descending: bool = False


@dataclass(frozen=True, slots=True)
class QueryOptions:
    """What a request asks of a collection or an entity. Property names are Python names."""

    select: tuple[str, ...] | None = None
    expand: Mapping[str, QueryOptions] = field(default_factory=dict)
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


def parse(pairs: list[tuple[str, str]], type_: StructuredType) -> QueryOptions:
    """Read the options of a request for entities of ``type_``.

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
    return _options(given, type_, tuple(raw))


def _options(
    given: Mapping[str, str],
    type_: StructuredType,
    raw: tuple[tuple[str, str], ...] = (),
    *,
    depth: int = 0,
) -> QueryOptions:
    filter_text = given.get("filter")
    return QueryOptions(
        select=_select(given["select"], type_) if given.get("select") else None,
        expand=_expand(given.get("expand", ""), type_, depth),
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


def _select(text: str, type_: StructuredType) -> tuple[str, ...] | None:
    names = [name.strip() for name in text.split(",") if name.strip()]
    if "*" in names:
        return None
    found = (find_property(type_, name.split("/")[0]).python for name in names)
    return tuple(dict.fromkeys(found))


def find_property(type_: StructuredType, name: str) -> Property:
    """Find a property by any of its names, in the type itself or in one derived from it.

    :raises BadRequest: there is none.
    """
    for described in (type_, *_derived(type_.python)):
        if (found := described.by_spelling.get(name.lower())) is not None:
            return found
    raise BadRequest(
        "Parsing OData Select and Expand failed: "
        f"Could not find a property named '{name}' on type '{type_.name}'.",
        target=name,
    )


def _derived(cls: type[Complex]) -> Iterator[StructuredType]:
    yield from (describe(child) for child in concrete_types(cls).values() if child is not cls)


def _expand(text: str, type_: StructuredType, depth: int) -> dict[str, QueryOptions]:
    expanded: dict[str, QueryOptions] = {}
    if depth >= MAX_DEPTH and text:
        raise BadRequest(f"$expand is nested deeper than {MAX_DEPTH} levels.", target="$expand")
    for item in split_outside(text, ","):
        name, inner = _with_options(item.strip())
        if name == "*":
            expanded.update({p.python: NO_OPTIONS for p in type_.properties.values() if p.nav})
            continue
        prop = find_property(type_, name.split("/")[0])
        if prop.nav is None:
            raise BadRequest(
                f"Parsing OData Select and Expand failed: '{name}' on type '{type_.name}' is not "
                "a navigation property, so it cannot be expanded.",
                target=name,
            )
        target = describe(prop.type.python)
        expanded[prop.python] = _options(_inner_options(inner, name), target, depth=depth + 1)
    return expanded


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
        if not equals or plain not in _KNOWN:
            raise BadRequest(
                f"Term '({text})' is not valid in a $select or $expand expression.", target=name
            )
        given[plain] = value.strip()
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
