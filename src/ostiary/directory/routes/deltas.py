"""``delta`` of users, groups, applications and service principals."""

from __future__ import annotations

from ostiary.directory import sources
from ostiary.directory.model import DirectoryObject
from ostiary.directory.objects import Kind
from ostiary.directory.service import Directory
from ostiary.graph.deltas import Delta
from ostiary.graph.resources import Authorize, Call, Operation


def delta_of(
    kind: Kind, type_: type[DirectoryObject], directory: Directory, needs: Authorize
) -> Operation:
    """Declare ``delta`` of the set of one kind of objects."""

    async def delta(call: Call) -> Delta:
        """GET /users/delta, /groups/delta, /applications/delta, /servicePrincipals/delta"""
        found = await directory.deltas.page(kind, call.delta(type_))
        shown = [change.entity for change in found.changes if change.entity is not None]
        sources.hide_details(call, [o for o in shown if isinstance(o, DirectoryObject)])
        return found

    return Operation(
        name="delta",
        kind="function",
        bound="collection",
        needs=needs,
        handle=delta,
        returns=type_,
        many=True,
    )
