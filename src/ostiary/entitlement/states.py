"""What a request is made of: its states, its phases, and what it may still have to do.

``requests`` has the functions that move one; this module has the words and the tables that they go
by.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

import msgspec

from ostiary.entitlement.model.enums import AccessPackageCustomExtensionStage as Stage
from ostiary.entitlement.model.enums import AccessPackageRequestState as RequestState
from ostiary.entitlement.model.enums import AccessPackageRequestType as RequestType


class RequestStatus(StrEnum):
    """The finer grain of a state."""

    ACCEPTED = "Accepted"
    PENDING_APPROVAL = "PendingApproval"
    PENDING_APPROVAL_ESCALATED = "PendingApprovalEscalated"
    APPROVED = "Approved"
    PENDING_NOT_BEFORE = "PendingNotBefore"
    WAITING_FOR_CALLBACK = "WaitingForCallback"
    FULFILLING = "Fulfilling"
    FULFILLED = "FulfilledNotificationTriggered"
    PARTIALLY_FULFILLED = "PartiallyFulfilled"
    FULFILLMENT_FAILED = "FulfillmentFailed"
    DENIED = "Denied"
    DENIED_BY_EXTENSION = "DeniedByCustomExtension"
    EXPIRED = "Expired"
    """Nobody decided in time."""
    INCOMPATIBLE = "IncompatibleAccess"
    """When it was to be given, the target had something that excludes it."""
    CANCELED = "Canceled"
    CALLOUT_FAILED = "CalloutFailed"
    CALLBACK_TIMED_OUT = "CallbackTimedOut"


class Phase(StrEnum):
    """How far a request has come in its course."""

    CREATED = "created"
    """The extensions of the created stage are called."""
    APPROVAL = "approval"
    """The approval stages are opened, one after the other or all at once."""
    APPROVED = "approved"
    """The extensions of the approved stage are called."""
    START = "start"
    """The start date is waited for."""
    DELIVERY = "delivery"
    """The roles are given."""
    GRANTED = "granted"
    """The extensions of the granted stage are called."""
    WITHDRAWAL = "withdrawal"
    """The roles are withdrawn."""
    REMOVED = "removed"
    """The extensions of the removed stage are called."""
    OVER = "over"
    """Everything is done."""


class Awaits(StrEnum):
    """What will move a request that cannot move by itself."""

    CALLOUT = "callout"
    APPROVAL = "approval"
    START = "start"
    DELIVERY = "delivery"


class Verdict(StrEnum):
    """What an extension says about a request."""

    CONTINUE = "continue"
    DENY = "deny"
    CANCEL = "cancel"


class Delivery(StrEnum):
    """How the writing of roles went."""

    COMPLETE = "complete"
    PARTIAL = "partial"
    FAILED = "failed"


ADDING: Final = (
    Phase.CREATED,
    Phase.APPROVAL,
    Phase.APPROVED,
    Phase.START,
    Phase.DELIVERY,
    Phase.GRANTED,
    Phase.OVER,
)
ADDING_TOLD_FIRST: Final = (
    Phase.CREATED,
    Phase.APPROVAL,
    Phase.APPROVED,
    Phase.START,
    Phase.GRANTED,
    Phase.DELIVERY,
    Phase.OVER,
)
"""Where the operator wants the granted stage to hold the delivery back."""

REMOVING: Final = (Phase.WITHDRAWAL, Phase.REMOVED, Phase.OVER)
"""Access is withdrawn first, so that a broken endpoint can never keep it alive."""

REMOVALS: Final = frozenset(
    {
        RequestType.USER_REMOVE,
        RequestType.ADMIN_REMOVE,
        RequestType.APPROVER_REMOVE,
        RequestType.SYSTEM_REMOVE,
    }
)

ADMINISTRATIVE: Final = frozenset(
    {RequestType.ADMIN_ADD, RequestType.ADMIN_UPDATE, RequestType.ADMIN_REMOVE}
)
"""Somebody assigns, rather than asks: the requestor is the target."""

OF_SERVER: Final = frozenset(
    {RequestType.SYSTEM_ADD, RequestType.SYSTEM_UPDATE, RequestType.SYSTEM_REMOVE}
)
"""What nobody has asked for."""

UPDATES: Final = frozenset(
    {RequestType.USER_UPDATE, RequestType.ADMIN_UPDATE, RequestType.SYSTEM_UPDATE}
)
"""Changes of an assignment that is held: its end, its answers, or the policy that it is under."""

UNDECIDED: Final = frozenset({Phase.APPROVAL, Phase.APPROVED})
"""What the server's own requests for access leave out: nobody is asked."""

