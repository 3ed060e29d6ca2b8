"""Any sequence of answers, decisions, deadlines and cancels: no access without every gate.

Requests of every type pass through it; where one changes an assignment, "access" is the change. The
machine plays everything around a request: it keeps what the request awaits, ends it in any way
that can happen, and repeats or delays what may come twice or late.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from msgspec.structs import replace

from ostiary.entitlement import approvals, requests
from ostiary.entitlement.approvals import ReviewResult
from ostiary.entitlement.errors import (
    RequestNotCancelable,
    RequestNotReprocessable,
    StateNotAllowedAtStage,
)
from ostiary.entitlement.model.enums import AccessPackageCustomExtensionStage as Stage
from ostiary.entitlement.model.enums import AccessPackageRequestState as RequestState
from ostiary.entitlement.model.enums import AccessPackageRequestType as RequestType
from ostiary.entitlement.states import (
    REMOVALS,
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
from tests.entitlement.request_plans import WHO_DECIDES, plans
from tests.support.clocks import MONDAY

BEFORE_ACCESS = {Stage.ASSIGNMENT_REQUEST_CREATED, Stage.ASSIGNMENT_REQUEST_APPROVED}
BY_THE_SERVER = {
    RequestType.SYSTEM_ADD: {Stage.ASSIGNMENT_REQUEST_CREATED},
    RequestType.SYSTEM_UPDATE: set[Stage](),
    RequestType.SYSTEM_REMOVE: set[Stage](),
}
"""Which stages the server's own requests pass before access is given."""

TYPES = [
    RequestType.USER_ADD,
    RequestType.ADMIN_ADD,
    RequestType.SYSTEM_ADD,
    RequestType.USER_UPDATE,
    RequestType.ADMIN_UPDATE,
    RequestType.SYSTEM_UPDATE,
    RequestType.USER_REMOVE,
    RequestType.ADMIN_REMOVE,
    RequestType.APPROVER_REMOVE,
    RequestType.SYSTEM_REMOVE,
]


@dataclass
class Gates:
    """What has been passed on the way."""

    calls: set[tuple[Stage, int]] = field(default_factory=set)
    approvals: set[int] = field(default_factory=set)
    """Positions on the way to the approval: agreed to, or whose approvers are named."""
    has_started: bool = False


