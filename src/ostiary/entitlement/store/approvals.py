"""Queries about approval stages and who is asked at them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence, Set
from typing import Any, Final

from sqlalchemy import RowMapping, bindparam, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.audit.model import Identity
from ostiary.entitlement.approvals import Chair, ReviewResult, Seat, Stage, StageStatus
from ostiary.entitlement.model.approvals import ApprovalStage
from ostiary.entitlement.model.enums import (
    AccessPackageRequestState,
    ApproverInformationVisibility,
)
from ostiary.entitlement.model.policies import AccessPackageApprovalStage
from ostiary.entitlement.store.documents import read, written
from ostiary.entitlement.tables import approval_seats, approval_stages, assignment_requests
from ostiary.storage.batches import KEYS, among
from ostiary.storage.rows import Change, Insertion

_columns = approval_stages.c
_MOVING: Final = (
    "status",
    "result",
    "due_at",
    "escalates_at",
    "is_escalated",
    "reviewer_id",
    "reviewer_name",
    "reviewed_at",
    "justification",
)
_SAVE: Final = Change(approval_stages, _MOVING)

_ADD: Final = Insertion(approval_stages)
_OF_REQUESTS: Final = (
    select(approval_stages)
    .where(among(_columns.request_id, KEYS))
    .order_by(_columns.request_id, _columns.position)
)
_LOCK_OF_REQUESTS: Final = _OF_REQUESTS.with_for_update()
_SEATS: Final = select(
    approval_seats.c.stage_id, approval_seats.c.principal_id, approval_seats.c.chair
).where(among(approval_seats.c.stage_id, KEYS))
_DETERMINE: Final = (
    update(approval_stages)
    .where(_columns.id == bindparam("stage_id"))
    .values(
        document=bindparam("said", type_=_columns.document.type),
        needs_justification=bindparam("justified"),
        visibility=bindparam("shown"),
    )
)


def load(row: RowMapping) -> ApprovalStage:
    """Make the wire type of a stage's row; whether it is the caller's is added by ``enrich``."""
    reviewer = row["reviewer_id"]
    return ApprovalStage(
        id=row["id"],
        justification=row["justification"] or "",
        reviewed_by=Identity(id=reviewer, display_name=row["reviewer_name"]) if reviewer else None,
        reviewed_date_time=row["reviewed_at"],
        review_result=row["result"],
        status=row["status"],
    )


async def asked_about(
    conn: AsyncConnection, assignment_ids: Collection[str]
) -> dict[str, set[str]]:
    """Say who was asked to agree to assignments: people, and groups for their members."""
    found: dict[str, set[str]] = {key: set() for key in assignment_ids}
    seat, request = approval_seats.c, assignment_requests.c
    done = (AccessPackageRequestState.DELIVERED, AccessPackageRequestState.PARTIALLY_DELIVERED)
    query = (
        select(request.assignment_id, seat.principal_id)
        .join(approval_seats, seat.request_id == request.id)
        .join(approval_stages, _columns.id == seat.stage_id)
        .where(
            among(request.assignment_id, assignment_ids),
            request.state.in_([state.value for state in done]),
            or_(seat.chair != Chair.ESCALATION.value, _columns.is_escalated),
        )
    )
    for assignment_id, principal_id in await conn.execute(query):
        found[assignment_id].add(principal_id)
    return found


async def insert_stages(conn: AsyncConnection, new: Sequence[Stage]) -> None:
    """Add stages."""
    await _ADD.run(conn, [_row(stage) for stage in new])


async def save(conn: AsyncConnection, moved: Sequence[Stage]) -> None:
    """Store what can change of stages whose rows the caller has locked."""
    await _SAVE.run(conn, [_row(stage) for stage in moved])


async def lock_of_requests(
    conn: AsyncConnection, request_ids: Collection[str]
) -> dict[str, list[Stage]]:
    """Give the stages of each request in their order, locked until the transaction ends."""
    found: dict[str, list[Stage]] = {key: [] for key in request_ids}
    for row in (await conn.execute(_LOCK_OF_REQUESTS, {"keys": request_ids})).mappings():
        found[row["request_id"]].append(_stage(row))
    return found


async def of_requests(conn: AsyncConnection, request_ids: Collection[str]) -> list[Stage]:
    """Give the stages of requests in their order, nothing locked."""
    rows = await conn.execute(_OF_REQUESTS, {"keys": request_ids})
    return [_stage(row) for row in rows.mappings()]


async def determine(
    conn: AsyncConnection, determined: Mapping[str, AccessPackageApprovalStage]
) -> None:
    """Keep what extensions have said of stages, by stage id."""
    rows = [
        {
            "stage_id": key,
            "said": written(stage, AccessPackageApprovalStage),
            "justified": bool(stage.is_approver_justification_required),
            "shown": stage.approver_information_visibility.value,
        }
        for key, stage in determined.items()
    ]
    if rows:
        await conn.execute(_DETERMINE, rows)


async def determined(
    conn: AsyncConnection, stage_ids: Collection[str]
) -> dict[str, AccessPackageApprovalStage]:
    """Give what extensions have said of stages; those that none spoke of are missing."""
    said = _columns.document.is_not(None)
    query = select(_columns.id, _columns.document).where(among(_columns.id, stage_ids), said)
    return {
        key: stage
        for key, document in await conn.execute(query)
        if (stage := read(AccessPackageApprovalStage, document)) is not None
    }


async def request_ids(conn: AsyncConnection, stage_ids: Collection[str]) -> dict[str, str]:
    """Say to which request each stage belongs."""
    query = select(_columns.id, _columns.request_id).where(among(_columns.id, stage_ids))
    return {stage: request for stage, request in await conn.execute(query)}


async def insert_seats(conn: AsyncConnection, seats: Mapping[Stage, Set[Seat]]) -> None:
    """Note who is asked at each stage."""
    rows = [
        {
            "stage_id": stage.id,
            "request_id": stage.request_id,
            "principal_id": seat.principal_id,
            "chair": seat.chair.value,
        }
        for stage, asked in seats.items()
        for seat in sorted(asked, key=lambda seat: (seat.principal_id, seat.chair))
    ]
    if rows:
        await conn.execute(insert(approval_seats), rows)


async def seats(conn: AsyncConnection, stage_ids: Collection[str]) -> dict[str, set[Seat]]:
    """Give who is asked at each stage."""
    found: dict[str, set[Seat]] = defaultdict(set)
    for stage, principal, chair in await conn.execute(_SEATS, {"keys": stage_ids}):
        found[stage].add(Seat(principal, Chair(chair)))
    return found


def _stage(row: RowMapping) -> Stage:
    return Stage(
        id=row["id"],
        request_id=row["request_id"],
        position=row["position"],
        turn=row["turn"],
        status=StageStatus(row["status"]),
        result=ReviewResult(row["result"]),
        needs_justification=row["needs_justification"],
        visibility=ApproverInformationVisibility(row["visibility"]),
        due_at=row["due_at"],
        escalates_at=row["escalates_at"],
        is_escalated=row["is_escalated"],
        reviewer_id=row["reviewer_id"],
        reviewer_name=row["reviewer_name"],
        reviewed_at=row["reviewed_at"],
        justification=row["justification"],
    )


def _row(stage: Stage) -> dict[str, Any]:  # column values
    return {
        "id": stage.id,
        "request_id": stage.request_id,
        "position": stage.position,
        "turn": stage.turn,
        "status": stage.status.value,
        "result": stage.result.value,
        "needs_justification": stage.needs_justification,
        "visibility": stage.visibility.value,
        "due_at": stage.due_at,
        "escalates_at": stage.escalates_at,
        "is_escalated": stage.is_escalated,
        "reviewer_id": stage.reviewer_id,
        "reviewer_name": stage.reviewer_name,
        "reviewed_at": stage.reviewed_at,
        "justification": stage.justification,
    }
