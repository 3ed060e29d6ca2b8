"""What is stored of requests and assignments, gathered to be explained: a few queries for one."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.audit.tables import audit_records
from ostiary.directory import store as directory
from ostiary.durable.tables import work
from ostiary.entitlement import names, records
from ostiary.entitlement.approvals import Seat, Stage
from ostiary.entitlement.assignments import Assignment
from ostiary.entitlement.explanations import Event, Facts, Work
from ostiary.entitlement.states import Request, RequestStatus
from ostiary.entitlement.store import approvals as approval_store
from ostiary.entitlement.store import assignments as assignment_store
from ostiary.entitlement.store import requests as request_store
from ostiary.entitlement.store import rights as right_store
from ostiary.entitlement.store import separation as separation_store
from ostiary.entitlement.tables import assignment_requests
from ostiary.extensions import extension_store, ledger
from ostiary.extensions import store as callout_store
from ostiary.extensions.callouts import Callout
from ostiary.storage.batches import among

OWNERS = (names.REQUEST, names.ASSIGNMENT)
"""Whose callouts are told of: those of requests, and those before the end of assignments."""

_audit = audit_records.c
_UNTOLD = (records.ADD_APPROVER,)
"""Who is asked is told where it is waited for."""


async def of_request(conn: AsyncConnection, key: str, hidden: Collection[str]) -> Facts | None:
    """Gather what belongs to a request; None: there is none."""
    found = list((await request_store.read_requests(conn, [key])).values())
    if not found:
        return None
    held = await assignment_store.read(conn, [found[0].assignment_id])
    return await _gathered(conn, found, held.get(found[0].assignment_id), [key], hidden)


async def of_assignment(conn: AsyncConnection, key: str, hidden: Collection[str]) -> Facts | None:
    """Gather what belongs to an assignment that was given, the newest of its requests first."""
    held = (await assignment_store.read(conn, [key])).get(key)
    if held is None or held.given_at is None:
        return None
    columns = assignment_requests.c
    query = (
        select(columns.id)
        .where(columns.assignment_id == key)
        .order_by(columns.created_at.desc(), columns.id)
    )
    ids = list((await conn.execute(query)).scalars())
    found = await request_store.read_requests(conn, ids)
    return await _gathered(conn, [found[one] for one in ids], held, [*ids, key], hidden)


async def _gathered(
    conn: AsyncConnection,
    requests: Sequence[Request],
    held: Assignment | None,
    owners: Sequence[str],
    hidden: Collection[str],
) -> Facts:
    stages = await approval_store.of_requests(conn, [request.id for request in requests])
    seats = await approval_store.seats(conn, [stage.id for stage in stages])
    calls = [
        call
        for kind in OWNERS
        for some in (await callout_store.of_owners(conn, kind, owners)).values()
        for call in some
    ]
    wants = await right_store.wants_of(conn, [held.id]) if held else {}
    rights = await right_store.read(conn, {w.right_id for some in wants.values() for w in some})
    keys = {*owners, *rights, *(stage.id for stage in stages), *(call.id for call in calls)}
    lines = await ledger.read(conn, owners)
    people = {seat.principal_id for some in seats.values() for seat in some}
    people |= {entry.caller for entry in lines if entry.caller}
    return Facts(
        requests=requests,
        assignment=held,
        stages=stages,
        seats={key: frozenset(some) for key, some in seats.items()},
        callouts=sorted(calls, key=lambda call: (call.created_at, call.sequence)),
        ledger=lines,
        rights=list(rights.values()),
        work=await _work(conn, keys),
        events=await _events(conn, owners, stages, seats, hidden),
        names=await _names(conn, people, calls),
        conflict=await _conflict(conn, requests),
        hidden=frozenset(hidden),
    )


async def _work(conn: AsyncConnection, keys: Collection[str]) -> list[Work]:
    columns = [work.c[name] for name in Work.__dataclass_fields__]
    rows = await conn.execute(select(*columns).where(among(work.c.key, keys)))
    return [Work(**row._mapping) for row in rows]


async def _events(
    conn: AsyncConnection,
    owners: Sequence[str],
    stages: Iterable[Stage],
    seats: dict[str, set[Seat]],
    hidden: Collection[str],
) -> list[Event]:
    """Give what the audit log tells; those who may not be seen to decide are not named."""
    query = (
        select(audit_records)
        .where(
            among(_audit.correlation_id, owners),
            _audit.category == records.CATEGORY,
            _audit.activity_display_name.not_in(_UNTOLD),
        )
        .order_by(_audit.activity_date_time, _audit.id)
    )
    unseen = {seat.principal_id for key in hidden for seat in seats.get(key, ())}
    unseen |= {one.reviewer_id for one in stages if one.id in hidden and one.reviewer_id}
    return [
        Event(
            at=row["activity_date_time"],
            place=records.place(row["activity_display_name"]),
            about=row["correlation_id"],
            text=row["activity_display_name"],
            by=None
            if row["user_id"] in unseen
            else row["user_display_name"] or row["app_display_name"] or row["user_id"],
            reason=row["result_reason"],
            is_failure=row["result"] != "success",
        )
        for row in (await conn.execute(query)).mappings()
    ]


async def _names(
    conn: AsyncConnection, people: Collection[str], calls: Iterable[Callout]
) -> dict[str, str]:
    known = await directory.references(conn, people)
    extensions = await extension_store.read(conn, {call.extension_id for call in calls})
    called = {key: one.display_name or key for key, one in known.items()}
    return called | {key: one.display_name for key, one in extensions.items()}


async def _conflict(conn: AsyncConnection, requests: Iterable[Request]) -> str | None:
    """Say what excludes the package for the target of a request that failed because of it."""
    for request in requests:
        if request.status is not RequestStatus.INCOMPATIBLE:
            continue
        excluders = await separation_store.excluders(conn, [request.package_id])
        people = [request.target_id]
        exclusions = await separation_store.exclusions(conn, excluders, people)
        problem = exclusions.conflict(request.package_id, request.target_id)
        return str(problem) if problem else None
    return None
