"""Deciding: decisions that arrive together are stored together, each with its own result."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.audit.store import record
from ostiary.directory import store as directory
from ostiary.durable import queue
from ostiary.durable.errors import Busy
from ostiary.durable.group import MAX_WAITING, GroupCommit
from ostiary.entitlement import approvals, records, requests
from ostiary.entitlement.approvals import Reviewer, ReviewResult, Seat, Stage
from ostiary.entitlement.errors import NotThere
from ostiary.entitlement.model.approvals import ApprovalStage
from ostiary.entitlement.process import kinds, moves
from ostiary.entitlement.process.moves import Move
from ostiary.entitlement.service.acts import Act
from ostiary.entitlement.states import Request
from ostiary.entitlement.store import approvals as store
from ostiary.entitlement.store import requests as request_store
from ostiary.graph.errors import DomainError, Unavailable
from ostiary.storage.database import Database


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What somebody decides about one stage."""

    request_id: str
    stage_id: str
    result: ReviewResult
    justification: str | None
    act: Act


class Approvals:
    """What can be done to approvals."""

    def __init__(self, database: Database, *, max_waiting: int = MAX_WAITING) -> None:
        self._group: GroupCommit[Decision, None] = GroupCommit(
            database, _decide, of="decisions", max_waiting=max_waiting
        )

    async def decide(self, request_id: str, stage_id: str, draft: ApprovalStage, act: Act) -> None:
        """Approve or deny.

        :raises InvalidModel: the body says neither.
        :raises NotThere: there is no such stage.
        :raises NotAnApprover: the caller is not asked, or the request is theirs.
        :raises AlreadyDecided: somebody was first.
        :raises StageClosed: the stage is not open.
        :raises JustificationRequired: a reason is missing.
        :raises Unavailable: too many decisions are waiting.
        """
        decision = Decision(
            request_id=request_id,
            stage_id=stage_id,
            result=approvals.read_result(draft.review_result),
            justification=draft.justification,
            act=act,
        )
        try:
            await self._group.submit(decision)
        except Busy as busy:
            raise Unavailable(retry_after=busy.seconds) from None

    async def close(self) -> None:
        """Take no more decisions, and return when all that came are stored."""
        await self._group.close()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Facts:
    requests: dict[str, Request]
    stages: dict[str, Stage]
    seats: Mapping[str, set[Seat]]
    groups: Mapping[str, set[str]]


async def _decide(
    conn: AsyncConnection, decisions: Sequence[Decision]
) -> Sequence[Exception | None]:
    """Judge one decision after another, each seeing what those before it have changed."""
    facts = await _facts(conn, decisions)
    before, stages_before = dict(facts.requests), dict(facts.stages)
    results: list[Exception | None] = []
    counted: list[Decision] = []
    for decision in decisions:
        try:
            if _apply(decision, facts):
                counted.append(decision)
            results.append(None)
        except DomainError as error:
            results.append(error)
    await _store(conn, before, stages_before, facts, counted)
    return results


async def _facts(conn: AsyncConnection, decisions: Sequence[Decision]) -> _Facts:
    held = await request_store.lock(conn, {decision.request_id for decision in decisions})
    stages = await store.lock_of_requests(conn, held.keys())
    return _Facts(
        requests=held,
        stages={stage.id: stage for group in stages.values() for stage in group},
        seats=await store.seats(conn, {decision.stage_id for decision in decisions}),
        groups=await directory.groups_of(conn, {d.act.caller.object_id for d in decisions}),
    )


def _apply(decision: Decision, facts: _Facts) -> bool:
    """Judge a decision and note its effects in ``facts``; say whether it changed anything."""
    stage = facts.stages.get(decision.stage_id)
    if stage is None or stage.request_id != decision.request_id:
        raise NotThere("approvalStage", decision.stage_id)
    request = facts.requests[stage.request_id]
    act = decision.act
    decided = approvals.decide(
        stage,
        decision.result,
        _reviewer(decision, request, facts),
        justification=decision.justification,
        now=act.now,
    )
    if decided == stage:
        return False
    facts.stages[stage.id] = decided
    _move_on(request, decided, facts, act)
    return True


def _move_on(request: Request, decided: Stage, facts: _Facts, act: Act) -> None:
    """Note what a decision means for the request, and for the stages that are asked with it."""
    of_request = [one for one in facts.stages.values() if one.request_id == request.id]
    if decided.result is ReviewResult.DENIED:
        facts.requests[request.id] = requests.denied(
            request, decided.turn, timed_out=False, now=act.now
        )
        facts.stages.update((one.id, approvals.close(one)) for one in of_request)
    elif approvals.is_agreed(of_request, decided.turn):
        facts.requests[request.id] = requests.approved(request, decided.turn)


def _reviewer(decision: Decision, request: Request, facts: _Facts) -> Reviewer:
    caller = decision.act.caller
    principals = {caller.object_id} | facts.groups[caller.object_id]
    seats = facts.seats.get(decision.stage_id, set())
    return Reviewer(
        id=caller.object_id,
        name=caller.display_name or caller.user_principal_name,
        chairs={seat.chair for seat in seats if seat.principal_id in principals},
        is_concerned=caller.object_id in (request.target_id, request.requestor_id),
    )


async def _store(
    conn: AsyncConnection,
    before: Mapping[str, Request],
    stages_before: Mapping[str, Stage],
    facts: _Facts,
    counted: Sequence[Decision],
) -> None:
    if not counted:
        return
    decided = [s for key, s in facts.stages.items() if s != stages_before[key]]
    await store.save(conn, decided)
    for kind in (kinds.APPROVAL_EXPIRES, kinds.APPROVAL_ESCALATES):
        await queue.withdraw(conn, kind, [stage.id for stage in decided])
    actors = {decision.request_id: decision.act.actor for decision in counted}
    now = max(decision.act.now for decision in counted)
    events = [
        records.of_request(
            records.APPROVE,
            before[decision.request_id],
            decision.act.actor,
            reason=decision.justification,
        )
        for decision in counted
        if decision.result is ReviewResult.APPROVED
    ]
    await record(conn, events, now=now)
    both = [Move(before[key], facts.requests[key], actor) for key, actor in actors.items()]
    await moves.store(conn, both, now=now)
