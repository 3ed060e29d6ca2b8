"""Why a request or an assignment stands as it does, told from what is stored of it.

Nothing is decided here. What the rules of requests, approvals and assignments have decided is put
into words: what has happened, what is waited for and who could act, and which rule refused what.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from ostiary.entitlement.approvals import Chair, ReviewResult, Seat, Stage, StageStatus
from ostiary.entitlement.assignments import Assignment
from ostiary.entitlement.model.explanations import (
    Why,
    WhyPerson,
    WhyRefusal,
    WhyRequest,
    WhyStep,
    WhyWait,
)
from ostiary.entitlement.rights import Held
from ostiary.entitlement.states import Awaits, Request, RequestStatus
from ostiary.extensions.callouts import Callout, Outcome
from ostiary.extensions.ledger import Entry


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """An item on the queue."""

    kind: str
    key: str
    due_at: datetime
    attempts: int
    last_error: str | None
    dead_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """An entry of the audit log."""

    at: datetime
    place: int
    """Where it stands among what has happened at the same instant; 0 is in the middle."""
    about: str | None
    """The request or the assignment that it tells of."""
    text: str
    by: str | None
    reason: str | None
    is_failure: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What is stored of a request or an assignment, and of everything that belongs to it."""

    requests: Sequence[Request]
    assignment: Assignment | None
    stages: Sequence[Stage] = ()
    seats: Mapping[str, frozenset[Seat]] = field(default_factory=dict)
    callouts: Sequence[Callout] = ()
    ledger: Sequence[Entry] = ()
    rights: Sequence[Held] = ()
    work: Sequence[Work] = ()
    events: Sequence[Event] = ()
    names: Mapping[str, str] = field(default_factory=dict)
    """Of people, groups and extensions, by id."""
    conflict: str | None = None
    """What excludes the package for its target now."""
    hidden: frozenset[str] = frozenset()
    """The stages whose approvers the caller is not to see."""

    def name(self, key: str) -> str:
        """Give what somebody or something is called, or else the id."""
        return self.names.get(key) or key


def of_request(request: Request, facts: Facts) -> Why:
    """Explain a request."""
    waits = [*_waits(request, facts), *_failed_work(facts)] if request.is_open else []
    return Why(
        id=request.id,
        kind="accessPackageAssignmentRequest",
        state=request.state.value,
        status=request.status.value,
        text=_standing(request.state.value, waits),
        waits_for=waits,
        refusals=[*_refusals(request, facts), *_refused_answers(facts)],
        steps=_steps(facts),
    )


def of_assignment(assignment: Assignment, facts: Facts) -> Why:
    """Explain an assignment, with the requests about it."""
    going_on = [one for one in facts.requests if one.is_open]
    waits = [wait for one in going_on for wait in _waits(one, facts)]
    if assignment.is_held:
        waits += [*_unwritten(facts), *_ends(assignment)]
    waits += _failed_work(facts)
    return Why(
        id=assignment.id,
        kind="accessPackageAssignment",
        state=assignment.state.value,
        status=assignment.status.value,
        text=_standing(assignment.state.value, waits),
        waits_for=waits,
        refusals=[
            *(refusal for one in facts.requests for refusal in _refusals(one, facts)),
            *_refused_answers(facts),
        ],
        steps=_steps(facts),
        requests=[
            WhyRequest(
                id=one.id,
                request_type=one.type.value,
                state=one.state.value,
                status=one.status.value,
                created_date_time=one.created_at,
            )
            for one in facts.requests
        ],
    )


def _standing(state: str, waits: Sequence[WhyWait]) -> str:
    if not waits:
        return f"It is '{state}' and waits for nothing."
    asked = [wait.text for wait in waits if wait.kind == waits[0].kind == "approval"]
    return f"It is '{state}'. {' '.join(asked or [waits[0].text])}"


def _waits(request: Request, facts: Facts) -> Iterator[WhyWait]:
    match request.awaits:
        case Awaits.CALLOUT:
            yield from (
                _awaited(one, facts) for one in facts.callouts if one.id == request.callout_id
            )
        case Awaits.APPROVAL:
            yield from (
                _undecided(one, facts)
                for one in facts.stages
                if one.request_id == request.id and one.status is StageStatus.IN_PROGRESS
            )
        case Awaits.START:
            yield WhyWait(kind="start", text="It waits for its start date.", until=request.start_at)
        case Awaits.DELIVERY:
            verb = "taken away" if request.is_removal else "given"
            text = f"The roles of the package are being {verb}."
            yield WhyWait(kind="delivery", text=text, until=_next_try(facts, request.id))
            yield from _unwritten(facts)
        case None:
            text = "The server is to take the next step."
            yield WhyWait(kind="server", text=text, until=_next_try(facts, request.id))


