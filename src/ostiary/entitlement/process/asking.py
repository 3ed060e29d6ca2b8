"""Opening approval stages: find out who is asked, note them, and set the timers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.audit.events import SYSTEM, AuditEvent
from ostiary.audit.store import record
from ostiary.durable import queue
from ostiary.durable.queue import NewWork
from ostiary.entitlement import approvals, approvers, dynamic, records
from ostiary.entitlement.approvals import Seat, Stage
from ostiary.entitlement.model.catalogs import AccessPackageAssignmentPolicy
from ostiary.entitlement.model.policies import (
    AccessPackageApprovalStage,
    AccessPackageDynamicApprovalStage,
)
from ostiary.entitlement.process import kinds, surroundings
from ostiary.entitlement.states import Decide, Request
from ostiary.entitlement.store import approvals as store
from ostiary.storage.tables import new_id

_log: Final = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Question:
    """That a decision about a request is to be opened, and what its policy says of all of them.

    The key of ``settings`` is the position of a decision on the way of the request.
    """

    request: Request
    position: int
    settings: Mapping[int, AccessPackageApprovalStage]

    @property
    def setting(self) -> AccessPackageApprovalStage:
        """What the policy says of this decision."""
        return self.settings[self.position]

    @property
    def is_first(self) -> bool:
        """Whether nobody has been asked about the request before."""
        return self.position == min(self.settings)


def question(request: Request, position: int, terms: AccessPackageAssignmentPolicy) -> Question:
    """Say what is to be opened; a demanded approval without a stage asks nobody and runs out."""
    stages = dynamic.stages_of(terms)
    settings = {
        position: stages[step.stage]
        for position, step in enumerate(dynamic.way_of(terms))
        if isinstance(step, Decide)
    }
    return Question(request, position, settings or {0: AccessPackageApprovalStage()})


async def open_stages(
    conn: AsyncConnection, questions: Sequence[Question], *, now: datetime
) -> None:
    """Open the next stage of each request, whose row the caller has locked."""
    if not questions:
        return
    stages = await made_stages(conn, questions)
    questions = await _as_determined(conn, questions, stages)
    around = await surroundings.around(conn, [(one.request, one.setting) for one in questions])
    asked: dict[Stage, frozenset[Seat]] = {}
    events: list[AuditEvent] = []
    for one in questions:
        stage = stages[one.request.id][one.position]
        opened = approvals.opened(stage, one.setting, now=now)
        seats = approvers.seats(one.setting, around[one.request.id])
        asked[opened] = seats
        events += _events(one, seats)
        if not approvers.somebody_decides(seats, around[one.request.id]):
            events.append(_alert(one, opened))
    await store.save(conn, list(asked))
    await store.insert_seats(conn, asked)
    await queue.put(conn, [timer for stage in asked for timer in _timers(stage)])
    await record(conn, events, now=now)


async def made_stages(
    conn: AsyncConnection, questions: Sequence[Question]
) -> dict[str, dict[int, Stage]]:
    """Give the stages of each request by position; all are made when the first is needed."""
    known = await store.lock_of_requests(conn, [one.request.id for one in questions])
    new = [stage for one in questions if not known[one.request.id] for stage in _new(one)]
    await store.insert_stages(conn, new)
    for stage in new:
        known[stage.request_id].append(stage)
    return {key: {stage.position: stage for stage in stages} for key, stages in known.items()}


async def _as_determined(
    conn: AsyncConnection, questions: Sequence[Question], stages: Mapping[str, Mapping[int, Stage]]
) -> list[Question]:
    """Put what extensions have said in the place of the dynamic stages of the policies."""
    keys = {
        (one.request.id, one.position): stages[one.request.id][one.position].id
        for one in questions
        if isinstance(one.setting, AccessPackageDynamicApprovalStage)
    }
    said = await store.determined(conn, keys.values()) if keys else {}
    return [
        replace(one, settings={**one.settings, one.position: answer})
        if (answer := said.get(keys.get((one.request.id, one.position), "")))
        else one
        for one in questions
    ]


def _new(one: Question) -> Iterable[Stage]:
    for position, setting in one.settings.items():
        yield Stage(
            id=new_id(),
            request_id=one.request.id,
            position=position,
            needs_justification=bool(setting.is_approver_justification_required),
            visibility=setting.approver_information_visibility,
        )


def _timers(stage: Stage) -> Iterable[NewWork]:
    if stage.due_at is not None:
        yield NewWork(kind=kinds.APPROVAL_EXPIRES, key=stage.id, due_at=stage.due_at)
    if stage.escalates_at is not None:
        yield NewWork(kind=kinds.APPROVAL_ESCALATES, key=stage.id, due_at=stage.escalates_at)


def _events(one: Question, seats: Iterable[Seat]) -> Iterable[AuditEvent]:
    if one.is_first:
        yield records.of_request(records.CREATE_APPROVAL, one.request, SYSTEM)
    for seat in sorted(seats, key=lambda seat: (seat.chair, seat.principal_id)):
        details = {"approverId": seat.principal_id, "chair": seat.chair.value}
        yield records.of_request(records.ADD_APPROVER, one.request, SYSTEM, details=details)


def _alert(one: Question, stage: Stage) -> AuditEvent:
    """Tell administrators that a stage can only run out."""
    _log.warning("approval.nobody_can_decide", request=one.request.id, stage=stage.id)
    until = f" at {stage.due_at:%Y-%m-%dT%H:%M:%SZ}" if stage.due_at else ""
    return records.of_request(
        records.ADD_APPROVER,
        one.request,
        SYSTEM,
        result="failure",
        reason=f"Nobody whom the approval stage asks can decide; the request is denied{until}.",
    )
