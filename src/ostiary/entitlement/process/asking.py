"""Opening approval stages: find out who is asked, note them, and set the timers.

It makes no difference whether a turn has one stage or several: each is opened by itself.
"""

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
from ostiary.storage.ids import new_id

_log: Final = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Question:
    """That the stages of a turn are to be asked about a request, and what its policy says of all.

    The key of ``turns`` is a step on the way of the request, that of ``settings`` a stage's number.
    """

    request: Request
    turn: int
    turns: Mapping[int, Sequence[int]]
    settings: Mapping[int, AccessPackageApprovalStage]

    @property
    def is_first(self) -> bool:
        """Whether nobody has been asked about the request before."""
        return self.turn == min(self.turns)


@dataclass(frozen=True, slots=True)
class Asked:
    """One stage that is to be opened, and what counts for it."""

    request: Request
    stage: Stage
    setting: AccessPackageApprovalStage


def question(request: Request, turn: int, terms: AccessPackageAssignmentPolicy) -> Question:
    """Say what is to be opened; a demanded approval without a stage asks nobody and runs out."""
    turns = {
        turn: step.stages
        for turn, step in enumerate(dynamic.way_of(terms))
        if isinstance(step, Decide)
    }
    settings = dict(enumerate(dynamic.stages_of(terms))) or {0: AccessPackageApprovalStage()}
    return Question(request, turn, turns or {0: (0,)}, settings)


async def open_stages(
    conn: AsyncConnection, questions: Sequence[Question], *, now: datetime
) -> None:
    """Open the stages whose turn it is of each request, whose row the caller has locked."""
    if not questions:
        return
    asked = await _as_determined(conn, await stages_asked(conn, questions))
    around = await surroundings.around(conn, [(one.request, one.setting) for one in asked])
    opened: dict[Stage, frozenset[Seat]] = {}
    events = [
        records.of_request(records.CREATE_APPROVAL, one.request, SYSTEM)
        for one in questions
        if one.is_first
    ]
    for one in asked:
        stage = approvals.opened(one.stage, one.setting, now=now)
        seats = approvers.seats(one.setting, around[one.request.id])
        opened[stage] = seats
        events += _events(one.request, seats)
        if not approvers.somebody_decides(seats, around[one.request.id]):
            events.append(_alert(one.request, stage))
    await store.save(conn, list(opened))
    await store.insert_seats(conn, opened)
    await queue.put(conn, [timer for stage in opened for timer in _timers(stage)])
    await record(conn, events, now=now)


async def stages_asked(conn: AsyncConnection, questions: Sequence[Question]) -> list[Asked]:
    """Give the stages of each turn; all of a request are made when the first is needed."""
    known = await store.lock_of_requests(conn, [one.request.id for one in questions])
    new = [stage for one in questions if not known[one.request.id] for stage in _new(one)]
    await store.insert_stages(conn, new)
    for stage in new:
        known[stage.request_id].append(stage)
    return [
        Asked(one.request, stage, one.settings[stage.position])
        for one in questions
        for stage in known[one.request.id]
        if stage.turn == one.turn
    ]


async def _as_determined(conn: AsyncConnection, asked: Sequence[Asked]) -> list[Asked]:
    """Put what extensions have said in the place of the dynamic stages of the policies."""
    keys = [
        one.stage.id for one in asked if isinstance(one.setting, AccessPackageDynamicApprovalStage)
    ]
    said = await store.determined(conn, keys) if keys else {}
    return [replace(one, setting=said.get(one.stage.id, one.setting)) for one in asked]


def _new(one: Question) -> Iterable[Stage]:
    for turn, numbers in one.turns.items():
        for number in numbers:
            setting = one.settings[number]
            yield Stage(
                id=new_id(),
                request_id=one.request.id,
                position=number,
                turn=turn,
                needs_justification=bool(setting.is_approver_justification_required),
                visibility=setting.approver_information_visibility,
            )


def _timers(stage: Stage) -> Iterable[NewWork]:
    if stage.due_at is not None:
        yield NewWork(kind=kinds.APPROVAL_EXPIRES, key=stage.id, due_at=stage.due_at)
    if stage.escalates_at is not None:
        yield NewWork(kind=kinds.APPROVAL_ESCALATES, key=stage.id, due_at=stage.escalates_at)


def _events(request: Request, seats: Iterable[Seat]) -> Iterable[AuditEvent]:
    for seat in sorted(seats, key=lambda seat: (seat.chair, seat.principal_id)):
        details = {"approverId": seat.principal_id, "chair": seat.chair.value}
        yield records.of_request(records.ADD_APPROVER, request, SYSTEM, details=details)


def _alert(request: Request, stage: Stage) -> AuditEvent:
    """Tell administrators that a stage can only run out."""
    _log.warning("approval.nobody_can_decide", request=request.id, stage=stage.id)
    until = f" at {stage.due_at:%Y-%m-%dT%H:%M:%SZ}" if stage.due_at else ""
    return records.of_request(
        records.ADD_APPROVER,
        request,
        SYSTEM,
        result="failure",
        reason=f"Nobody whom the approval stage asks can decide; the request is denied{until}.",
    )
