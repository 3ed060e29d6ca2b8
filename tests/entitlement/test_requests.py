"""The rows of the transition table."""

from __future__ import annotations

from datetime import timedelta

import pytest
from msgspec.structs import replace

from ostiary.entitlement import requests
from ostiary.entitlement.errors import (
    RequestNotCancelable,
    RequestNotReprocessable,
    StateNotAllowedAtStage,
)
from ostiary.entitlement.model.enums import AccessPackageCustomExtensionStage as Stage
from ostiary.entitlement.model.enums import AccessPackageRequestState as State
from ostiary.entitlement.model.enums import AccessPackageRequestType as RequestType
from ostiary.entitlement.states import (
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
    RequestStatus,
    TakeBack,
    Verdict,
    WaitForStart,
    Withdraw,
)
from tests.entitlement.makers import make_plan, make_request, make_waiting
from tests.support.clocks import MONDAY

NOTHING = make_plan()
CREATED = Stage.ASSIGNMENT_REQUEST_CREATED
APPROVED = Stage.ASSIGNMENT_REQUEST_APPROVED
GRANTED = Stage.ASSIGNMENT_REQUEST_GRANTED
REMOVED = Stage.ASSIGNMENT_REQUEST_REMOVED


def test_a_request_that_nothing_holds_up_goes_straight_to_its_delivery() -> None:
    moved, steps = requests.advance(make_request(), NOTHING, now=MONDAY)

    assert steps == (AutoApprove(), Deliver())
    assert (moved.state, moved.status) == (State.DELIVERING, RequestStatus.FULFILLING)


def test_a_waiting_extension_shows_as_waiting_and_one_that_is_told_does_not() -> None:
    waiting, (step,) = requests.advance(make_request(), make_plan(CREATED), now=MONDAY)
    told, _ = requests.advance(make_request(), make_plan(CREATED, waits=False), now=MONDAY)

    assert isinstance(step, CallOut)
    assert (waiting.state, waiting.status) == (State.SUBMITTED, RequestStatus.WAITING_FOR_CALLBACK)
    assert (told.state, told.status) == (State.SUBMITTED, RequestStatus.ACCEPTED)


def test_several_extensions_of_a_stage_are_called_one_after_the_other() -> None:
    plan = make_plan(CREATED, CREATED)
    first, _ = requests.advance(make_request(), plan, now=MONDAY)
    first = requests.called(first, "one")

    between = requests.answered(first, "one", Verdict.CONTINUE, now=MONDAY)
    second, (step,) = requests.advance(between, plan, now=MONDAY)

    assert (between.status, between.position) == (RequestStatus.ACCEPTED, 1)
    assert isinstance(step, CallOut)
    assert second.phase is Phase.CREATED


def test_approval_stages_open_in_their_order() -> None:
    plan = make_plan(approvals=2)
    asked, first = requests.advance(make_request(needs_approval=True), plan, now=MONDAY)
    again, second = requests.advance(requests.approved(asked, 0), plan, now=MONDAY)
    done, last = requests.advance(requests.approved(again, 1), plan, now=MONDAY)

    assert (first, second, last) == ((OpenApproval(0),), (OpenApproval(1),), (Deliver(),))
    assert (asked.state, asked.status) == (State.PENDING_APPROVAL, RequestStatus.PENDING_APPROVAL)
    assert done.state is State.DELIVERING


def test_stages_that_are_asked_at_once_are_left_together() -> None:
    plan = Plan(approval=(Decide((0, 1)),))
    asked, first = requests.advance(make_request(needs_approval=True), plan, now=MONDAY)
    escalated = requests.escalated(asked, 0)
    done, last = requests.advance(requests.approved(escalated, 0), plan, now=MONDAY)

    assert (first, last) == ((OpenApproval(0),), (Deliver(),))
    assert escalated.status is RequestStatus.PENDING_APPROVAL_ESCALATED
    assert requests.escalated(escalated, 0) == escalated
    assert done.state is State.DELIVERING


def test_a_demanded_approval_without_a_stage_is_asked_for_all_the_same() -> None:
    _, steps = requests.advance(make_request(needs_approval=True), NOTHING, now=MONDAY)

    assert steps == (OpenApproval(0),)


def test_the_approved_stage_keeps_the_state_and_is_called_without_an_approval_too() -> None:
    plan = make_plan(APPROVED)
    moved, steps = requests.advance(make_request(), plan, now=MONDAY)

    assert [type(step) for step in steps] == [AutoApprove, CallOut]
    assert (moved.state, moved.status) == (State.SUBMITTED, RequestStatus.WAITING_FOR_CALLBACK)


