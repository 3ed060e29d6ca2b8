"""A page of changes as JSON: ``@removed``, ``members@delta`` and the link to go on by."""

from __future__ import annotations

from typing import Any

from ostiary.graph.call import GraphCall
from ostiary.graph.context import context_url
from ostiary.graph.deltas import Change, Delta, LinkChange
from ostiary.graph.options import QueryOptions
from ostiary.graph.routing import Collection
from ostiary.graph.writing import Writer


def body(place: Collection, delta: Delta, call: GraphCall, writer: Writer) -> dict[str, Any]:
    """Give the body of the reply to a delta function on ``place``."""
    shape = QueryOptions(select=delta.select)
    out: dict[str, Any] = {}
    if writer.metadata != "none":
        out["@odata.context"] = context_url(place, call, shape)
    url = f"{call.root}/{call.path.strip('/')}"
    if delta.skiptoken is not None:
        out["@odata.nextLink"] = f"{url}?$skiptoken={delta.skiptoken}"
    if delta.deltatoken is not None:
        out["@odata.deltaLink"] = f"{url}?$deltatoken={delta.deltatoken}"
    declared = place.source.type
    out["value"] = [_change(change, declared, shape, writer) for change in delta.changes]
    return out


def _change(change: Change, declared: type, shape: QueryOptions, writer: Writer) -> dict[str, Any]:
    if change.entity is None:
        return {"id": change.id, "@removed": {"reason": change.gone}}
    out = writer.entity(change.entity, declared=declared, shape=shape)
    for name, links in change.links.items():
        out[f"{name}@delta"] = [_link(link) for link in links]
    return out


def _link(link: LinkChange) -> dict[str, Any]:
    out: dict[str, Any] = {"@odata.type": f"#{link.type}", "id": link.id}
    if link.removed:
        out["@removed"] = {"reason": "deleted"}
    return out