def _awaited(callout: Callout, facts: Facts) -> WhyWait:
    name = facts.name(callout.extension_id)
    if callout.is_unsent:
        tries = f"; {callout.attempts} calls have failed" if callout.attempts else ""
        text = f"The extension '{name}' is to be called at the stage '{callout.stage}'{tries}."
        until = _next_try(facts, callout.id)
    else:
        text = f"The extension '{name}', called at the stage '{callout.stage}', is to answer."
        until = callout.deadline
    return WhyWait(kind="callout", text=text, until=until, callout_id=callout.id)


def _undecided(stage: Stage, facts: Facts) -> WhyWait:
    who = [] if stage.id in facts.hidden else _deciders(stage, facts)
    text = f"Somebody is to decide at approval stage {stage.position + 1}."
    if not facts.seats.get(stage.id):
        text = f"Nobody can decide at approval stage {stage.position + 1}; it will run out."
    elif stage.escalates_at is not None and not stage.is_escalated:
        text += f" More are asked from {stage.escalates_at:%Y-%m-%d %H:%M} UTC on."
    return WhyWait(kind="approval", text=text, until=stage.due_at, who=who)


def _deciders(stage: Stage, facts: Facts) -> list[WhyPerson]:
    """Give who may decide now; escalation approvers may once it is escalated."""
    seats = [
        seat
        for seat in facts.seats.get(stage.id, ())
        if seat.chair is not Chair.ESCALATION or stage.is_escalated
    ]
    return [
        WhyPerson(
            id=seat.principal_id,
            display_name=facts.names.get(seat.principal_id),
            asked_as=seat.chair.value,
        )
        for seat in sorted(seats, key=lambda seat: (seat.chair, seat.principal_id))
    ]


def _unwritten(facts: Facts) -> Iterator[WhyWait]:
    for held in facts.rights:
        if held.reason is not None or held.state.is_moving:
            right = held.right
            why = f": {held.reason}" if held.reason else ""
            text = (
                f"The role '{right.role}' of '{right.resource}' in {right.system} is "
                f"'{held.state.value}' after {held.attempts} failed attempts{why}."
            )
            yield WhyWait(kind="delivery", text=text, until=_next_try(facts, held.id))


def _ends(assignment: Assignment) -> Iterator[WhyWait]:
    if assignment.leaves_at is not None:
        text = "The rule of its policy is no longer true of the target; access goes when time is up"
        yield WhyWait(kind="gracePeriod", text=f"{text}.", until=assignment.leaves_at)
    if assignment.ends_at is not None:
        yield WhyWait(kind="end", text="It is in force until its end.", until=assignment.ends_at)


def _failed_work(facts: Facts) -> Iterator[WhyWait]:
    for item in facts.work:
        if item.dead_at is not None:
            text = (
                f"Work of the server ('{item.kind}') has failed {item.attempts} times and is tried "
                f"no more: {item.last_error}. An operator has to put it back."
            )
            yield WhyWait(kind="somebody", text=text)


def _next_try(facts: Facts, key: str) -> datetime | None:
    due = [item.due_at for item in facts.work if item.key == key and item.dead_at is None]
    return min(due, default=None)


def _refusals(request: Request, facts: Facts) -> Iterator[WhyRefusal]:
    """Say which rule has ended a request without access, or kept it from being carried out."""
    match request.status:
        case RequestStatus.DENIED | RequestStatus.EXPIRED:
            yield from (_by_stage(one, facts) for one in _deciding(request, facts))
        case RequestStatus.DENIED_BY_EXTENSION | RequestStatus.CANCELED:
            for call in _ended(facts, request, Outcome.DENIED, Outcome.CANCELED):
                if call.answer is not None:
                    yield _by_extension(call, facts, f"said: {call.detail or 'no reason'}")
        case RequestStatus.CALLOUT_FAILED:
            for call in _ended(facts, request, Outcome.FAILED):
                yield _by_extension(call, facts, f"was not reached: {_failure(call, facts)}")
        case RequestStatus.CALLBACK_TIMED_OUT:
            for call in _ended(facts, request, Outcome.TIMED_OUT):
                yield _by_extension(call, facts, "did not answer in time")
        case RequestStatus.INCOMPATIBLE:
            text = _conflict(request, facts)
            yield WhyRefusal(at=request.completed_at, rule="separationOfDuties", text=text)
        case RequestStatus.FULFILLMENT_FAILED | RequestStatus.PARTIALLY_FULFILLED:
            for wait in _unwritten(facts):
                yield WhyRefusal(at=request.completed_at, rule="delivery", text=wait.text)
        case _:
            pass


