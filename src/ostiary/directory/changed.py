"""Which attributes of an object a change concerns, spelled as the API does."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from ostiary.directory.rules.attributes import ATTRIBUTES

_EXTENSIONS: Final = "extension_attributes"
_PATHS: Final = {
    attribute.column: attribute.path
    for attribute in ATTRIBUTES
    if attribute.member is None and attribute.path != "memberOf"
}


def changed_paths(old: Mapping[str, Any], new: Mapping[str, Any]) -> frozenset[str]:
    """Name what differs, given the columns before, and those that have another value now.

    The extension attributes share a column and are told apart.
    """
    paths = {
        _PATHS.get(column) or spelled(column)
        for column in new
        if column not in (_EXTENSIONS, "unique_name")
    }
    if _EXTENSIONS in new:
        before, after = old.get(_EXTENSIONS) or {}, new[_EXTENSIONS] or {}
        paths |= {
            f"onPremisesExtensionAttributes/{name}"
            for name in before.keys() | after.keys()
            if before.get(name) != after.get(name)
        }
    return frozenset(paths)


def spelled(column: str) -> str:
    """Spell the name of a column as the API does."""
    head, *rest = column.split("_")
    return head + "".join(part.capitalize() for part in rest)
