"""Queries about requests."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import ColumnElement, RowMapping, delete, select
from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.entitlement.model.enums import (
    AccessPackageRequestState,
    AccessPackageRequestType,
    ExpirationPatternType,
)
from ostiary.entitlement.model.questions import AccessPackageAnswer
from ostiary.entitlement.model.requests import AccessPackageAssignmentRequest
from ostiary.entitlement.model.schedules import EntitlementManagementSchedule, ExpirationPattern
from ostiary.entitlement.states import (
    CANCELABLE,
    OF_SERVER,
    OPEN,
    REMOVALS,
    UPDATES,
    Awaits,
    Phase,
    Request,
    RequestStatus,
)
from ostiary.entitlement.store.documents import read, read_list, written, written_list
from ostiary.entitlement.tables import (
    approval_seats,
    approval_stages,
    assignment_requests,
    assignments,
)
from ostiary.storage.batches import KEYS, among
from ostiary.storage.rows import Change, Insertion

_MOVING: Final = (
    "state",
    "status",
    "phase",
    "position",
    "awaits",
    "callout_id",
    "completed_at",
)
_PLACES: Final = ("removal_of", "update_of")
_columns = assignment_requests.c
_SAVE: Final = Change(assignment_requests, (*_MOVING, *_PLACES))
_ADD: Final = Insertion(assignment_requests)
_READ: Final = select(assignment_requests).where(among(_columns.id, KEYS))
_LOCK: Final = _READ.order_by(_columns.id).with_for_update()
_SAID: Final = select(
    _columns.id,
    _columns.schedule,
    _columns.answers,
    _columns.justification,
    _columns.created_by,
).where(among(_columns.id, KEYS))


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What came with a request and decides nothing on its way."""

    schedule: EntitlementManagementSchedule | None = None
    answers: Sequence[AccessPackageAnswer] = ()
    justification: str | None = None
    created_by: str | None = None


def load(row: RowMapping) -> AccessPackageAssignmentRequest:
    """Make the wire type of a request's row."""
    return AccessPackageAssignmentRequest(
        id=row["id"],
        request_type=AccessPackageRequestType(row["request_type"]),
        state=AccessPackageRequestState(row["state"]),
        status=row["status"],
        created_date_time=row["created_at"],
        completed_date_time=row["completed_at"],
        schedule=read(EntitlementManagementSchedule, row["schedule"]) or no_schedule(),
        answers=read_list(AccessPackageAnswer, row["answers"]),
        justification=row["justification"],
    )


def no_schedule() -> EntitlementManagementSchedule:
    """Give the schedule of a request that asks for none: the policy decides."""
    type_ = ExpirationPatternType.NOT_SPECIFIED
    return EntitlementManagementSchedule(expiration=ExpirationPattern(type=type_))


async def insert_requests(
    conn: AsyncConnection, new: Sequence[Request], said: Mapping[str, Said]
) -> None:
    """Add requests with what came with them, by request id."""
    nothing = Said()
    rows = [{**_row(request), **_said(said.get(request.id, nothing))} for request in new]
    await _ADD.run(conn, rows)


async def save(conn: AsyncConnection, moved: Sequence[Request]) -> None:
    """Store what can change of requests whose rows the caller has locked."""
    await _SAVE.run(conn, [_row(request) for request in moved])


async def lock(conn: AsyncConnection, keys: Collection[str]) -> dict[str, Request]:
    """Give requests by id, their rows locked until the end of the transaction."""
    rows = (await conn.execute(_LOCK, {"keys": keys})).mappings()
    return {row["id"]: _request(row) for row in rows}


async def read_requests(conn: AsyncConnection, keys: Collection[str]) -> dict[str, Request]:
    """Give requests by id; those that do not exist are missing."""
    rows = (await conn.execute(_READ, {"keys": keys})).mappings()
    return {row["id"]: _request(row) for row in rows}


async def exists(conn: AsyncConnection, key: str) -> bool:
    """Say whether there is such a request."""
    return await conn.scalar(select(_columns.id).where(_columns.id == key)) is not None


async def catalog_of(conn: AsyncConnection, key: str) -> str | None:
    """Say in which catalog the package of a request is."""
    query = select(_columns.catalog_id).where(_columns.id == key)
    found: str | None = await conn.scalar(query)
    return found


async def said(conn: AsyncConnection, keys: Collection[str]) -> dict[str, Said]:
    """Give what came with requests."""
    return {
        row["id"]: Said(
            schedule=read(EntitlementManagementSchedule, row["schedule"]),
            answers=read_list(AccessPackageAnswer, row["answers"]),
            justification=row["justification"],
            created_by=row["created_by"],
        )
        for row in (await conn.execute(_SAID, {"keys": keys})).mappings()
    }


async def open_adds_of(conn: AsyncConnection, assignment_ids: Collection[str]) -> list[str]:
    """Give the ids of the open requests that give these assignments, or change them."""
    query = select(_columns.id).where(_opens(assignment_ids))
    return list((await conn.execute(query)).scalars())


async def assignments_being_added(
    conn: AsyncConnection, assignment_ids: Collection[str]
) -> set[str]:
    """Say which of these assignments are still being given by a request."""
    given = _opens(assignment_ids) & _columns.update_of.is_(None)
    return set((await conn.execute(select(_columns.assignment_id).where(given))).scalars())