STAGES: Final[dict[Phase, Stage]] = {
    Phase.CREATED: Stage.ASSIGNMENT_REQUEST_CREATED,
    Phase.APPROVAL: Stage.ASSIGNMENT_REQUEST_DETERMINING_APPROVAL_REQUIREMENTS,
    Phase.APPROVED: Stage.ASSIGNMENT_REQUEST_APPROVED,
    Phase.GRANTED: Stage.ASSIGNMENT_REQUEST_GRANTED,
    Phase.REMOVED: Stage.ASSIGNMENT_REQUEST_REMOVED,
}
"""The phases that call extensions, and the stage that calls them."""

DENIABLE: Final = frozenset(
    {
        Stage.ASSIGNMENT_REQUEST_CREATED,
        Stage.ASSIGNMENT_REQUEST_DETERMINING_APPROVAL_REQUIREMENTS,
        Stage.ASSIGNMENT_REQUEST_APPROVED,
    }
)
"""The stages at which an extension can end the request."""

ALLOWED: Final[dict[RequestState, frozenset[RequestState]]] = {
    RequestState.SUBMITTED: frozenset(
        {
            RequestState.PENDING_APPROVAL,
            RequestState.SCHEDULED,
            RequestState.DELIVERING,
            RequestState.DELIVERY_FAILED,
            RequestState.DENIED,
            RequestState.CANCELED,
        }
    ),
    RequestState.PENDING_APPROVAL: frozenset(
        {
            RequestState.SCHEDULED,
            RequestState.DELIVERING,
            RequestState.DELIVERY_FAILED,
            RequestState.DENIED,
            RequestState.CANCELED,
        }
    ),
    RequestState.SCHEDULED: frozenset({RequestState.DELIVERING, RequestState.CANCELED}),
    RequestState.DELIVERING: frozenset(
        {
            RequestState.DELIVERED,
            RequestState.PARTIALLY_DELIVERED,
            RequestState.DELIVERY_FAILED,
            RequestState.SCHEDULED,  # processed again before its start date
            RequestState.DENIED,  # by an extension of the approved stage that is asked again
            RequestState.CANCELED,  # its access was withdrawn while it waited
        }
    ),
    RequestState.DELIVERY_FAILED: frozenset({RequestState.DELIVERING, RequestState.CANCELED}),
    RequestState.PARTIALLY_DELIVERED: frozenset({RequestState.DELIVERING}),
    RequestState.DELIVERED: frozenset(),
    RequestState.DENIED: frozenset(),
    RequestState.CANCELED: frozenset(),
    RequestState.UNKNOWN_FUTURE_VALUE: frozenset(),
}

OPEN: Final = frozenset(
    {
        RequestState.SUBMITTED,
        RequestState.PENDING_APPROVAL,
        RequestState.SCHEDULED,
        RequestState.DELIVERING,
    }
)
"""The states that something will still move."""

