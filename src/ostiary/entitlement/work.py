"""What the worker does for this package, one handler for each kind of work.

Items name what they are about and nothing more; what is to be done is decided by what is stored, so
that an item too many does no harm.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.durable import queue
from ostiary.durable.handlers import InTransaction, Outcome
from ostiary.durable.queue import NewWork, WorkItem
from ostiary.entitlement.model.enums import AccessPackageCustomExtensionStage as Stage
from ostiary.entitlement.process import (
    clearing,
    delivering,
    delivery,
    ending,
    forgetting,
    guests,
    kinds,
    reminding,
    steps,
)
from ostiary.entitlement.reminders import Reminder
from ostiary.entitlement.rights import Effort
from ostiary.graph.values import read_instant
from ostiary.storage.archive import Archive

PAGE: Final = 1_000
"""How many assignments of a package are looked at in one transaction."""

RETENTION: Final = timedelta(days=365)
"""How long finished requests are kept where nothing else is said."""

Handle = Callable[
    [AsyncConnection, Sequence[WorkItem], datetime], Awaitable[Mapping[str, Outcome] | None]
]


def handlers(
    *, domain: str, keep: timedelta = RETENTION, archive: Archive | None = None
) -> list[InTransaction]:
    """Give the handlers of this package, the most urgent first.

    ``domain`` is the organisation's own, in which invited people get their names; finished
    requests go to the ``archive`` after ``keep``.
    """
    return [
        InTransaction(kinds.ADVANCE, _each(steps.advance)),
        InTransaction(kinds.DELIVER, _deliver(domain)),
        InTransaction(kinds.START, _each(ending.start)),
        InTransaction(kinds.ASSIGNMENT_EXPIRES, _each(ending.expire_assignments)),
        InTransaction(kinds.ASSIGNMENT_REMINDS, _remind),
        InTransaction(kinds.APPROVAL_EXPIRES, _each(ending.expire_stages)),
        InTransaction(kinds.APPROVAL_ESCALATES, _each(ending.escalate_stages)),
        InTransaction(kinds.GUEST, _each(guests.review)),
        InTransaction(kinds.CLEANUP, _each(guests.clean)),
        InTransaction(kinds.RESOURCE_EXPIRES, clearing.clear),
        InTransaction(kinds.REWRITE, _rewrite, is_bulk=True),
        InTransaction(kinds.WRITE_RIGHT, _write_right),
        InTransaction(kinds.SPREAD, _spread, batch=1, is_bulk=True),
        forgetting.handler(keep, archive),
    ]


def _each(
    function: Callable[..., Awaitable[None]],  # (conn, keys, *, now)
) -> Handle:
    """Make a handler of a function that takes the keys of a batch."""

    async def handle(
        conn: AsyncConnection, items: Sequence[WorkItem], now: datetime
    ) -> Mapping[str, Outcome] | None:
        await function(conn, {item.key for item in items}, now=now)
        return None

    return handle


def _deliver(domain: str) -> Handle:
    async def handle(
        conn: AsyncConnection, items: Sequence[WorkItem], now: datetime
    ) -> Mapping[str, Outcome] | None:
        await delivering.deliver(conn, _efforts(items), domain=domain, now=now)
        return None

    return handle


async def _rewrite(
    conn: AsyncConnection, items: Sequence[WorkItem], now: datetime
) -> Mapping[str, Outcome] | None:
    await delivering.rewrite(conn, _efforts(items), now=now)
    return None


async def _write_right(
    conn: AsyncConnection, items: Sequence[WorkItem], now: datetime
) -> Mapping[str, Outcome] | None:
    attempts = {item.key: int(item.payload.get("attempt", 0)) for item in items}
    await delivery.write_again(conn, attempts, now=now)
    return None


def _efforts(items: Sequence[WorkItem]) -> dict[str, Effort]:
    """Say how much is to be done for each key; where several items differ, the most."""
    efforts: dict[str, Effort] = {}
    for item in items:
        effort = Effort(int(item.payload.get("effort", Effort.TRY)))
        efforts[item.key] = max(efforts.get(item.key, Effort.LOOK), effort)
    return efforts


async def _remind(
    conn: AsyncConnection, items: Sequence[WorkItem], now: datetime
) -> Mapping[str, Outcome] | None:
    due = [
        Reminder(
            assignment_id=item.key,
            stage=Stage(item.payload["stage"]),
            ends_at=read_instant(item.payload["endsAt"]),
        )
        for item in items
    ]
    await reminding.remind(conn, due, now=now)
    return None


async def _spread(
    conn: AsyncConnection, items: Sequence[WorkItem], now: datetime
) -> Mapping[str, Outcome] | None:
    for item in items:
        after = str(item.payload.get("after", ""))
        last = await ending.spread(conn, item.key, after=after, limit=PAGE, now=now)
        if last is not None:
            more = NewWork(kind=kinds.SPREAD, key=item.key, due_at=now, payload={"after": last})
            await queue.put(conn, [more])
    return None
