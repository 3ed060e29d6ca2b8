"""Requests: their states, and the only functions that move them.

A request walks through the phases of its course. ``advance`` is the one dispatcher: from what is
stored it takes every step that can be taken now, and stops where the request awaits something: a
callout, an approval, its start date, or its delivery. Each of those comes back through one function
here, which notes the result and leaves the next step to ``advance``. Calling ``advance`` on a
request that awaits something changes nothing, so that it may be called at any time, by anybody, and
again after a crash.

Nothing here reads a clock, a database or a socket: time arrives as ``now``, and what must happen
leaves as steps. Access is given only by ``Deliver``, and no failure and no deadline leads there.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final, assert_never

from msgspec.structs import replace

from ostiary.entitlement.errors import (
    RequestNotCancelable,
    RequestNotReprocessable,
    StateNotAllowedAtStage,
)
from ostiary.entitlement.model.enums import AccessPackageCustomExtensionStage as Stage
from ostiary.entitlement.model.enums import AccessPackageRequestState as RequestState
from ostiary.entitlement.model.enums import AccessPackageRequestType as RequestType
from ostiary.entitlement.states import (
    ALLOWED,
    CANCELABLE,
    DENIABLE,
    REMOVALS,
    STAGES,
    AutoApprove,
    Awaits,
    CallOut,
    Complete,
    Decide,
    Deliver,
    Delivery,
    OpenApproval,
    Phase,
    Plan,
    PlannedCall,
    Request,
    RequestStatus,
    Step,
    TakeBack,
    Verdict,
    WaitForStart,
    Withdraw,
)

REPROCESS_WINDOW: Final = timedelta(days=14)
"""How long after its end a failed request can be processed again."""


class IllegalMove(RuntimeError):
    """A defect: a move that the table of states does not have."""


def first_phase(type_: RequestType) -> Phase:
    """Give the phase in which a request of this type begins."""
    if type_ in REMOVALS:
        return Phase.WITHDRAWAL
    return Phase.START if type_ is RequestType.SYSTEM_UPDATE else Phase.CREATED


def advance(request: Request, plan: Plan, *, now: datetime) -> tuple[Request, tuple[Step, ...]]:
    """Take every step that can be taken now; a request that awaits something is left as it is."""
    steps: list[Step] = []
    while request.is_open and request.awaits is None:
        request, step = _step(request, plan, now)
        if step is not None:
            steps.append(step)
    return request, tuple(steps)


def called(request: Request, callout_id: str) -> Request:
    """Note under which id the extension is called."""
    return replace(request, callout_id=callout_id)


def may_answer(stage: Stage, verdict: Verdict) -> None:
    """Check that an extension may say this at this stage.

    :raises StateNotAllowedAtStage: it tries to end the request where it can only go on.
    """
    if verdict is not Verdict.CONTINUE and stage not in DENIABLE:
        raise StateNotAllowedAtStage(
            f"A request cannot be denied or canceled at the stage '{stage}': only "
            f"{' and '.join(sorted(DENIABLE))} can end it. Leave out 'state' to go on.",
            target="data/state",
        )


def determines(request: Request, callout_id: str) -> bool:
    """Say whether the answer to this callout names who decides."""
    return _awaits_callout(request, callout_id) and request.phase is Phase.APPROVAL


def answered(
    request: Request,
    callout_id: str,
    verdict: Verdict,
    *,
    names_approvers: bool = False,
    now: datetime,
) -> Request:
    """Go on, or end, as the awaited extension says; another callout's answer changes nothing.

    Where approvers were asked for and none are named, nobody could agree: that ends it, too.

    :raises StateNotAllowedAtStage: as ``may_answer``.
    """
    if not _awaits_callout(request, callout_id):
        return request
    may_answer(STAGES[request.phase], verdict)
    match verdict:
        case Verdict.CONTINUE if request.phase is Phase.APPROVAL and not names_approvers:
            return _end(request, RequestState.DENIED, RequestStatus.CALLOUT_FAILED, now)
        case Verdict.CONTINUE:
            return _passed(request)
        case Verdict.DENY:
            return _end(request, RequestState.DENIED, RequestStatus.DENIED_BY_EXTENSION, now)
        case Verdict.CANCEL:
            return _end(request, RequestState.CANCELED, RequestStatus.CANCELED, now)
        case _:
            assert_never(verdict)


def gave_up(
    request: Request, callout_id: str, *, timed_out: bool, now: datetime
) -> tuple[Request, TakeBack | None]:
    """Fail closed when the awaited extension could not be reached or stayed silent.

    What was only to be told goes on, and so does a removal, whose access is gone already.
    """
    if not _awaits_callout(request, callout_id):
        return request, None
    waited = request.status is RequestStatus.WAITING_FOR_CALLBACK
    if not waited or request.phase is Phase.REMOVED:
        return _passed(request), None
    status = RequestStatus.CALLBACK_TIMED_OUT if timed_out else RequestStatus.CALLOUT_FAILED
    if request.phase in (Phase.CREATED, Phase.APPROVAL):
        return _end(request, RequestState.DENIED, status, now), None
    failed = _end(request, RequestState.DELIVERY_FAILED, status, now)
    return failed, TakeBack() if _is_given(request) else None


def approved(request: Request, turn: int) -> Request:
    """Note that all stages of a turn were approved; those of the next open with ``advance``."""
    if not _awaits_approval(request, turn):
        return request
    return _passed(request)


def denied(request: Request, turn: int, *, timed_out: bool, now: datetime) -> Request:
    """End the request because an approver said no, or because nobody said anything in time.

    One stage is enough, whoever else is still asked.
    """
    if not _awaits_approval(request, turn):
        return request
    status = RequestStatus.EXPIRED if timed_out else RequestStatus.DENIED
    return _end(request, RequestState.DENIED, status, now)


def escalated(request: Request, turn: int) -> Request:
    """Note that further approvers are asked at a stage; the first ones still may decide."""
    if not _awaits_approval(request, turn):
        return request
    return replace(request, status=RequestStatus.PENDING_APPROVAL_ESCALATED)


def started(request: Request, *, now: datetime) -> Request:
    """Go on when the start date has come."""
    if request.awaits is not Awaits.START or (request.start_at and now < request.start_at):
        return request
    return replace(request, awaits=None)


def delivered(request: Request, delivery: Delivery, *, now: datetime) -> Request:
    """Note how the giving of the roles went."""
    if request.awaits is not Awaits.DELIVERY or request.phase is not Phase.DELIVERY:
        return request
    match delivery:
        case Delivery.COMPLETE:
            return _next(replace(request, awaits=None))
        case Delivery.PARTIAL:
            partly = RequestStatus.PARTIALLY_FULFILLED
            return _end(request, RequestState.PARTIALLY_DELIVERED, partly, now)
        case Delivery.FAILED:
            failed = RequestStatus.FULFILLMENT_FAILED
            return _end(request, RequestState.DELIVERY_FAILED, failed, now)
        case _:
            assert_never(delivery)


def excluded(request: Request, *, now: datetime) -> Request:
    """Fail a request whose target has got something meanwhile that excludes the package."""
    if request.awaits is not Awaits.DELIVERY or request.phase is not Phase.DELIVERY:
        return request
    return _end(request, RequestState.DELIVERY_FAILED, RequestStatus.INCOMPATIBLE, now)


def withdrawn(request: Request, delivery: Delivery, *, now: datetime) -> Request:
    """Note how the withdrawal of the roles went; only where all are gone does it go on."""
    if request.awaits is not Awaits.DELIVERY or request.phase is not Phase.WITHDRAWAL:
        return request
    if delivery is not Delivery.COMPLETE:
        return _end(request, RequestState.DELIVERY_FAILED, RequestStatus.FULFILLMENT_FAILED, now)
    return _next(replace(request, awaits=None))


def superseded(request: Request, *, now: datetime) -> Request:
    """End a request whose access was withdrawn while it still waited for an extension."""
    if not request.is_open:
        return request
    return _end(request, RequestState.CANCELED, RequestStatus.CANCELED, now)


def cancel(request: Request, *, now: datetime) -> Request:
    """End the request on behalf of its requestor or an administrator.

    :raises RequestNotCancelable: it is being delivered, or has ended.
    """
    if request.state not in CANCELABLE:
        raise RequestNotCancelable(
            f"The request is '{request.state}' ('{request.status}'); it can be canceled while it "
            f"is {', '.join(sorted(CANCELABLE))}.",
            state=request.state,
        )
    return _end(request, RequestState.CANCELED, RequestStatus.CANCELED, now)


def reprocess(request: Request, *, now: datetime) -> Request:
    """Take up a failed request where it failed; nothing that was awaited there is skipped.

    What failed at the granted stage lost its roles, so it is delivered again first.

    :raises RequestNotReprocessable: it has not failed, or that is 14 days ago.
    """
    if request.state not in (RequestState.DELIVERY_FAILED, RequestState.PARTIALLY_DELIVERED):
        raise RequestNotReprocessable(
            f"The request is '{request.state}'; only 'deliveryFailed' and 'partiallyDelivered' "
            "can be processed again.",
            state=request.state,
        )
    if request.completed_at is not None and now >= request.completed_at + REPROCESS_WINDOW:
        raise RequestNotReprocessable(
            f"The request ended on {request.completed_at:%Y-%m-%d}; it can be processed again "
            f"within {REPROCESS_WINDOW.days} days only.",
            state=request.state,
        )
    phase = Phase.DELIVERY if _is_given(request) else request.phase
    again = replace(request, phase=phase, completed_at=None)
    return _move(again, RequestState.DELIVERING, RequestStatus.FULFILLING)


def resting_status(request: Request) -> RequestStatus:
    """Give the status of a request's phase, whatever it waits for there."""
    match request.phase:
        case Phase.CREATED | Phase.WITHDRAWAL:
            return RequestStatus.ACCEPTED
        case Phase.APPROVAL if request.state is RequestState.SUBMITTED:
            return RequestStatus.ACCEPTED
        case Phase.APPROVAL:
            return RequestStatus.PENDING_APPROVAL
        case Phase.APPROVED | Phase.START if request.state is not RequestState.DELIVERING:
            return RequestStatus.APPROVED
        case _:
            return RequestStatus.FULFILLING


