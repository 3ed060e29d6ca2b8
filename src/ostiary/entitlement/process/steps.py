"""The dispatcher: locks requests, lets the rules choose their next steps, and takes them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.audit.events import SYSTEM, AuditEvent
from ostiary.audit.store import record
from ostiary.durable import queue
from ostiary.durable.queue import NewWork
from ostiary.entitlement import assignments, dynamic, names, records, requests, stages
from ostiary.entitlement.model.catalogs import AccessPackageAssignmentPolicy
from ostiary.entitlement.process import asking, kinds, moves
from ostiary.entitlement.process.moves import Move
from ostiary.entitlement.states import (
    AutoApprove,
    CallOut,
    Complete,
    Deliver,
    Delivery,
    OpenApproval,
    Plan,
    Request,
    Step,
    WaitForStart,
    Withdraw,
)
from ostiary.entitlement.store import assignments as assignment_store
from ostiary.entitlement.store import extensions as extension_store
from ostiary.entitlement.store import policies as policy_store
from ostiary.entitlement.store import requests as request_store
from ostiary.extensions.service import Order, launch


@dataclass(frozen=True, slots=True)
class Taken:
    """A request, and one step that the rules chose for it."""

    request: Request
    step: Step


async def advance(conn: AsyncConnection, request_ids: Collection[str], *, now: datetime) -> None:
    """Take every step that these requests can take now."""
    held = await request_store.lock(conn, request_ids)
    terms = await policy_store.terms(conn, {request.terms_id for request in held.values()})
    plans = await _plans(conn, terms)
    after: dict[str, Request] = {}
    taken: list[Taken] = []
    for request in held.values():
        moved, steps = requests.advance(request, plans[request.terms_id], now=now)
        after[request.id] = moved
        taken += [Taken(moved, step) for step in steps]
    after |= await _call_out(conn, taken, now=now)
    await _ask(conn, taken, terms, now=now)
    await _complete(conn, taken)
    await queue.put(conn, [work for one in taken for work in _work(one, now)])
    await record(conn, [event for one in taken for event in _events(one)], now=now)
    both = [Move(request, after[request.id]) for request in held.values()]
    await moves.store(conn, both, now=now)


async def _plans(
    conn: AsyncConnection, terms: dict[str, AccessPackageAssignmentPolicy]
) -> dict[str, Plan]:
    called = {
        key
        for policy in terms.values()
        for setting in stages.settings_of(policy)
        if (key := stages.extension_id(setting))
    }
    known = await extension_store.known(conn, called)
    return {key: dynamic.plan(policy, known) for key, policy in terms.items()}


async def _call_out(
    conn: AsyncConnection, taken: Iterable[Taken], *, now: datetime
) -> dict[str, Request]:
    """Launch the callouts; give the requests that now await one, by id."""
    calls = [(one.request, one.step.call) for one in taken if isinstance(one.step, CallOut)]
    if not calls:
        return {}
    orders = [
        Order(names.REQUEST, request.id, call.extension_id, call.stage, waits=call.waits)
        for request, call in calls
    ]
    ids = await launch(conn, orders, now=now)
    return {
        request.id: requests.called(request, callout_id)
        for (request, _), callout_id in zip(calls, ids, strict=True)
    }


async def _ask(
    conn: AsyncConnection,
    taken: Iterable[Taken],
    terms: dict[str, AccessPackageAssignmentPolicy],
    *,
    now: datetime,
) -> None:
    questions = [
        asking.question(one.request, one.step.turn, terms[one.request.terms_id])
        for one in taken
        if isinstance(one.step, OpenApproval)
    ]
    await asking.open_stages(conn, questions, now=now)


async def _complete(conn: AsyncConnection, taken: Sequence[Taken]) -> None:
    """Call the assignments of completed requests delivered."""
    done = [
        one.request.assignment_id
        for one in taken
        if isinstance(one.step, Complete)
        and not one.request.is_removal
        and not one.request.is_update
    ]
    if done:
        held = await assignment_store.lock(conn, done)
        delivered = [assignments.given(one, Delivery.COMPLETE) for one in held.values()]
        await assignment_store.save(conn, delivered)


def _work(one: Taken, now: datetime) -> Iterable[NewWork]:
    match one.step:
        case WaitForStart(at):
            yield NewWork(kind=kinds.START, key=one.request.id, due_at=at)
        case Deliver() | Withdraw():
            yield NewWork(kind=kinds.DELIVER, key=one.request.id, due_at=now)
        case _:
            pass


def _events(one: Taken) -> Iterable[AuditEvent]:
    match one.step:
        case AutoApprove():
            yield records.of_request(records.AUTO_APPROVE, one.request, SYSTEM)
        case Deliver():
            yield records.of_request(records.READY, one.request, SYSTEM)
        case _:
            pass