class RequestMachine(RuleBasedStateMachine):
    """One request and everything around it."""

    @initialize(
        plan=plans,
        kind=st.sampled_from(TYPES),
        needs_approval=st.booleans(),
        is_told_first=st.booleans(),
        starts_in=st.sampled_from([None, timedelta(0), timedelta(days=3)]),
    )
    def make(
        self,
        plan: Plan,
        kind: RequestType,
        needs_approval: bool,
        is_told_first: bool,
        starts_in: timedelta | None,
    ) -> None:
        removes = kind in REMOVALS
        self.now = MONDAY
        self.plan = plan
        self.gates = Gates()
        self.stages: list[approvals.Stage] = []
        self.has_access = removes
        self.next_callout = 0
        self.ended: list[RequestState] = []
        self.request = Request(
            id="request",
            type=kind,
            phase=requests.first_phase(kind),
            catalog_id="catalog",
            package_id="package",
            policy_id="policy",
            terms_id="terms",
            assignment_id="assignment",
            target_id="alice",
            requestor_id="alice",
            needs_approval=needs_approval and kind not in BY_THE_SERVER and not removes,
            is_told_first=is_told_first,
            start_at=MONDAY + starts_in if starts_in is not None and not removes else None,
            created_at=MONDAY,
        )
        self.advance()

    # what the service does

    def advance(self) -> None:
        moved, steps = requests.advance(self.request, self.plan, now=self.now)
        for step in steps:
            moved = self.take(moved, step)
        self.store(moved)

    def take(self, moved: Request, step: Step) -> Request:
        match step:
            case CallOut():
                self.next_callout += 1
                return requests.called(moved, f"callout-{self.next_callout}")
            case Deliver():
                self.check_gates()
            case Withdraw():
                pass
            case AutoApprove():
                assert not self.request.needs_approval
            case Complete():
                assert self.has_access != moved.is_removal
            case OpenApproval(turn):
                self.open_stages(turn)
            case WaitForStart():
                pass
        return moved

    def open_stages(self, turn: int) -> None:
        decide = self.plan.approval[turn] if self.plan.approval else Decide((0,))
        assert isinstance(decide, Decide)
        assert not any(stage.turn == turn for stage in self.stages)
        self.stages += [
            approvals.Stage(id=f"stage-{n}", request_id="request", position=n, turn=turn)
            for n in decide.stages
        ]

    def store(self, moved: Request) -> None:
        if moved.state is not self.request.state and not moved.is_open:
            self.ended.append(moved.state)
        self.request = moved

    def check_gates(self) -> None:
        """Access may be given now, or a change made: whatever had to be passed before has been."""
        stages = BY_THE_SERVER.get(self.request.type, BEFORE_ACCESS)
        comes_first = self.request.is_told_first or self.request.is_update
        if comes_first and self.request.type is not RequestType.SYSTEM_UPDATE:
            stages = stages | {Stage.ASSIGNMENT_REQUEST_GRANTED}
        for stage in stages:
            number = sum(call.stage is stage for call in self.plan.calls)
            assert {(stage, i) for i in range(number)} <= self.gates.calls
        if self.request.needs_approval:
            assert set(range(max(len(self.plan.approval), 1))) <= self.gates.approvals
            assert all(stage.result is ReviewResult.APPROVED for stage in self.stages)
        assert self.request.start_at is None or self.now >= self.request.start_at

    def awaited_call(self) -> PlannedCall:
        if self.request.phase is Phase.APPROVAL:
            return WHO_DECIDES
        return self.plan.at(self.request.phase)[self.request.position]

    def awaits(self, what: Awaits) -> bool:
        return self.request.awaits is what

    # what can happen

    @precondition(lambda self: self.awaits(Awaits.CALLOUT))
    @rule(
        verdict=st.sampled_from([Verdict.CONTINUE] * 4 + [Verdict.DENY, Verdict.CANCEL]),
        names=st.sampled_from([True, True, True, False]),
    )
    def the_extension_answers(self, verdict: Verdict, names: bool) -> None:
        call, position, callout = (
            self.awaited_call(),
            self.request.position,
            str(self.request.callout_id),
        )
        try:
            moved = requests.answered(
                self.request, callout, verdict, names_approvers=names, now=self.now
            )
        except StateNotAllowedAtStage:
            assert verdict is not Verdict.CONTINUE
            assert call.stage not in BEFORE_ACCESS
            return
        if verdict is Verdict.CONTINUE and call is WHO_DECIDES:
            assert moved.is_open == names
            self.gates.approvals |= {position} if names else set()
        elif verdict is Verdict.CONTINUE:
            self.gates.calls.add((call.stage, position))
        else:
            assert not moved.is_open
        self.store(moved)
        self.advance()
        again = requests.answered(
            self.request, callout, verdict, names_approvers=names, now=self.now
        )
        assert again == self.request

    @precondition(lambda self: self.awaits(Awaits.CALLOUT))
    @rule(timed_out=st.booleans())
    def the_extension_is_silent(self, timed_out: bool) -> None:
        call, position = self.awaited_call(), self.request.position
        before = self.request
        moved, undo = requests.gave_up(
            before, str(before.callout_id), timed_out=timed_out, now=self.now
        )
        if isinstance(undo, TakeBack):
            assert not before.is_update
            self.has_access = False
        if moved.is_open:
            assert not call.waits or before.phase is Phase.REMOVED
            self.gates.calls.add((call.stage, position))
        self.store(moved)
        self.advance()

    @rule(number=st.integers(0, 9), silent=st.booleans())
    def another_callout_comes_back(self, number: int, silent: bool) -> None:
        key = f"callout-{number}"
        if key == self.request.callout_id:
            return
        moved = requests.answered(self.request, key, Verdict.CONTINUE, now=self.now)
        if silent:
            moved, _ = requests.gave_up(self.request, key, timed_out=True, now=self.now)
        assert moved == self.request

    @precondition(lambda self: self.awaits(Awaits.APPROVAL))
    @rule(number=st.integers(0, 2))
    def an_approver_agrees(self, number: int) -> None:
        """Only the last approval of those that are asked for at once moves the request on."""
        turn, before = self.request.position, self.request
        asked = [one for one in self.stages if one.result is ReviewResult.NOT_REVIEWED]
        chosen = asked[number % len(asked)]
        self.stages[self.stages.index(chosen)] = replace(chosen, result=ReviewResult.APPROVED)
        if not approvals.is_agreed(self.stages, turn):
            assert len(asked) > 1
            self.advance()
            assert self.request == before
            return
        assert len(asked) == 1
        self.gates.approvals.add(turn)
        self.store(requests.approved(self.request, turn))
        self.advance()

    @precondition(lambda self: self.awaits(Awaits.APPROVAL))
    @rule(timed_out=st.booleans())
    def nobody_agrees(self, timed_out: bool) -> None:
        escalated = requests.escalated(self.request, self.request.position)
        self.store(
            requests.denied(escalated, escalated.position, timed_out=timed_out, now=self.now)
        )
        assert self.request.state is RequestState.DENIED

    @rule(turn=st.integers(0, 3), timed_out=st.booleans())
    def stages_of_another_turn_are_decided(self, turn: int, timed_out: bool) -> None:
        if self.awaits(Awaits.APPROVAL) and turn == self.request.position:
            return
        assert requests.approved(self.request, turn) == self.request
        denied = requests.denied(self.request, turn, timed_out=timed_out, now=self.now)
        assert denied == self.request

    @precondition(lambda self: self.awaits(Awaits.DELIVERY))
    @rule(delivery=st.sampled_from([Delivery.COMPLETE] * 3 + [Delivery.PARTIAL, Delivery.FAILED]))
    def roles_are_written(self, delivery: Delivery) -> None:
        if self.request.is_removal:
            self.has_access = delivery is not Delivery.COMPLETE
            self.store(requests.withdrawn(self.request, delivery, now=self.now))
        else:
            if self.request.is_update and delivery is Delivery.PARTIAL:
                delivery = Delivery.FAILED
            self.has_access = delivery is not Delivery.FAILED
            self.store(requests.delivered(self.request, delivery, now=self.now))
        self.advance()

    @precondition(lambda self: self.awaits(Awaits.DELIVERY) and not self.request.is_removal)
    @rule()
    def something_else_excludes_it(self) -> None:
        self.has_access = False
        self.store(requests.excluded(self.request, now=self.now))
        assert self.request.status is RequestStatus.INCOMPATIBLE

    @rule(days=st.integers(1, 5))
    def time_passes(self, days: int) -> None:
        self.now += timedelta(days=days)
        self.store(requests.started(self.request, now=self.now))
        self.advance()

    @rule(really=st.integers(0, 5).map(lambda number: number == 5))
    def somebody_cancels(self, really: bool) -> None:
        if not really:
            return
        try:
            self.store(requests.cancel(self.request, now=self.now))
        except RequestNotCancelable:
            assert self.request.state not in (
                RequestState.SUBMITTED,
                RequestState.PENDING_APPROVAL,
                RequestState.SCHEDULED,
            )

    @rule()
    def it_is_processed_again(self) -> None:
        before = self.request
        try:
            self.store(requests.reprocess(before, now=self.now))
        except RequestNotReprocessable:
            return
        assert before.completed_at is not None
        assert self.now < before.completed_at + requests.REPROCESS_WINDOW
        self.advance()

    @rule()
    def the_dispatcher_comes_once_more(self) -> None:
        before = self.request
        self.advance()
        assert self.request == before

    # what always holds

    @invariant()
    def nothing_is_stuck(self) -> None:
        if self.request.is_open:
            assert self.request.awaits is not None
            assert (self.request.callout_id is not None) == self.awaits(Awaits.CALLOUT)
            assert self.request.completed_at is None
        else:
            assert self.request.awaits is None
            assert self.request.completed_at is not None

    @invariant()
    def the_end_says_whether_there_is_access(self) -> None:
        match self.request.state:
            case RequestState.DENIED | RequestState.CANCELED | RequestState.DELIVERY_FAILED:
                assert self.request.is_removal or not self.has_access
            case RequestState.DELIVERED:
                assert self.has_access != self.request.is_removal
            case _:
                pass

    @invariant()
    def what_has_ended_for_good_stays(self) -> None:
        final = {RequestState.DENIED, RequestState.CANCELED, RequestState.DELIVERED}
        assert not final & set(self.ended[:-1])


RequestMachine.TestCase.settings = settings(
    max_examples=300, stateful_step_count=40, suppress_health_check=[HealthCheck.too_slow]
)
TestRequestMachine: Any = RequestMachine.TestCase
"""The machine as a test; Hypothesis gives it no type."""