def _step(request: Request, plan: Plan, now: datetime) -> tuple[Request, Step | None]:
    match request.phase:
        case Phase.CREATED | Phase.APPROVED | Phase.GRANTED | Phase.REMOVED:
            return _call_out(request, plan.at(request.phase))
        case Phase.APPROVAL:
            return _ask(request, plan.approval)
        case Phase.START:
            return _wait_for_start(request, now)
        case Phase.DELIVERY:
            return _write(request), Deliver()
        case Phase.WITHDRAWAL:
            return _write(request), Withdraw()
        case Phase.OVER:
            return _end(request, RequestState.DELIVERED, RequestStatus.FULFILLED, now), Complete()
        case _:
            assert_never(request.phase)


def _call_out(request: Request, calls: tuple[PlannedCall, ...]) -> tuple[Request, Step | None]:
    if request.position >= len(calls):
        return _next(request), None
    return _launch(request, calls[request.position])


def _launch(request: Request, call: PlannedCall) -> tuple[Request, Step]:
    state = RequestState.DELIVERING if request.phase is Phase.GRANTED else request.state
    status = RequestStatus.WAITING_FOR_CALLBACK if call.waits else resting_status(request)
    return replace(_move(request, state, status), awaits=Awaits.CALLOUT), CallOut(call)


