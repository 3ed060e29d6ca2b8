"""Subjects that are in no directory: each belongs to the result of a run that was waited for."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import bindparam, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.lifecycle.model.subjects import ProvisioningObjectWorkflowSubject
from ostiary.lifecycle.store.rows import subject_of
from ostiary.lifecycle.tables import (
    task_processing_results,
    user_processing_results,
    workflow_subjects,
)
from ostiary.lifecycle.tallies import ENDED, Status
from ostiary.storage.batches import among

_people = user_processing_results.c
_results = task_processing_results.c
_subjects = workflow_subjects.c
_ENDED = frozenset(status.value for status in ENDED)


@dataclass(frozen=True, slots=True)
class Ended:
    """How a run for one subject has ended."""

    status: Status
    reasons: list[str]
    subject: ProvisioningObjectWorkflowSubject | None


async def add_subject(conn: AsyncConnection, run_id: str, subject: Any) -> None:
    """Keep the subject of the one result of a run."""
    result_id = (await conn.execute(select(_people.id).where(_people.run_id == run_id))).scalar()
    await conn.execute(insert(workflow_subjects).values(result_id=result_id, subject=subject))


async def of_tasks(
    conn: AsyncConnection, task_result_ids: Collection[str]
) -> dict[str, ProvisioningObjectWorkflowSubject]:
    """Give the subjects of task results; those that are about people are missing."""
    query = (
        select(_results.id, _subjects.subject)
        .join(workflow_subjects, _subjects.result_id == _results.user_processing_result_id)
        .where(among(_results.id, task_result_ids))
    )
    return {id: subject_of(kept) for id, kept in await conn.execute(query)}


async def change_subjects(conn: AsyncConnection, subjects: Mapping[str, Any]) -> None:
    """Keep what tasks have made of their subjects, by the ids of the task results."""
    if not subjects:
        return
    result_id = (
        select(_results.user_processing_result_id)
        .where(_results.id == bindparam("task_result_id"))
        .scalar_subquery()
    )
    changed = update(workflow_subjects).where(_subjects.result_id == result_id)
    rows = [{"task_result_id": id, "new": subject} for id, subject in subjects.items()]
    await conn.execute(changed.values(subject=bindparam("new")), rows)


async def ended(conn: AsyncConnection, run_id: str) -> Ended | None:
    """Say how the one result of a run has ended; None: it has not."""
    query = (
        select(_people.id, _people.processing_status, _subjects.subject)
        .outerjoin(workflow_subjects, _subjects.result_id == _people.id)
        .where(_people.run_id == run_id)
    )
    row = (await conn.execute(query)).one()
    if row.processing_status not in _ENDED:
        return None
    failures = (
        select(_results.failure_reason)
        .where(_results.user_processing_result_id == row.id, _results.failure_reason.is_not(None))
        .order_by(_results.execution_sequence)
    )
    reasons = list((await conn.execute(failures)).scalars())
    kept = None if row.subject is None else subject_of(row.subject)
    return Ended(Status(row.processing_status), reasons, kept)