CANCELABLE: Final = frozenset(
    {
        RequestState.SUBMITTED,
        RequestState.PENDING_APPROVAL,
        RequestState.SCHEDULED,
        RequestState.DELIVERY_FAILED,
    }
)


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """One request (``accessPackageAssignmentRequest``), as far as it decides anything."""

    id: str
    type: RequestType
    state: RequestState = RequestState.SUBMITTED
    status: RequestStatus = RequestStatus.ACCEPTED
    phase: Phase
    position: int = 0
    """Which callout or decision of the phase is next, or awaited."""
    awaits: Awaits | None = None
    callout_id: str | None = None
    """The callout that is awaited."""
    catalog_id: str
    package_id: str
    policy_id: str
    terms_id: str
    """The policy as it was when the request was made; later edits do not touch the request."""
    assignment_id: str
    target_id: str
    requestor_id: str
    needs_approval: bool = False
    is_told_first: bool = False
    """Whether the extensions of the granted stage are called before the roles are given."""
    start_at: datetime | None = None
    """The start date that was asked for."""
    created_at: datetime
    completed_at: datetime | None = None

    @property
    def is_open(self) -> bool:
        """Whether something will still move it."""
        return self.state in OPEN

    @property
    def is_removal(self) -> bool:
        """Whether it takes access away."""
        return self.type in REMOVALS

    @property
    def course(self) -> tuple[Phase, ...]:
        """The phases that it goes through, in their order."""
        match self.type:
            case _ if self.is_removal:
                return REMOVING
            case RequestType.SYSTEM_UPDATE:
                return (Phase.START, Phase.DELIVERY, Phase.OVER)
            case RequestType.SYSTEM_ADD:
                return tuple(phase for phase in self._giving if phase not in UNDECIDED)
            case _:
                return self._giving

    @property
    def is_update(self) -> bool:
        """Whether it changes an assignment that is held."""
        return self.type in UPDATES

    @property
    def is_held_back(self) -> bool:
        """Whether the granted stage comes before what it tells of.

        A change is always held back: if its extension stays silent, nothing has changed.
        """
        return self.is_told_first or self.is_update

    @property
    def _giving(self) -> tuple[Phase, ...]:
        return ADDING_TOLD_FIRST if self.is_held_back else ADDING


class PlannedCall(msgspec.Struct, frozen=True, kw_only=True):
    """One extension at one stage of a policy."""

    stage: Stage
    extension_id: str
    waits: bool
    """Whether its answer is awaited."""


@dataclass(frozen=True, slots=True)
class Decide:
    """Decisions that are asked for at once, by the approval stages at these indices of the policy.

    Every one of them has to be an approval.
    """

    stages: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What the policy demands on the way: the calls in their order, and the way to an approval.

    Before the decision of a dynamic stage stands the call that asks who decides.
    """

    calls: tuple[PlannedCall, ...] = ()
    approval: tuple[PlannedCall | Decide, ...] = ()

    def at(self, phase: Phase) -> tuple[PlannedCall, ...]:
        """Give the calls of a phase."""
        return tuple(call for call in self.calls if call.stage == STAGES.get(phase))


@dataclass(frozen=True, slots=True)
class CallOut:
    """Call this extension; it comes back as ``answered`` or ``gave_up``."""

    call: PlannedCall


@dataclass(frozen=True, slots=True)
class OpenApproval:
    """Ask whoever decides at this turn; it comes back as ``approved`` or ``denied``."""

    turn: int


@dataclass(frozen=True, slots=True)
class AutoApprove:
    """Nobody needs to agree."""


@dataclass(frozen=True, slots=True)
class WaitForStart:
    """Come back with ``started`` at this instant."""

    at: datetime


@dataclass(frozen=True, slots=True)
class Deliver:
    """Give the roles of the package, or make the change; it comes back as ``delivered``."""


@dataclass(frozen=True, slots=True)
class Withdraw:
    """Take the roles of the assignment away; it comes back as ``withdrawn``."""


@dataclass(frozen=True, slots=True)
class TakeBack:
    """Take the roles away at once: the request failed after they were given."""


@dataclass(frozen=True, slots=True)
class Complete:
    """The request is done: what it asked for is the case."""


Step = CallOut | OpenApproval | AutoApprove | WaitForStart | Deliver | Withdraw | Complete
