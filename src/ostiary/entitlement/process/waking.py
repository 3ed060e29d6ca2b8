"""Whoever waits for a right that has moved: requests that are delivered, assignments as they are.

What is put on the queue only asks to look again; an item too many does no harm.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.durable import queue
from ostiary.durable.queue import NewWork
from ostiary.entitlement.process import kinds
from ostiary.entitlement.rights import Effort
from ostiary.entitlement.store import requests as request_store


async def wake(conn: AsyncConnection, assignment_ids: Collection[str], *, now: datetime) -> None:
    """Have a look at these assignments, or at the requests that give or remove them."""
    if not assignment_ids:
        return
    waiting = await request_store.awaiting_delivery(conn, assignment_ids)
    idle = set(assignment_ids) - set(waiting.values())
    look = {"effort": Effort.LOOK.value}
    both = [(kinds.DELIVER, sorted(waiting)), (kinds.REWRITE, sorted(idle))]
    items = [
        NewWork(kind=kind, key=key, due_at=now, payload=look) for kind, keys in both for key in keys
    ]
    await queue.put(conn, items)
