"""What became of calls, stored many at a time: results, and what is to be called later."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import replace as replaced
from datetime import datetime

from msgspec.structs import replace
from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.durable import queue
from ostiary.durable.items import WorkItem
from ostiary.extensions import circuit_store, effects, ledger, store
from ostiary.extensions.callouts import Callout, accepted, refused, replied
from ostiary.extensions.calls import Attempt, CallResult, Outgoing
from ostiary.extensions.circuits import Circuit
from ostiary.extensions.direct import Unreadable, read_reply
from ostiary.extensions.owners import Owners

_TRIED = "tried"


@dataclass(frozen=True, slots=True)
class PutBack:
    """One item that is to be called later: its endpoint is left alone, or its turn has not come.

    ``attempts`` are those that were made before a retry had to wait for its turn.
    """

    item: WorkItem
    attempts: Sequence[Attempt] = ()


@dataclass(frozen=True, slots=True)
class Delivery:
    """One call that has been made."""

    item: WorkItem
    outgoing: Outgoing
    result: CallResult
    at: datetime
    turned: Circuit | None
    """The circuit of its extension, where this is to be noted."""

    @property
    def attempts(self) -> Sequence[Attempt]:
        """The attempts that were made now."""
        return self.result.attempts


def resumed(outgoing: Outgoing, item: WorkItem) -> Outgoing:
    """Go on with a call where it was put back."""
    return replaced(outgoing, tried=_tried(item))


async def record(
    conn: AsyncConnection,
    owners: Owners,
    ended: Sequence[Delivery | PutBack],
    *,
    node: str,
    now: datetime,
) -> None:
    """Store the results of calls, whichever came first: this, an answer, or a cancel.

    What was put back is due again as before, and that it was taken does not count.
    """
    put_back = [one for one in ended if isinstance(one, PutBack)]
    await queue.again(conn, [(_later(one), one.item.due_at, "") for one in put_back])
    before = await store.lock(conn, [one.item.key for one in ended if one.attempts])
    after = dict(before)
    entries = []
    for one in ended:
        if one.attempts:
            callout = after[one.item.key]
            after[callout.id] = _delivered(callout, one)
            entries += [ledger.of_attempt(callout, attempt) for attempt in one.attempts]
    await effects.apply(conn, owners, before, after, now=now)
    deliveries = [one for one in ended if isinstance(one, Delivery)]
    await queue.done(conn, [delivery.item for delivery in deliveries])
    await ledger.write(conn, entries)
    turned = {d.outgoing.extension_id: d.turned for d in deliveries if d.turned is not None}
    await circuit_store.note(conn, node, turned, now=now)


def _tried(item: WorkItem) -> int:
    return int(item.payload.get(_TRIED, 0))


def _later(one: PutBack) -> WorkItem:
    if not one.attempts:
        return one.item
    tried = _tried(one.item) + len(one.attempts)
    return replace(one.item, payload={**one.item.payload, _TRIED: tried})


def _delivered(callout: Callout, one: Delivery | PutBack) -> Callout:
    counted = replace(callout, attempts=callout.attempts + len(one.attempts))
    if isinstance(one, PutBack):
        return counted
    result = one.result
    if result.label is None and not one.outgoing.keeps_reply:
        return accepted(counted, now=one.at, correlation=result.correlation)
    if result.label is None:
        return _answered_at_once(counted, one)
    return refused(counted, reason=result.reason)


def _answered_at_once(callout: Callout, delivery: Delivery) -> Callout:
    try:
        answer = read_reply(delivery.result.reply)
    except Unreadable as error:
        return refused(callout, reason=f"The endpoint took the call, and its reply {error}.")
    correlation = delivery.result.correlation
    return replied(callout, answer, now=delivery.at, correlation=correlation)
