"""Queries about assignments, and about the roles that they have given."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import RowMapping, bindparam, delete, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.entitlement.assignments import Assignment, AssignmentStatus
from ostiary.entitlement.model.enums import AccessPackageAssignmentState, ExpirationPatternType
from ostiary.entitlement.model.questions import AccessPackageAnswer
from ostiary.entitlement.model.requests import AccessPackageAssignment
from ostiary.entitlement.model.schedules import EntitlementManagementSchedule, ExpirationPattern
from ostiary.entitlement.running_tables import IS_HELD
from ostiary.entitlement.store.documents import read_list, written_list
from ostiary.entitlement.tables import assignments, subjects
from ostiary.storage import upserts
from ostiary.storage.batches import KEYS, among, chunks
from ostiary.storage.rows import Change, Insertion

_columns = assignments.c
_MOVING: Final = (
    "policy_id",
    "state",
    "status",
    "holder_key",
    "given_at",
    "starts_at",
    "ends_at",
    "expired_at",
    "is_extended",
    "leaves_at",
)
_SAVE: Final = Change(assignments, _MOVING)
_ADD: Final = Insertion(assignments)
_READ: Final = select(assignments).where(among(_columns.id, KEYS))
_LOCK: Final = _READ.order_by(_columns.id).with_for_update()
_HOLDERS: Final = select(assignments).where(among(_columns.holder_key, KEYS))
_LOCK_TARGETS: Final = (
    select(subjects.c.id)
    .where(among(subjects.c.id, KEYS))
    .order_by(subjects.c.id)
    .with_for_update()
)
_DELETE_UNBORN: Final = delete(assignments).where(
    among(_columns.id, KEYS), _columns.given_at.is_(None)
)
_ROWS: Final = 500
"""Assignments of one insert, all of whose values are bound."""
_ENDED: Final = (
    AccessPackageAssignmentState.EXPIRED,
    AccessPackageAssignmentState.DELIVERY_FAILED,
)


def load(row: RowMapping) -> AccessPackageAssignment:
    """Make the wire type of an assignment's row."""
    return AccessPackageAssignment(
        id=row["id"],
        state=AccessPackageAssignmentState(row["state"]),
        status=row["status"],
        expired_date_time=row["expired_at"],
        schedule=_schedule(row),
        access_package_id=row["package_id"],
        assignment_policy_id=row["policy_id"],
        catalog_id=row["catalog_id"],
        target_id=row["target_id"],
        is_extended=row["is_extended"],
    )


def holder_key(package_id: str, target_id: str) -> str:
    """Give the key that only one assignment can have at a time."""
    return f"{package_id}:{target_id}"


async def insert_assignments(
    conn: AsyncConnection,
    new: Sequence[Assignment],
    answers: Mapping[str, Sequence[AccessPackageAnswer]],
) -> None:
    """Add assignments that are asked for, with what was answered, by assignment."""
    rows = [{**_row(one), "answers": _answers(answers.get(one.id, ()))} for one in new]
    await _ADD.run(conn, rows)


async def insert_vacant(conn: AsyncConnection, new: Sequence[Assignment]) -> set[str]:
    """Add assignments where nobody has taken the place meanwhile; give the ids of those."""
    added: set[str] = set()
    # In one order everywhere, so that two writers of the same places cannot wait for each other.
    for some in chunks(sorted(new, key=lambda one: one.target_id), _ROWS):
        statement = upserts.insert(conn, assignments).values([_row(one) for one in some])
        vacant = statement.on_conflict_do_nothing(
            index_elements=["holder_key"], index_where=IS_HELD
        )
        added |= set((await conn.execute(vacant.returning(_columns.id))).scalars())
    return added


async def save_answers(
    conn: AsyncConnection, answers: Mapping[str, Sequence[AccessPackageAnswer]]
) -> None:
    """Store the answers behind assignments whose rows the caller has locked."""
    if answers:
        rows = [{"assignment_id": key, "said": _answers(said)} for key, said in answers.items()]
        same = _columns.id == bindparam("assignment_id")
        statement = update(assignments).where(same).values(answers=bindparam("said"))
        await conn.execute(statement, rows)


async def answers_of(
    conn: AsyncConnection, keys: Collection[str]
) -> dict[str, list[AccessPackageAnswer]]:
    """Give the answers behind assignments."""
    query = select(_columns.id, _columns.answers).where(among(_columns.id, keys))
    return {
        key: read_list(AccessPackageAnswer, answers) for key, answers in await conn.execute(query)
    }


async def save(conn: AsyncConnection, moved: Sequence[Assignment]) -> None:
    """Store what can change of assignments whose rows the caller has locked."""
    await _SAVE.run(conn, [_row(assignment) for assignment in moved])