def test_a_start_date_ahead_is_waited_for() -> None:
    start = MONDAY + timedelta(days=2)
    waiting, steps = requests.advance(make_request(start_at=start), NOTHING, now=MONDAY)
    early = requests.started(waiting, now=start - timedelta(seconds=1))
    moved, later = requests.advance(requests.started(waiting, now=start), NOTHING, now=start)

    assert steps[-1] == WaitForStart(start)
    assert (waiting.state, waiting.status) == (State.SCHEDULED, RequestStatus.PENDING_NOT_BEFORE)
    assert early == waiting
    assert later == (Deliver(),)
    assert moved.state is State.DELIVERING


def test_roles_are_written_before_the_granted_stage_and_the_request_completes_after_it() -> None:
    plan = make_plan(GRANTED)
    writing, _ = requests.advance(make_request(), plan, now=MONDAY)
    written = requests.delivered(writing, Delivery.COMPLETE, now=MONDAY)
    told, (step,) = requests.advance(written, plan, now=MONDAY)
    told = requests.called(told, "callout")
    answered = requests.answered(told, "callout", Verdict.CONTINUE, now=MONDAY)
    done, last = requests.advance(answered, plan, now=MONDAY)

    assert isinstance(step, CallOut)
    assert (told.state, told.status) == (State.DELIVERING, RequestStatus.WAITING_FOR_CALLBACK)
    assert last == (Complete(),)
    assert (done.state, done.status) == (State.DELIVERED, RequestStatus.FULFILLED)


def test_the_operator_can_have_the_granted_stage_hold_the_delivery_back() -> None:
    plan = make_plan(GRANTED)
    moved, steps = requests.advance(make_request(is_told_first=True), plan, now=MONDAY)
    failed, undo = requests.gave_up(
        requests.called(moved, "callout"), "callout", timed_out=True, now=MONDAY
    )

    assert [type(step) for step in steps] == [AutoApprove, CallOut]
    assert moved.state is State.DELIVERING
    assert undo is None
    assert requests.reprocess(failed, now=MONDAY).phase is Phase.GRANTED


def test_a_removal_withdraws_first_and_calls_out_afterwards() -> None:
    plan = make_plan(REMOVED, CREATED)
    removal = make_request(type=RequestType.SYSTEM_REMOVE, phase=Phase.WITHDRAWAL)
    moved, first = requests.advance(removal, plan, now=MONDAY)
    told, (second,) = requests.advance(
        requests.withdrawn(moved, Delivery.COMPLETE, now=MONDAY), plan, now=MONDAY
    )

    assert first == (Withdraw(),)
    assert isinstance(second, CallOut)
    assert told.status is RequestStatus.WAITING_FOR_CALLBACK


@pytest.mark.parametrize("phase", [Phase.CREATED, Phase.APPROVED])
@pytest.mark.parametrize(
    ("verdict", "state", "status"),
    [
        (Verdict.DENY, State.DENIED, RequestStatus.DENIED_BY_EXTENSION),
        (Verdict.CANCEL, State.CANCELED, RequestStatus.CANCELED),
    ],
)
def test_an_extension_can_end_a_request_before_access_is_given(
    phase: Phase, verdict: Verdict, state: State, status: RequestStatus
) -> None:
    ended = requests.answered(make_waiting(phase), "callout", verdict, now=MONDAY)

    assert (ended.state, ended.status, ended.completed_at) == (state, status, MONDAY)
    assert requests.advance(ended, NOTHING, now=MONDAY) == (ended, ())


@pytest.mark.parametrize("stage", [GRANTED, REMOVED])
@pytest.mark.parametrize("verdict", [Verdict.DENY, Verdict.CANCEL])
def test_an_extension_cannot_end_a_request_afterwards(stage: Stage, verdict: Verdict) -> None:
    with pytest.raises(StateNotAllowedAtStage) as caught:
        requests.may_answer(stage, verdict)

    assert caught.value.target == "data/state"


@pytest.mark.parametrize(
    ("timed_out", "status"),
    [(True, RequestStatus.CALLBACK_TIMED_OUT), (False, RequestStatus.CALLOUT_FAILED)],
)
@pytest.mark.parametrize(
    ("phase", "state", "undo"),
    [
        (Phase.CREATED, State.DENIED, None),
        (Phase.APPROVED, State.DELIVERY_FAILED, None),
        (Phase.GRANTED, State.DELIVERY_FAILED, TakeBack()),
    ],
)
def test_silence_fails_closed(
    phase: Phase, state: State, undo: TakeBack | None, timed_out: bool, status: RequestStatus
) -> None:
    waiting = make_waiting(phase)
    if phase is Phase.GRANTED:
        waiting = replace(waiting, state=State.DELIVERING)

    ended, step = requests.gave_up(waiting, "callout", timed_out=timed_out, now=MONDAY)

    assert (ended.state, ended.status, step) == (state, status, undo)


