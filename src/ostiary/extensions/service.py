"""The use cases: call out, take an answer, cancel, send again.

``launch``, ``cancel`` and ``replay`` belong to the caller's transaction; ``Resumes`` has its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.durable import queue
from ostiary.extensions import effects, extension_store, store
from ostiary.extensions.answers import Answer
from ostiary.extensions.callouts import Callout, canceled
from ostiary.extensions.errors import NotReplayable
from ostiary.extensions.extensions import Extension
from ostiary.extensions.owners import Owners
from ostiary.extensions.resumes import Resumes
from ostiary.storage.ids import new_id

__all__ = ["Answer", "Order", "Resumes", "cancel", "launch", "replay"]


@dataclass(frozen=True, slots=True)
class Order:
    """That an owner wants an extension called at a stage.

    ``waits`` is false at a stage that has no use for an answer, whatever the extension says.
    """

    owner_kind: str
    owner_id: str
    extension_id: str
    stage: str
    waits: bool = True


async def launch(conn: AsyncConnection, orders: Sequence[Order], *, now: datetime) -> list[str]:
    """Store a callout for each order, its wait included, and the work to send it.

    Gives the callouts' ids in the order of ``orders``. An extension that does not exist makes a
    callout that fails, so that its owner learns of it in the usual way.
    """
    extensions = await extension_store.read(conn, {order.extension_id for order in orders})
    new = [_callout(order, extensions.get(order.extension_id), now) for order in orders]
    await store.add(conn, new)
    await queue.put(conn, [effects.sending(callout, due_at=now) for callout in new])
    return [callout.id for callout in new]


async def cancel(
    conn: AsyncConnection, owner_kind: str, owner_ids: Sequence[str], *, now: datetime
) -> None:
    """End the open callouts of these owners as canceled; their owner is not told."""
    held = await store.lock_of_owners(conn, owner_ids)
    before = {c.id: c for c in held if c.owner_kind == owner_kind}
    after = {id_: canceled(c, reason="Canceled.") for id_, c in before.items()}
    await effects.apply(conn, Owners(), before, after, now=now)


async def replay(conn: AsyncConnection, callout_ids: Sequence[str], *, now: datetime) -> None:
    """Send open callouts again, under the same ids: an endpoint may have lost them.

    :raises NotReplayable: one has ended, or does not exist; none is sent then.
    """
    held = await store.lock(conn, callout_ids)
    for id_ in callout_ids:
        if id_ not in held or not held[id_].is_open:
            raise NotReplayable(f"The callout {id_} is not open.", callout=id_)
    again = {"replay": True}
    work = [effects.sending(held[i], due_at=now, payload=again) for i in callout_ids]
    await queue.put(conn, work)


def _callout(order: Order, extension: Extension | None, now: datetime) -> Callout:
    wait = extension.wait if extension and order.waits else None
    return Callout(
        id=new_id(),
        owner_kind=order.owner_kind,
        owner_id=order.owner_id,
        extension_id=order.extension_id,
        stage=order.stage,
        waits=wait is not None,
        timeout=wait,
        deadline=None if wait is None else now + wait,
        created_at=now,
    )
