"""``Search()`` of a set (beta): the set itself, for ``$search`` and the other options."""

from __future__ import annotations

from sqlalchemy import true

from ostiary.entitlement.routes.finding import Gates
from ostiary.graph.resources import Call, Matching, Operation
from ostiary.graph.types import Entity


def search(type_: type[Entity], gates: Gates) -> Operation:
    """Declare ``Search`` of a set of ``type_``."""
    return Operation(
        name="Search",
        kind="function",
        bound="collection",
        needs=gates.read,
        handle=_everything,
        returns=type_,
        many=True,
    )


async def _everything(_: Call) -> Matching:
    """GET …/Search()"""
    return Matching(where=true())