def _ask(request: Request, way: tuple[PlannedCall | Decide, ...]) -> tuple[Request, Step | None]:
    if not request.needs_approval:
        return _next(request), AutoApprove()
    way = way or (Decide((0,)),)  # a demanded approval without a stage still is one
    if request.position >= len(way):
        return _next(request), None
    first = way[request.position]
    if isinstance(first, PlannedCall):
        return _launch(request, first)
    asked = _move(request, RequestState.PENDING_APPROVAL, RequestStatus.PENDING_APPROVAL)
    return replace(asked, awaits=Awaits.APPROVAL), OpenApproval(request.position)


def _wait_for_start(request: Request, now: datetime) -> tuple[Request, Step | None]:
    if request.start_at is None or now >= request.start_at:
        return _next(request), None
    waiting = _move(request, RequestState.SCHEDULED, RequestStatus.PENDING_NOT_BEFORE)
    return replace(waiting, awaits=Awaits.START), WaitForStart(request.start_at)


def _write(request: Request) -> Request:
    writing = _move(request, RequestState.DELIVERING, RequestStatus.FULFILLING)
    return replace(writing, awaits=Awaits.DELIVERY)


def _passed(request: Request) -> Request:
    """Leave the awaited callout or stage behind."""
    moved = replace(request, awaits=None, callout_id=None, position=request.position + 1)
    return replace(moved, status=resting_status(moved))


def _next(request: Request) -> Request:
    """Enter the next phase; a delivery keeps the place at which the granted stage had failed."""
    phase = request.course[request.course.index(request.phase) + 1]
    position = request.position if request.phase is Phase.DELIVERY else 0
    entered = replace(request, phase=phase, position=position)
    return replace(entered, status=resting_status(entered))


def _end(request: Request, state: RequestState, status: RequestStatus, now: datetime) -> Request:
    ended = replace(request, awaits=None, callout_id=None, completed_at=now)
    return _move(ended, state, status)


def _move(request: Request, state: RequestState, status: RequestStatus) -> Request:
    if state is not request.state and state not in ALLOWED[request.state]:
        raise IllegalMove(f"request {request.id}: {request.state} to {state}")
    return replace(request, state=state, status=status)


def _is_given(request: Request) -> bool:
    """Say whether a request that calls out at the granted stage has given the roles before."""
    return request.phase is Phase.GRANTED and not request.is_held_back


def _awaits_callout(request: Request, callout_id: str) -> bool:
    return request.awaits is Awaits.CALLOUT and request.callout_id == callout_id


def _awaits_approval(request: Request, turn: int) -> bool:
    return request.awaits is Awaits.APPROVAL and request.position == turn
