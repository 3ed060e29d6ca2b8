"""Use cases of requests: submit, cancel, process again, resume, delete."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.audit.events import Actor
from ostiary.audit.store import record
from ostiary.durable.errors import Busy
from ostiary.durable.group import MAX_WAITING, GroupCommit
from ostiary.entitlement import assignments, dynamic, names, policies, records, requests, stages
from ostiary.entitlement.assignments import Assignment
from ostiary.entitlement.errors import (
    ExistingGrant,
    ExistingOpenRequest,
    NotThere,
    OperationNotAllowed,
    RequestNotReprocessable,
)
from ostiary.entitlement.intents import read_intent
from ostiary.entitlement.model.enums import AccessPackageAssignmentState as AssignmentState
from ostiary.entitlement.model.enums import AccessPackageRequestState as RequestState
from ostiary.entitlement.model.enums import AccessPackageRequestType as RequestType
from ostiary.entitlement.model.requests import (
    AccessPackageAssignmentRequest,
    AssignmentRequestApprovalStageCallbackData,
    ResumeParameters,
)
from ostiary.entitlement.process import determining, moves, waking
from ostiary.entitlement.process.moves import Move
from ostiary.entitlement.service import naming, submitting
from ostiary.entitlement.service.acts import Act
from ostiary.entitlement.service.facts import Submission
from ostiary.entitlement.states import Request
from ostiary.entitlement.store import assignments as assignment_store
from ostiary.entitlement.store import requests as store
from ostiary.entitlement.store.assignments import holder_key
from ostiary.extensions import service as extensions
from ostiary.extensions import store as callout_store
from ostiary.extensions.answers import Answer
from ostiary.extensions.resumes import Resumes
from ostiary.graph.errors import DomainError, InvalidModel, Unavailable
from ostiary.storage.archive import Outgoing
from ostiary.storage.database import Database


class Requests:
    """What can be done to requests.

    ``is_told_first`` says that the extensions of the granted stage are called before the roles are
    written, as the operator has it.
    """

    def __init__(
        self,
        database: Database,
        resumes: Resumes,
        *,
        is_told_first: bool = False,
        max_waiting: int = MAX_WAITING,
    ) -> None:
        self._database = database
        self._resumes = resumes
        self._is_told_first = is_told_first
        self._new: GroupCommit[Submission, AccessPackageAssignmentRequest] = GroupCommit(
            database, self._store, of="requests", max_waiting=max_waiting
        )

    async def submit(
        self, draft: AccessPackageAssignmentRequest, act: Act
    ) -> AccessPackageAssignmentRequest:
        """Take a new request, or only validate it; give it as it was accepted.

        :raises DomainError: it is not complete, not allowed, or there is one already (see
            ``intents`` and ``eligibility``).
        :raises Unavailable: too many requests are waiting.
        """
        submission = Submission(intent=read_intent(draft), draft=draft, act=act)
        try:
            return await self._new.submit(submission)
        except Busy as busy:
            raise Unavailable(retry_after=busy.seconds) from None

    async def cancel(self, key: str, act: Act) -> None:
        """End a request that has not been delivered.

        :raises NotThere: there is none.
        :raises RequestNotCancelable: it is past that.
        """
        async with self._database.transaction() as conn:
            await extensions.cancel(conn, names.REQUEST, [key], now=act.now)
            request = await _existing(conn, key)
            after = requests.cancel(request, now=act.now)
            await moves.store(conn, [Move(request, after, act.actor)], now=act.now)

    async def reprocess(self, key: str, act: Act) -> None:
        """Take up a failed request where it failed.

        :raises NotThere: there is none.
        :raises RequestNotReprocessable: it did not fail, or too long ago.
        :raises ExistingGrant: the target has the package meanwhile.
        :raises ExistingOpenRequest: the target asks for it again, or for another change.
        """
        async with self._database.transaction() as conn:
            request = await _existing(conn, key)
            after = requests.reprocess(request, now=act.now)
            if not request.is_removal:
                await _take_place(conn, request)
            await moves.store(conn, [Move(request, after, act.actor)], now=act.now)
            if request.type is RequestType.SYSTEM_ADD:  # is it still for its target?
                await waking.look_again(conn, [request.target_id], now=act.now)
            event = records.of_request(records.REPROCESS, after, act.actor)
            await record(conn, [event], now=act.now)

    async def delete(self, key: str, act: Act) -> None:
        """Delete a request that has ended and left nothing behind, with its callouts.

        :raises NotThere: there is none.
        :raises OperationNotAllowed: it is open, or its assignment is still held.
        """
        async with self._database.transaction() as conn:
            await callout_store.lock_of_owners(conn, [key])
            request = await _existing(conn, key)
            if request.is_open:
                raise OperationNotAllowed(
                    f"The request is '{request.state}': only requests that have ended can be "
                    "deleted. Cancel it first."
                )
            if _gave(request) and await store.holds_assignment(conn, key):
                raise OperationNotAllowed(
                    "The assignment of the request is still held. Remove it first."
                )
            await callout_store.forget_of_owners(Outgoing(conn, keeps=False), [key])
            await store.delete_request(conn, key)
            event = records.of_request(
                records.DELETE_REQUEST, request, act.actor, operation="Delete"
            )
            await record(conn, [event], now=act.now)

    async def resume(self, key: str, body: ResumeParameters, *, act: Act) -> None:
        """Let a request go on, or end, as an extension says; the same answer twice is one.

        :raises NotThere: there is no such request.
        :raises DomainError: nothing is awaited, or the answer is late, contradicts another, or is
            not possible at the stage (see ``extensions.errors``).
        """
        try:
            answer = read_answer(key, body, now=act.now, caller=act.actor)
        except InvalidModel as error:
            await self.refuse_resume(key, error, now=act.now, caller=act.actor)
            raise
        try:
            await self._check_named(answer)
            await self._resumes.submit(answer)
        except DomainError as error:
            async with self._database.reading() as conn:
                if not await store.exists(conn, key):
                    raise NotThere("accessPackageAssignmentRequest", key) from error
            raise

    async def refuse_resume(
        self, key: str, error: DomainError, *, now: datetime, caller: Actor
    ) -> None:
        """Note in the ledger that somebody tried to resume who may not, or with such a body."""
        nothing = Answer(
            owner_kind=names.REQUEST,
            owner_id=key,
            verdict="continue",
            caller=caller,
            received_at=now,
        )
        await self._resumes.refuse(nothing, error)

    async def _check_named(self, answer: Answer) -> None:
        """Refuse an answer that names approvers who do not exist, and keep it in the ledger."""
        stage = determining.named({"data": answer.data})
        if stage is None:
            return
        try:
            async with self._database.reading() as conn:
                await naming.check_stage(conn, stage, dynamic.ANSWER)
        except InvalidModel as error:
            await self._resumes.refuse(answer, error)
            raise

    async def close(self) -> None:
        """Take no more requests, and return when all that came are stored."""
        await self._new.close()

    async def _store(
        self, conn: AsyncConnection, submissions: Sequence[Submission]
    ) -> Sequence[AccessPackageAssignmentRequest | Exception]:
        return await submitting.submit(conn, submissions, is_told_first=self._is_told_first)


def read_answer(key: str, body: ResumeParameters, *, now: datetime, caller: Actor) -> Answer:
    """Say what a body answers, and to which callout; its ``type`` decides nothing.

    :raises InvalidModel: its ``state`` is none that an extension can give.
    """
    data = body.data
    stage = (
        data.approval_stage
        if isinstance(data, AssignmentRequestApprovalStageCallbackData)
        else None
    )
    return Answer(
        owner_kind=names.REQUEST,
        owner_id=key,
        callout_id=data.custom_extension_stage_instance_id,
        stage=data.stage.value if data.stage else None,
        verdict=stages.read_verdict(data.state).value,
        detail=data.custom_extension_stage_instance_detail,
        source=body.source,
        type=body.type,
        data=determining.kept(policies.normalized_stage(stage)) if stage else {},
        caller=caller,
        received_at=now,
    )


def _gave(request: Request) -> bool:
    """Say whether an assignment is what it is because of this request."""
    if request.is_update:
        return request.state is RequestState.DELIVERED
    return not request.is_removal


async def _existing(conn: AsyncConnection, key: str) -> Request:
    found = (await store.lock(conn, [key])).get(key)
    if found is None:
        raise NotThere("accessPackageAssignmentRequest", key)
    return found


async def _take_place(conn: AsyncConnection, request: Request) -> None:
    """Give a failed request its place in line back, unless somebody has taken it."""
    held = (await assignment_store.lock(conn, [request.assignment_id])).get(request.assignment_id)
    if held is None or held.state is AssignmentState.EXPIRED:
        raise RequestNotReprocessable("The assignment of the request has ended.")
    if request.is_update:
        await _take_change(conn, held)
        return
    key = holder_key(request.package_id, request.target_id)
    holder = (await assignment_store.holders(conn, [key])).get(key)
    if holder is not None and holder.id != held.id:
        raise ExistingGrant() if holder.is_held else ExistingOpenRequest()
    await assignment_store.save(conn, [assignments.again(held)])


async def _take_change(conn: AsyncConnection, held: Assignment) -> None:
    """Let a failed change have its place back, unless another one has it."""
    if not held.is_held:
        raise RequestNotReprocessable("The assignment of the request is not held any more.")
    if await store.with_open_change(conn, [held.id]):
        raise ExistingOpenRequest("Another change of the assignment is on its way.")
