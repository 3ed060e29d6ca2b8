"""Taking resources out of their catalogs at the end of the time for which they were added.

What an administrator could not remove, because packages hold roles of it, is not removed by the
clock either: that is told in the audit log, and tried every day until nothing stands against it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final, Literal

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.audit.events import SYSTEM, AuditEvent, Target
from ostiary.audit.store import record
from ostiary.durable import queue
from ostiary.durable.handlers import Again, Outcome
from ostiary.durable.queue import NewWork, WorkItem
from ostiary.entitlement import records
from ostiary.entitlement.model.catalogs import AccessPackageResource
from ostiary.entitlement.process import kinds
from ostiary.entitlement.store import resources as store

REMOVE: Final = "Remove resource from catalog"
SHOWN: Final = 5
"""How many packages are named that use a resource."""

PAUSE: Final = timedelta(days=1)
"""How long after a removal that was not possible it is tried again."""

_REQUEST: Final = "requestId"
_log: Final = structlog.get_logger(__name__)


def target(resource: AccessPackageResource) -> Target:
    """Name a resource in the audit log."""
    return Target(id=resource.id, type="AccessPackageResource", display_name=resource.display_name)


def in_use(packages: Sequence[str]) -> str:
    """Say why a resource stays that these packages, by their names, hold roles of."""
    shown = ", ".join(f"'{name}'" for name in packages[:SHOWN])
    more = " and others" if len(packages) > SHOWN else ""
    return f"Access packages hold roles of the resource: {shown}{more}. Remove them there first."


async def set_timer(
    conn: AsyncConnection, resource_id: str, *, request_id: str, at: datetime
) -> None:
    """Have a resource removed at an instant, for the request that has added it."""
    item = NewWork(
        kind=kinds.RESOURCE_EXPIRES, key=resource_id, due_at=at, payload={_REQUEST: request_id}
    )
    await queue.put(conn, [item])


async def remove(conn: AsyncConnection, resource_ids: Sequence[str]) -> None:
    """Take resources out of their catalogs, which the caller has locked, with their timers."""
    await store.delete_resources(conn, resource_ids)
    await queue.withdraw(conn, kinds.RESOURCE_EXPIRES, resource_ids)


async def clear(
    conn: AsyncConnection, items: Sequence[WorkItem], now: datetime
) -> Mapping[str, Outcome] | None:
    """Remove the resources whose time is up; what is gone already needs nothing."""
    held = await store.lock_resources(conn, {item.key for item in items})
    using = await store.using_packages(conn, held.keys())
    due = [item for item in items if item.key in held]
    await store.delete_resources(conn, [item.key for item in due if item.key not in using])
    events = [_event(item, held[item.key], using.get(item.key, ())) for item in due]
    await record(conn, events, now=now)
    return {item.id: Again(at=now + PAUSE) for item in due if item.key in using}


def _event(item: WorkItem, resource: AccessPackageResource, packages: Sequence[str]) -> AuditEvent:
    reason = "The time for which the resource was added to the catalog is up."
    result: Literal["success", "failure"] = "success"
    if packages:
        result, reason = "failure", f"{reason} {in_use(packages)} It is tried again every day."
        _log.warning("resource.still_used", resource=resource.id, packages=list(packages[:SHOWN]))
    return records.event(
        REMOVE,
        "Delete",
        SYSTEM,
        target(resource),
        result=result,
        reason=reason,
        details={"resourceRequestId": item.payload[_REQUEST]},
        correlation_id=item.payload[_REQUEST],
    )
