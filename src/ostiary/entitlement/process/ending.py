"""What happens because time has passed: start dates, decisions that did not come, ends of access.

A timer may fire for something that is no more: the rules then change nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from functools import reduce

from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.audit.events import SYSTEM
from ostiary.audit.store import record
from ostiary.durable import queue
from ostiary.durable.queue import NewWork
from ostiary.entitlement import approvals, assignments, records, requests
from ostiary.entitlement.approvals import Stage
from ostiary.entitlement.assignments import Assignment
from ostiary.entitlement.model.enums import AccessPackageRequestType
from ostiary.entitlement.process import kinds, moves
from ostiary.entitlement.process.moves import Move
from ostiary.entitlement.states import Request
from ostiary.entitlement.store import approvals as approval_store
from ostiary.entitlement.store import assignments as assignment_store
from ostiary.entitlement.store import policies as policy_store
from ostiary.entitlement.store import requests as request_store
from ostiary.storage.ids import new_id


async def start(conn: AsyncConnection, request_ids: Collection[str], *, now: datetime) -> None:
    """Let requests go on whose start date has come."""
    held = (await request_store.lock(conn, request_ids)).values()
    both = [Move(request, requests.started(request, now=now)) for request in held]
    await moves.store(conn, both, now=now)


async def expire_stages(
    conn: AsyncConnection, stage_ids: Collection[str], *, now: datetime
) -> None:
    """Deny requests whose approvers said nothing in time."""
    await _move_stages(
        conn,
        stage_ids,
        lambda stage: approvals.expire(stage, now=now),
        lambda request, stage: requests.denied(request, stage.turn, timed_out=True, now=now),
        now=now,
    )


async def escalate_stages(
    conn: AsyncConnection, stage_ids: Collection[str], *, now: datetime
) -> None:
    """Ask the escalation approvers too."""
    await _move_stages(
        conn,
        stage_ids,
        lambda stage: approvals.escalate(stage, now=now),
        lambda request, stage: requests.escalated(request, stage.turn),
        now=now,
    )


async def expire_assignments(
    conn: AsyncConnection, assignment_ids: Collection[str], *, now: datetime
) -> None:
    """Start the removal of assignments whose end has come (``systemRemove``)."""
    held = await assignment_store.lock(conn, assignment_ids)
    over = [one for one in held.values() if one.is_held and assignments.is_over(one, now=now)]
    await remove(conn, over, now=now)


async def remove(
    conn: AsyncConnection,
    ending: Sequence[Assignment],
    *,
    details: Mapping[str, str] | None = None,
    now: datetime,
) -> None:
    """Have the server ask for the removal of held assignments whose rows the caller has locked."""
    if not ending:
        return
    going = await request_store.with_open_removal(conn, [one.id for one in ending])
    due = [one for one in ending if one.id not in going]
    policies = await policy_store.current_terms(conn, {one.policy_id for one in due})
    new = [_removal(one, policies[one.policy_id], now) for one in due]
    await request_store.insert_requests(conn, new, {})
    await queue.put(conn, [NewWork(kind=kinds.ADVANCE, key=r.id, due_at=now) for r in new])
    events = [records.of_request(records.SYSTEM_REMOVES, r, SYSTEM, details=details) for r in new]
    await record(conn, events, now=now)


async def spread(
    conn: AsyncConnection, package_id: str, *, after: str, limit: int, now: datetime
) -> str | None:
    """Have some assignments of a package rewritten; give where to go on, None when that is all."""
    ids = await assignment_store.held_of_package(conn, package_id, after=after, limit=limit)
    await queue.put(conn, [NewWork(kind=kinds.REWRITE, key=key, due_at=now) for key in ids])
    return ids[-1] if len(ids) == limit else None


async def _move_stages(
    conn: AsyncConnection,
    stage_ids: Collection[str],
    move_stage: Callable[[Stage], Stage],
    move_request: Callable[[Request, Stage], Request],
    *,
    now: datetime,
) -> None:
    """Move stages, and the requests of those that moved; requests are locked first.

    Several stages of one request may move at once: together they are one move of the request.
    """
    owners = await approval_store.request_ids(conn, stage_ids)
    held = await request_store.lock(conn, set(owners.values()))
    stages = await approval_store.lock_of_requests(conn, held.keys())
    timed = [one for group in stages.values() for one in group if one.id in owners]
    moved = [after for stage in timed if (after := move_stage(stage)) != stage]
    await approval_store.save(conn, moved)
    moved_of: dict[str, list[Stage]] = defaultdict(list)
    for stage in moved:
        moved_of[stage.request_id].append(stage)
    both = [
        Move(held[key], reduce(move_request, these, held[key]), stages=these)
        for key, these in moved_of.items()
    ]
    await moves.store(conn, both, now=now)


def _removal(assignment: Assignment, terms_id: str, now: datetime) -> Request:
    type_ = AccessPackageRequestType.SYSTEM_REMOVE
    return Request(
        id=new_id(),
        type=type_,
        phase=requests.first_phase(type_),
        catalog_id=assignment.catalog_id,
        package_id=assignment.package_id,
        policy_id=assignment.policy_id,
        terms_id=terms_id,
        assignment_id=assignment.id,
        target_id=assignment.target_id,
        requestor_id=assignment.target_id,
        created_at=now,
    )
