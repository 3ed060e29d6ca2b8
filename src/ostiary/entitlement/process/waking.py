"""Whoever waits for something that has moved, and has to be looked at again.

These are requests that are delivered and assignments as they are, when a right has moved, and
people to whom an automatic policy may give something, when a place has become free. What is put on
the queue only asks to look again; an item too many does no harm.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.durable import queue
from ostiary.durable.queue import NewWork
from ostiary.entitlement.process import kinds
from ostiary.entitlement.rights import Effort
from ostiary.entitlement.store import automatic as automatic_store
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


async def look_again(conn: AsyncConnection, people: Collection[str], *, now: datetime) -> None:
    """Have automatic policies look at people again who have lost something, or did not get it."""
    if people and await automatic_store.exist(conn):
        kind = kinds.AUTOMATIC_PERSON
        await queue.put(
            conn, [NewWork(kind=kind, key=key, due_at=now) for key in sorted(set(people))]
        )