def _conflict(request: Request, facts: Facts) -> str:
    """Say what excluded the package when it was to be given, and whether it does so still."""
    told = [one for one in facts.events if one.about == request.id and one.is_failure]
    then = next((one.reason for one in reversed(told) if one.at == request.completed_at), None)
    if then is None:
        then = "The target had something that excludes the package; what it was is forgotten."
    if facts.conflict == then:
        return then
    return f"{then} Now: {facts.conflict or 'nothing excludes it any more.'}"


def _deciding(request: Request, facts: Facts) -> Iterator[Stage]:
    for stage in facts.stages:
        ended = stage.result is ReviewResult.DENIED or stage.status is StageStatus.EXPIRED
        if stage.request_id == request.id and ended:
            yield stage


def _by_stage(stage: Stage, facts: Facts) -> WhyRefusal:
    number = stage.position + 1
    if stage.status is StageStatus.EXPIRED:
        text = f"Nobody decided at approval stage {number} in time."
        return WhyRefusal(at=stage.due_at, rule="approvalTimeout", text=text)
    name = None if stage.id in facts.hidden else stage.reviewer_name or stage.reviewer_id
    reason = f": {stage.justification}" if stage.justification else ""
    text = f"{name or 'An approver'} said no at approval stage {number}{reason}."
    return WhyRefusal(at=stage.reviewed_at, rule="approval", text=text)


def _ended(facts: Facts, request: Request, *outcomes: Outcome) -> list[Callout]:
    """Give the last awaited callout that ended a request in one of these ways, if any."""
    fitting = [
        one
        for one in facts.callouts
        if one.owner_id == request.id and one.waits and one.outcome in outcomes
    ]
    return fitting[-1:]


def _by_extension(callout: Callout, facts: Facts, what: str) -> WhyRefusal:
    return WhyRefusal(
        at=callout.answered_at or _ended_at(callout, facts),
        rule=f"extension:{callout.stage}",
        text=f"The extension '{facts.name(callout.extension_id)}' {what}.",
    )


def _ended_at(callout: Callout, facts: Facts) -> datetime | None:
    """Say when a callout ended that nobody answered."""
    if callout.outcome is Outcome.TIMED_OUT:
        return callout.deadline
    failed = _failed_calls(callout, facts)
    return failed[-1].at if failed else callout.sent_at


def _failure(callout: Callout, facts: Facts) -> str:
    failed = _failed_calls(callout, facts)
    return failed[-1].label or "unknown" if failed else callout.detail or "unknown"


def _failed_calls(callout: Callout, facts: Facts) -> list[Entry]:
    return [
        entry
        for entry in facts.ledger
        if entry.callout_id == callout.id and entry.direction == "out" and entry.label
    ]


def _refused_answers(facts: Facts) -> Iterator[WhyRefusal]:
    for entry in facts.ledger:
        if entry.direction == "in" and entry.result == "refused":
            text = f"An answer of '{facts.name(entry.caller or '')}' was refused."
            yield WhyRefusal(at=entry.at, rule=f"answer:{entry.label}", text=text)


def _steps(facts: Facts) -> list[WhyStep]:
    """Give everything that has happened, in its order."""
    placed = [(event.at, event.place, _of_event(event)) for event in facts.events]
    placed += [(s.at, 0, s) for call in facts.callouts for s in _of_callout(call, facts)]
    return [step for _, _, step in sorted(placed, key=lambda one: one[:2])]


def _of_event(event: Event) -> WhyStep:
    reason = f" ({event.reason})" if event.reason else ""
    return WhyStep(at=event.at, text=event.text + reason, by=event.by, is_failure=event.is_failure)


def _of_callout(callout: Callout, facts: Facts) -> Iterator[WhyStep]:
    name = f"The extension '{facts.name(callout.extension_id)}'"
    for entry in facts.ledger:
        if entry.callout_id == callout.id and entry.direction == "out":
            how = f"was not reached: {entry.label}" if entry.label else "took the call"
            text = f"{name} {how} ({callout.stage})"
            yield WhyStep(at=entry.at, text=text, is_failure=entry.label is not None)
    if callout.answered_at is not None:
        said = f": {callout.detail}" if callout.detail else ""
        yield WhyStep(at=callout.answered_at, text=f"{name} answered '{callout.outcome}'{said}")
    elif callout.outcome is Outcome.TIMED_OUT and callout.deadline is not None:
        text = f"{name} did not answer in time"
        yield WhyStep(at=callout.deadline, text=text, is_failure=True)