async def awaiting_delivery(
    conn: AsyncConnection, assignment_ids: Collection[str]
) -> dict[str, str]:
    """Give the open requests that wait for rights of these assignments, with the assignment."""
    query = select(_columns.id, _columns.assignment_id).where(
        among(_columns.assignment_id, assignment_ids),
        _columns.awaits == Awaits.DELIVERY.value,
    )
    return {key: assignment_id for key, assignment_id in await conn.execute(query)}


async def pending_of(conn: AsyncConnection, people: Collection[str]) -> dict[str, str]:
    """Give the requests for people that can be canceled, with whom they are for.

    What the server asks for by itself it would only ask for again.
    """
    states = [state.value for state in OPEN & CANCELABLE]
    query = select(_columns.id, _columns.target_id).where(
        among(_columns.target_id, people),
        _columns.state.in_(states),
        _columns.request_type.not_in([type_.value for type_ in REMOVALS | OF_SERVER]),
    )
    return {key: person for key, person in await conn.execute(query)}


async def giving(conn: AsyncConnection, assignment_ids: Collection[str]) -> dict[str, Request]:
    """Give the latest request that gave each of these assignments, by the assignment's id."""
    query = (
        select(assignment_requests)
        .where(
            among(_columns.assignment_id, assignment_ids),
            _columns.request_type.not_in([type_.value for type_ in (*REMOVALS, *UPDATES)]),
        )
        .order_by(_columns.created_at, _columns.id)
    )
    rows = (await conn.execute(query)).mappings()
    return {row["assignment_id"]: _request(row) for row in rows}


async def with_open_removal(conn: AsyncConnection, assignment_ids: Collection[str]) -> set[str]:
    """Say which of these assignments are being removed."""
    query = select(_columns.removal_of).where(among(_columns.removal_of, assignment_ids))
    return set((await conn.execute(query)).scalars())


async def with_open_change(conn: AsyncConnection, assignment_ids: Collection[str]) -> set[str]:
    """Say which of these assignments are being changed."""
    query = select(_columns.update_of).where(among(_columns.update_of, assignment_ids))
    return set((await conn.execute(query)).scalars())


async def delete_request(conn: AsyncConnection, key: str) -> None:
    """Delete a request with its approval."""
    await conn.execute(delete(approval_seats).where(approval_seats.c.request_id == key))
    await conn.execute(delete(approval_stages).where(approval_stages.c.request_id == key))
    await conn.execute(delete(assignment_requests).where(_columns.id == key))


async def holds_assignment(conn: AsyncConnection, key: str) -> bool:
    """Say whether the assignment that a request gave is still held."""
    query = (
        select(assignments.c.id)
        .join(assignment_requests, _columns.assignment_id == assignments.c.id)
        .where(_columns.id == key, assignments.c.holder_key.is_not(None))
    )
    return await conn.scalar(query) is not None


def _opens(assignment_ids: Collection[str]) -> ColumnElement[bool]:
    """Test for the open requests that give these assignments, or change them."""
    return (
        among(_columns.assignment_id, assignment_ids)
        & _columns.state.in_([state.value for state in OPEN])
        & _columns.request_type.not_in([type_.value for type_ in REMOVALS])
    )


def _request(row: RowMapping) -> Request:
    return Request(
        id=row["id"],
        type=AccessPackageRequestType(row["request_type"]),
        state=AccessPackageRequestState(row["state"]),
        status=RequestStatus(row["status"]),
        phase=Phase(row["phase"]),
        position=row["position"],
        awaits=Awaits(row["awaits"]) if row["awaits"] else None,
        callout_id=row["callout_id"],
        catalog_id=row["catalog_id"],
        package_id=row["package_id"],
        policy_id=row["policy_id"],
        terms_id=row["terms_id"],
        assignment_id=row["assignment_id"],
        target_id=row["target_id"],
        requestor_id=row["requestor_id"],
        needs_approval=row["needs_approval"],
        is_told_first=row["is_told_first"],
        start_at=row["start_at"],
        created_at=row["created_at"],
        completed_at=row["completed_at"],
    )


def _row(request: Request) -> dict[str, Any]:  # column values
    removes = request.is_removal and request.is_open
    changes = request.is_update and request.is_open
    return {
        "id": request.id,
        "request_type": request.type.value,
        "state": request.state.value,
        "status": request.status.value,
        "phase": request.phase.value,
        "position": request.position,
        "awaits": request.awaits.value if request.awaits else None,
        "callout_id": request.callout_id,
        "catalog_id": request.catalog_id,
        "package_id": request.package_id,
        "policy_id": request.policy_id,
        "terms_id": request.terms_id,
        "assignment_id": request.assignment_id,
        "target_id": request.target_id,
        "requestor_id": request.requestor_id,
        "needs_approval": request.needs_approval,
        "is_told_first": request.is_told_first,
        "removal_of": request.assignment_id if removes else None,
        "update_of": request.assignment_id if changes else None,
        "start_at": request.start_at,
        "created_at": request.created_at,
        "completed_at": request.completed_at,
    }


def _said(said: Said) -> dict[str, Any]:  # column values
    return {
        "schedule": written(said.schedule, EntitlementManagementSchedule),
        "answers": written_list(said.answers, AccessPackageAnswer),
        "justification": said.justification,
        "created_by": said.created_by,
    }
