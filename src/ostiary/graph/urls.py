"""Paths as clients write them: segments, keys in both styles, function arguments.

A path is split before it is decoded, so an encoded slash stays part of its segment.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from urllib.parse import unquote

from ostiary.graph.errors import BadRequest

_GUID = re.compile(r"^\{?([0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})\}?$")


@dataclass(frozen=True, slots=True)
class Segment:
    """One part of a path: its name, and the text in its parentheses if it has any."""

    name: str
    inside: str | None = None
    folded: str = field(init=False, compare=False)
    """The name for comparison: segments are matched without regard to case."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "folded", self.name.lower())


def split_path(raw: str) -> list[Segment]:
    """Split a raw, still encoded path into decoded segments; empty ones are dropped."""
    parts = _parts(raw) if "(" in raw or "'" in raw else raw.split("/")
    return [_segment(unquote(part)) for part in parts if part]


def _parts(raw: str) -> list[str]:
    """Split a path at its slashes, but for those in parentheses and in quotes."""
    parts, depth, quoted, start = [], 0, False, 0
    for at, char in enumerate(raw):
        if char == "'":
            quoted = not quoted
        elif char in "()" and not quoted:
            depth += 1 if char == "(" else -1
        elif char == "/" and not quoted and depth <= 0:
            parts.append(raw[start:at])
            start = at + 1
    parts.append(raw[start:])
    return parts


def _segment(text: str) -> Segment:
    name, opened, rest = text.partition("(")
    if not opened:
        return Segment(text)
    if not rest.endswith(")"):
        raise BadRequest(f"The segment '{text}' lacks its closing parenthesis.")
    return Segment(name, rest[:-1].strip())


def plain_key(text: str) -> str:
    """Give a key without quotes; a GUID in lower case and without braces."""
    if len(text) >= 2 and text[0] == text[-1] == "'":
        text = text[1:-1].replace("''", "'")
    match = _GUID.match(text)
    return match.group(1).lower() if match else text


def named_keys(inside: str) -> dict[str, str] | None:
    """Read ``appId='…'``; None when the parentheses hold a plain key."""
    match = re.match(r"^([A-Za-z_]\w*)\s*=(?!=)(.*)$", inside, re.DOTALL)
    return {match.group(1): plain_key(match.group(2).strip())} if match else None


def arguments(inside: str, names: Iterable[str], aliases: Mapping[str, str]) -> dict[str, str]:
    """Read the arguments of a function by the names that it declares, in any order and case.

    One generated client drops the commas between arguments; names are found all the same. Values
    lose their quotes; ``@p`` is replaced by the query's ``@p=…``.

    :raises BadRequest: there is text that belongs to no declared argument.
    """
    known = {name.lower(): name for name in names}
    if not inside.strip():
        return {}
    pattern = "|".join(re.escape(n) for n in sorted(known.values(), key=len, reverse=True))
    starts = list(re.finditer(rf"(?i)(?:^|(?<=[,'\sZz\d)]))\s*({pattern})\s*=(?!=)", inside))
    if not known or not starts or inside[: starts[0].start()].strip(" ,"):
        wanted = ", ".join(f"'{n}'" for n in known.values()) or "none"
        raise BadRequest(f"Expression expected in '{inside}': the parameters are {wanted}.")
    found: dict[str, str] = {}
    for match, following in zip(starts, [*starts[1:], None], strict=True):
        end = following.start() if following else len(inside)
        value = inside[match.end() : end].strip().rstrip(",").strip()
        if value.startswith("@"):
            value = aliases.get(value, "")
        found[known[match.group(1).lower()]] = plain_key(value)
    return found
