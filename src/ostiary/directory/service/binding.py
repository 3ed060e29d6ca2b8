"""What requests about links between objects have in common: ids that they name, and refusals."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.directory import store
from ostiary.directory.errors import DirectoryError, ObjectNotFound, ReferenceExists
from ostiary.directory.model import DirectoryObject
from ostiary.directory.store import Pair
from ostiary.graph.types import UnsetType

Bound = Sequence[DirectoryObject] | UnsetType
"""A navigation of a body: the objects that it names, if it is there."""


def bound_ids(bound: Bound) -> list[str]:
    """Give the ids of the objects that a body names."""
    return [] if isinstance(bound, UnsetType) else [item.id.lower() for item in bound]


async def explain(
    conn: AsyncConnection, passed_over: Collection[Pair], there: set[str], navigation: str
) -> None:
    """Say why links were not made: they are there, their object is not, or may not stand there.

    :raises DirectoryError: one of the first two, or the last, in any case.
    """
    known = await store.references(conn, {far for _, far in passed_over})
    for _, far in sorted(passed_over):
        if far in there:
            raise ReferenceExists(navigation)
        if far not in known:
            raise ObjectNotFound(far)
        raise DirectoryError(
            f"'{far}' is of the kind '{known[far].kind}' and cannot be added to '{navigation}' "
            "of this object.",
            target=navigation,
        )