async def end_later(conn: AsyncConnection, keys: Collection[str], *, now: datetime) -> None:
    """Show no longer as near their ends what ends later than within a day, or never."""
    later = _columns.ends_at.is_(None) | (_columns.ends_at > now + timedelta(days=1))
    near = _columns.status == AssignmentStatus.NEAR_EXPIRY.value
    statement = update(assignments).where(among(_columns.id, keys), near, later)
    await conn.execute(statement.values(status=AssignmentStatus.DELIVERED.value))


async def of_people(conn: AsyncConnection, people: Collection[str]) -> list[Assignment]:
    """Give what people have of packages, or are about to get."""
    query = (
        select(assignments)
        .where(among(_columns.target_id, people), _columns.holder_key.is_not(None))
        .order_by(_columns.id)
    )
    return [of_row(row) for row in (await conn.execute(query)).mappings()]


async def lock(conn: AsyncConnection, keys: Collection[str]) -> dict[str, Assignment]:
    """Give assignments by id, their rows locked until the end of the transaction."""
    rows = (await conn.execute(_LOCK, {"keys": keys})).mappings()
    return {row["id"]: of_row(row) for row in rows}


async def read(conn: AsyncConnection, keys: Collection[str]) -> dict[str, Assignment]:
    """Give assignments by id; those that do not exist are missing."""
    rows = (await conn.execute(_READ, {"keys": keys})).mappings()
    return {row["id"]: of_row(row) for row in rows}


async def holders(conn: AsyncConnection, keys: Collection[str]) -> dict[str, Assignment]:
    """Give the assignments that are asked for or held, by holder key."""
    rows = (await conn.execute(_HOLDERS, {"keys": keys})).mappings()
    return {row["holder_key"]: of_row(row) for row in rows}


async def held_of_package(
    conn: AsyncConnection, package_id: str, *, after: str, limit: int
) -> list[str]:
    """Give some ids of the assignments of a package that are held, in their order."""
    query = (
        select(_columns.id)
        .where(
            _columns.package_id == package_id,
            _columns.holder_key.is_not(None),
            _columns.given_at.is_not(None),
            _columns.id > after,
        )
        .order_by(_columns.id)
        .limit(limit)
    )
    return list((await conn.execute(query)).scalars())


async def delete_unborn(conn: AsyncConnection, keys: Collection[str]) -> None:
    """Delete assignments that were only asked for."""
    await conn.execute(_DELETE_UNBORN, {"keys": keys})


async def lock_targets(conn: AsyncConnection, target_ids: Collection[str]) -> None:
    """Keep others from giving or taking roles of these people before this transaction ends.

    Two assignments that give the same role could otherwise end at once, each leaving the role to
    the other.
    """
    await conn.execute(_LOCK_TARGETS, {"keys": target_ids})


def _schedule(row: RowMapping) -> EntitlementManagementSchedule:
    end = row["ends_at"]
    type_ = ExpirationPatternType.NOT_SPECIFIED
    if row["starts_at"] is not None:
        type_ = (
            ExpirationPatternType.AFTER_DATE_TIME if end else ExpirationPatternType.NO_EXPIRATION
        )
    return EntitlementManagementSchedule(
        start_date_time=row["starts_at"],
        expiration=ExpirationPattern(type=type_, end_date_time=end),
    )


def of_row(row: RowMapping) -> Assignment:
    """Make an assignment of its row."""
    return Assignment(
        id=row["id"],
        catalog_id=row["catalog_id"],
        package_id=row["package_id"],
        policy_id=row["policy_id"],
        target_id=row["target_id"],
        state=AccessPackageAssignmentState(row["state"]),
        status=AssignmentStatus(row["status"]),
        given_at=row["given_at"],
        starts_at=row["starts_at"],
        ends_at=row["ends_at"],
        expired_at=row["expired_at"],
        is_extended=row["is_extended"],
        leaves_at=row["leaves_at"],
    )


def _row(assignment: Assignment) -> dict[str, Any]:  # column values
    over = assignment.state in _ENDED
    return {
        "id": assignment.id,
        "catalog_id": assignment.catalog_id,
        "package_id": assignment.package_id,
        "policy_id": assignment.policy_id,
        "target_id": assignment.target_id,
        "state": assignment.state.value,
        "status": assignment.status.value,
        "holder_key": None if over else holder_key(assignment.package_id, assignment.target_id),
        "given_at": assignment.given_at,
        "starts_at": assignment.starts_at,
        "ends_at": assignment.ends_at,
        "expired_at": assignment.expired_at,
        "is_extended": assignment.is_extended,
        "leaves_at": assignment.leaves_at,
    }


def _answers(said: Sequence[AccessPackageAnswer]) -> Any:  # column value
    return written_list(said, AccessPackageAnswer) if said else None