def test_a_removal_goes_on_without_the_extension_that_is_silent() -> None:
    waiting = make_waiting(Phase.REMOVED, type=RequestType.ADMIN_REMOVE, state=State.DELIVERING)

    moved, undo = requests.gave_up(waiting, "callout", timed_out=True, now=MONDAY)
    done, _ = requests.advance(moved, NOTHING, now=MONDAY)

    assert undo is None
    assert done.state is State.DELIVERED


@pytest.mark.parametrize("phase", [Phase.CREATED, Phase.APPROVED, Phase.GRANTED])
def test_an_extension_that_is_only_told_holds_nothing_up_when_it_fails(phase: Phase) -> None:
    told = make_waiting(phase, status=RequestStatus.ACCEPTED)

    moved, undo = requests.gave_up(told, "callout", timed_out=False, now=MONDAY)

    assert moved.is_open
    assert (moved.awaits, moved.position, undo) == (None, 1, None)


def test_the_answer_to_another_callout_changes_nothing() -> None:
    waiting = make_waiting(Phase.CREATED)

    assert requests.answered(waiting, "another", Verdict.DENY, now=MONDAY) == waiting
    assert requests.gave_up(waiting, "another", timed_out=True, now=MONDAY) == (waiting, None)


def test_nobody_deciding_in_time_shows_apart_from_a_denial() -> None:
    asked = make_request(phase=Phase.APPROVAL, awaits=Awaits.APPROVAL)

    late = requests.denied(asked, 0, timed_out=True, now=MONDAY)
    denied = requests.denied(asked, 0, timed_out=False, now=MONDAY)

    assert (late.state, late.status) == (State.DENIED, RequestStatus.EXPIRED)
    assert (denied.state, denied.status) == (State.DENIED, RequestStatus.DENIED)


@pytest.mark.parametrize(
    ("delivery", "state", "status"),
    [
        (Delivery.PARTIAL, State.PARTIALLY_DELIVERED, RequestStatus.PARTIALLY_FULFILLED),
        (Delivery.FAILED, State.DELIVERY_FAILED, RequestStatus.FULFILLMENT_FAILED),
    ],
)
def test_a_delivery_that_fails_can_be_processed_again_for_fourteen_days(
    delivery: Delivery, state: State, status: RequestStatus
) -> None:
    writing, _ = requests.advance(make_request(), NOTHING, now=MONDAY)
    failed = requests.delivered(writing, delivery, now=MONDAY)
    last_moment = MONDAY + timedelta(days=14) - timedelta(microseconds=1)

    again = requests.reprocess(failed, now=last_moment)
    _, steps = requests.advance(again, NOTHING, now=last_moment)

    assert (failed.state, failed.status) == (state, status)
    assert again.state is State.DELIVERING
    assert steps == (Deliver(),)
    with pytest.raises(RequestNotReprocessable):
        requests.reprocess(failed, now=MONDAY + timedelta(days=14))


def test_processing_again_asks_the_extension_that_was_silent_again() -> None:
    plan = make_plan(APPROVED, APPROVED)
    waiting = make_waiting(Phase.APPROVED, position=1)
    failed, _ = requests.gave_up(waiting, "callout", timed_out=True, now=MONDAY)

    again, (step,) = requests.advance(requests.reprocess(failed, now=MONDAY), plan, now=MONDAY)

    assert isinstance(step, CallOut)
    assert (again.phase, again.position) == (Phase.APPROVED, 1)
    assert again.status is RequestStatus.WAITING_FOR_CALLBACK


def test_what_lost_its_roles_is_delivered_again_before_the_same_extension_is_asked() -> None:
    plan = make_plan(GRANTED, GRANTED)
    waiting = make_waiting(Phase.GRANTED, position=1, state=State.DELIVERING)
    failed, _ = requests.gave_up(waiting, "callout", timed_out=True, now=MONDAY)

    again, first = requests.advance(requests.reprocess(failed, now=MONDAY), plan, now=MONDAY)
    written = requests.delivered(again, Delivery.COMPLETE, now=MONDAY)
    told, _ = requests.advance(written, plan, now=MONDAY)

    assert first == (Deliver(),)
    assert (told.phase, told.position) == (Phase.GRANTED, 1)


@pytest.mark.parametrize(
    "state", [State.SUBMITTED, State.PENDING_APPROVAL, State.SCHEDULED, State.DELIVERY_FAILED]
)
def test_a_request_can_be_canceled_before_it_is_delivered_or_when_that_failed(
    state: State,
) -> None:
    ended = requests.cancel(make_request(state=state), now=MONDAY)

    assert (ended.state, ended.status) == (State.CANCELED, RequestStatus.CANCELED)


@pytest.mark.parametrize(
    "state",
    [
        State.DELIVERING,
        State.DELIVERED,
        State.PARTIALLY_DELIVERED,
        State.DENIED,
        State.CANCELED,
    ],
)
def test_it_cannot_be_canceled_later(state: State) -> None:
    with pytest.raises(RequestNotCancelable):
        requests.cancel(make_request(state=state), now=MONDAY)
