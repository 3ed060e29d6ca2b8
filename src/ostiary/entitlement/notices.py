"""Notices: what people are told of requests and assignments, and who is told.

``TABLE`` is the one place that says which event is told to whom, with which template. ``of_move``
finds the events in the move of a request. Both are pure; ``process.notifying`` writes the mails.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from ostiary.entitlement.approvals import ReviewResult, Stage, StageStatus
from ostiary.entitlement.model.enums import AccessPackageRequestState as RequestState
from ostiary.entitlement.model.enums import AccessPackageRequestType as RequestType
from ostiary.entitlement.states import OF_SERVER, Awaits, Phase, Request, RequestStatus


class Event(StrEnum):
    """What has happened."""

    ASKED = "asked"
    """An approval stage was opened."""

    ESCALATED = "escalated"
    """Nobody decided for so long that further approvers are asked."""

    WITHDRAWN = "withdrawn"
    """The request was canceled while approvers were asked."""

    APPROVED = "approved"
    """The last approval stage was passed."""

    DENIED = "denied"
    """An approver said no."""

    UNDECIDED = "undecided"
    """Nobody decided in time."""

    STOPPED = "stopped"
    """An extension ended the request, could not be reached, or stayed silent."""

    CANCELED = "canceled"
    """Somebody else than the requestor canceled the request."""

    GRANTED = "granted"
    """The target has the access."""

    CHANGED = "changed"
    """An assignment was changed as it was asked for."""

    PARTLY_GRANTED = "partlyGranted"
    """The target has only a part of the access."""

    FAILED = "failed"
    """Nothing could be given, or changed."""

    EXPIRES_SOON = "expiresSoon"
    """The access ends in 14 days, or in one."""

    EXPIRED = "expired"
    """The access was withdrawn because its time was up."""

    REMOVED = "removed"
    """The access was withdrawn for another reason."""


class Audience(StrEnum):
    """Who is told."""

    APPROVERS = "approvers"
    """Whoever is asked at the stage from its beginning."""

    ESCALATION_APPROVERS = "escalationApprovers"
    """Whoever is asked at the stage besides."""

    REQUESTOR = "requestor"
    """Whoever asked, an administrator included; nobody where the server or an application did."""

    TARGET = "target"
    """Whoever has the access, or is to get it."""


@dataclass(frozen=True, slots=True)
class Notice:
    """One row of the table.

    ``is_of_assignment`` says that a policy can switch it off
    (``notificationSettings/isAssignmentNotificationDisabled``).
    """

    event: Event
    audience: Audience
    template: str
    is_of_assignment: bool = False


TABLE: Final = (
    Notice(Event.ASKED, Audience.APPROVERS, "approval-requested"),
    Notice(Event.ESCALATED, Audience.ESCALATION_APPROVERS, "approval-escalated"),
    Notice(Event.WITHDRAWN, Audience.APPROVERS, "approval-withdrawn"),
    Notice(Event.APPROVED, Audience.REQUESTOR, "request-approved"),
    Notice(Event.DENIED, Audience.REQUESTOR, "request-denied"),
    Notice(Event.UNDECIDED, Audience.REQUESTOR, "request-expired"),
    Notice(Event.UNDECIDED, Audience.APPROVERS, "approval-expired"),
    Notice(Event.STOPPED, Audience.REQUESTOR, "request-stopped"),
    Notice(Event.CANCELED, Audience.REQUESTOR, "request-canceled"),
    Notice(Event.GRANTED, Audience.TARGET, "access-granted", is_of_assignment=True),
    Notice(Event.CHANGED, Audience.TARGET, "access-changed", is_of_assignment=True),
    Notice(Event.PARTLY_GRANTED, Audience.TARGET, "access-partly-granted", is_of_assignment=True),
    Notice(Event.PARTLY_GRANTED, Audience.REQUESTOR, "request-partly-delivered"),
    Notice(Event.FAILED, Audience.REQUESTOR, "request-failed"),
    Notice(Event.EXPIRES_SOON, Audience.TARGET, "access-expires-soon", is_of_assignment=True),
    Notice(Event.EXPIRED, Audience.TARGET, "access-expired", is_of_assignment=True),
    Notice(Event.REMOVED, Audience.TARGET, "access-removed", is_of_assignment=True),
)
"""Every event, who is told of it, and with which template."""

_STOPPED: Final = frozenset(
    {
        RequestStatus.DENIED_BY_EXTENSION,
        RequestStatus.CALLOUT_FAILED,
        RequestStatus.CALLBACK_TIMED_OUT,
    }
)


_CONCERNED: Final[Mapping[Event, Callable[[Stage], bool]]] = {
    Event.ASKED: lambda stage: stage.status is StageStatus.IN_PROGRESS,
    Event.ESCALATED: lambda stage: stage.is_escalated and stage.status is StageStatus.IN_PROGRESS,
    Event.WITHDRAWN: lambda stage: (
        stage.status is StageStatus.COMPLETED and stage.result is ReviewResult.NOT_REVIEWED
    ),
    Event.DENIED: lambda stage: stage.result is ReviewResult.DENIED,
    Event.UNDECIDED: lambda stage: stage.status is StageStatus.EXPIRED,
}
"""The stages of a request that an event is about, as they are after it."""


def of_move(
    before: Request,
    after: Request,
    *,
    stages: Collection[Stage] = (),
    actor_id: str,
    is_over: bool,
) -> Iterator[Event]:
    """Find what has happened in the move of a request.

    ``stages`` are those that time has moved with it, ``actor_id`` is whoever moved it, ``is_over``
    says whether the time of its assignment is up.
    """
    if after.is_removal:
        yield from _of_removal(before, after, is_over=is_over)
        return
    if _is_asked(after) and not (_is_asked(before) and before.position == after.position):
        yield Event.ASKED
    if _is_asked(after) and any(stage.is_escalated for stage in stages):
        yield Event.ESCALATED
    if before.needs_approval and _left(Phase.APPROVAL, before, after):
        yield Event.APPROVED
    if before.state is not after.state and not after.is_open:
        yield from _of_end(before, after, actor_id)


def concerned(event: Event, stages: Iterable[Stage], moved: Collection[Stage]) -> list[Stage]:
    """Give the stages of a request that an event is about; only what has just moved escalates."""
    is_about = _CONCERNED.get(event)
    if is_about is None:
        return []
    known = {stage.id for stage in moved}
    return [
        stage
        for stage in stages
        if is_about(stage) and (event is not Event.ESCALATED or stage.id in known)
    ]


def told_of(event: Event, request: Request, *, is_switched_off: bool) -> Iterator[Notice]:
    """Give the rows of the table that count for an event of a request."""
    for notice in TABLE:
        silent = notice.is_of_assignment and is_switched_off
        nobody = notice.audience is Audience.REQUESTOR and request.type in OF_SERVER
        if notice.event is event and not silent and not nobody:
            yield notice


def _of_removal(before: Request, after: Request, *, is_over: bool) -> Iterator[Event]:
    """Tell of a removal once, the moment that the access is gone, whatever is called out later."""
    if _left(Phase.WITHDRAWAL, before, after):
        is_expiry = is_over and after.type is RequestType.SYSTEM_REMOVE
        yield Event.EXPIRED if is_expiry else Event.REMOVED


def _of_end(before: Request, after: Request, actor_id: str) -> Iterator[Event]:
    match after.state:
        case RequestState.DENIED:
            yield _denial(after)
        case RequestState.CANCELED:
            if _is_asked(before):
                yield Event.WITHDRAWN
            if actor_id != after.requestor_id:
                yield Event.CANCELED
        case RequestState.DELIVERED:
            yield Event.CHANGED if after.is_update else Event.GRANTED
        case RequestState.PARTIALLY_DELIVERED:
            yield Event.PARTLY_GRANTED
        case _:
            yield Event.FAILED


def _denial(request: Request) -> Event:
    if request.status in _STOPPED:
        return Event.STOPPED
    return Event.UNDECIDED if request.status is RequestStatus.EXPIRED else Event.DENIED


def _is_asked(request: Request) -> bool:
    return request.awaits is Awaits.APPROVAL


def _left(phase: Phase, before: Request, after: Request) -> bool:
    return before.phase is phase and after.phase is not phase
