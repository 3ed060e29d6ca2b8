"""A related entity that is shown without being asked for: by its id alone."""

from __future__ import annotations

from typing import Any, TypeVar

import msgspec
from msgspec import UNSET

from ostiary.graph.types import Entity

EntityT = TypeVar("EntityT", bound=Entity)


def only_id(cls: type[EntityT], id: str) -> EntityT:
    """Give an entity that shows nothing but its id: every other property is unset."""
    values: dict[str, Any] = {field.name: UNSET for field in msgspec.structs.fields(cls)}
    return cls(**{**values, "id": id})
