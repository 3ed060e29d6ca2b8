"""Opening approval stages: find out who is asked, note them, and set the timers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.audit.events import SYSTEM, AuditEvent
from ostiary.audit.store import record
from ostiary.directory import store as directory
from ostiary.durable import queue
from ostiary.durable.queue import NewWork
from ostiary.entitlement import approvals, records
from ostiary.entitlement.approvals import Seat, Stage, Surroundings
from ostiary.entitlement.model.catalogs import AccessPackageAssignmentPolicy
from ostiary.entitlement.model.policies import AccessPackageApprovalStage
from ostiary.entitlement.model.subjects import GroupMembers, SingleUser, SubjectSet
from ostiary.entitlement.process import kinds
from ostiary.entitlement.states import Request
from ostiary.entitlement.store import approvals as store
from ostiary.storage.tables import new_id

MANAGER_LEVELS: Final = 4
"""How far up a policy can look for a manager."""

_log: Final = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Question:
    """That a stage of a request is to be opened, and what its policy says of all stages."""

    request: Request
    position: int
    settings: Sequence[AccessPackageApprovalStage]

    @property
    def setting(self) -> AccessPackageApprovalStage:
        """What the policy says of this stage."""
        return self.settings[self.position]


def question(request: Request, position: int, terms: AccessPackageAssignmentPolicy) -> Question:
    """Say what is to be opened; a demanded approval without a stage asks nobody and runs out."""
    given = terms.request_approval_settings
    settings = given.stages if given and given.stages else [AccessPackageApprovalStage()]
    return Question(request, position, settings)


async def open_stages(
    conn: AsyncConnection, questions: Sequence[Question], *, now: datetime
) -> None:
    """Open the next stage of each request, whose row the caller has locked."""
    if not questions:
        return
    stages = await _stages(conn, questions)
    around = await _surroundings(conn, questions)
    asked: dict[Stage, frozenset[Seat]] = {}
    for one in questions:
        stage = stages[one.request.id][one.position]
        opened = approvals.opened(stage, one.setting, now=now)
        asked[opened] = approvals.seats(one.setting, around[one.request.id])
    await store.save(conn, list(asked))
    await store.insert_seats(conn, asked)
    await queue.put(conn, [timer for stage in asked for timer in _timers(stage)])
    await record(conn, _events(questions, asked), now=now)


async def _stages(conn: AsyncConnection, questions: Sequence[Question]) -> dict[str, list[Stage]]:
    """Give the stages of each request; all are made when the first is opened."""
    known = await store.lock_of_requests(conn, [one.request.id for one in questions])
    new = [stage for one in questions if not known[one.request.id] for stage in _new(one)]
    await store.insert_stages(conn, new)
    for stage in new:
        known[stage.request_id].append(stage)
    return known


def _new(one: Question) -> Iterable[Stage]:
    for position, setting in enumerate(one.settings):
        yield Stage(
            id=new_id(),
            request_id=one.request.id,
            position=position,
            needs_justification=bool(setting.is_approver_justification_required),
        )


async def _surroundings(
    conn: AsyncConnection, questions: Sequence[Question]
) -> dict[str, Surroundings]:
    named = [one for question in questions for one in _named(question.setting)]
    user_ids = {one.user_id for one in named if isinstance(one, SingleUser) and one.user_id}
    group_ids = {one.group_id for one in named if isinstance(one, GroupMembers) and one.group_id}
    people = {p for q in questions for p in (q.request.target_id, q.request.requestor_id)}
    managers = await _managers(conn, people)
    users = await directory.people(conn, user_ids)
    groups = await directory.groups(conn, group_ids)
    members = await directory.group_members(conn, groups.keys())
    return {
        one.request.id: Surroundings(
            target_id=one.request.target_id,
            requestor_id=one.request.requestor_id,
            managers=managers,
            users=users.keys(),
            members=members,
        )
        for one in questions
    }


async def _managers(conn: AsyncConnection, people: Iterable[str]) -> dict[str, str]:
    """Give the managers of people and of their managers: one query for each level."""
    found: dict[str, str] = {}
    level = set(people)
    for _ in range(MANAGER_LEVELS):
        known = await directory.people(conn, level) if level else {}
        found |= {one.id: one.manager_id for one in known.values() if one.manager_id}
        level = {one.manager_id for one in known.values() if one.manager_id} - found.keys()
    return found


def _named(setting: AccessPackageApprovalStage) -> Iterable[SubjectSet]:
    yield from setting.primary_approvers
    yield from setting.fallback_primary_approvers
    yield from setting.escalation_approvers
    yield from setting.fallback_escalation_approvers


def _timers(stage: Stage) -> Iterable[NewWork]:
    if stage.due_at is not None:
        yield NewWork(kind=kinds.APPROVAL_EXPIRES, key=stage.id, due_at=stage.due_at)
    if stage.escalates_at is not None:
        yield NewWork(kind=kinds.APPROVAL_ESCALATES, key=stage.id, due_at=stage.escalates_at)


def _events(
    questions: Sequence[Question], asked: Mapping[Stage, frozenset[Seat]]
) -> list[AuditEvent]:
    by_id = {one.request.id: one.request for one in questions}
    events = []
    for stage, seats in asked.items():
        request = by_id[stage.request_id]
        if stage.position == 0:
            events.append(records.of_request(records.CREATE_APPROVAL, request, SYSTEM))
        if not seats:
            _log.warning("approval.nobody_is_asked", request=request.id, stage=stage.id)
        for seat in sorted(seats, key=lambda seat: (seat.chair, seat.principal_id)):
            details = {"approverId": seat.principal_id, "chair": seat.chair.value}
            events.append(
                records.of_request(records.ADD_APPROVER, request, SYSTEM, details=details)
            )
    return events
