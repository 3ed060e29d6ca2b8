"""What entitlement management writes to the audit log, in the published phrases."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

from ostiary.audit.events import SYSTEM, Actor, AuditEvent, Target
from ostiary.directory.objects import Reference
from ostiary.entitlement.assignments import Assignment
from ostiary.entitlement.model.enums import AccessPackageRequestState as RequestState
from ostiary.entitlement.rights import Held, Refusal
from ostiary.entitlement.states import Request, RequestStatus

CATEGORY: Final = "EntitlementManagement"
SERVICE: Final = "Entitlement Management"

USER_REQUESTS: Final = "User requests access package assignment"
USER_REMOVES: Final = "User requests to remove access package assignment"
ADMIN_ASSIGNS: Final = "Administrator directly assigns user to access package"
ADMIN_REMOVES: Final = "Administrator directly removes user access package assignment"
USER_UPDATES: Final = "User requests to extend access package assignment"
ADMIN_UPDATES: Final = "Administrator updates access package assignment"
APPROVER_REMOVES: Final = "Approver removes access package assignment"
SYSTEM_ADDS: Final = "Entitlement Management creates access package assignment request for user"
LEAVES: Final = "Start grace period of access package assignment"
STAYS: Final = "End grace period of access package assignment"
SYSTEM_REMOVES: Final = "Schedule the removal of access package assignment"
AUTO_APPROVE: Final = "Auto approve access package assignment request"
CREATE_APPROVAL: Final = "Create request approval"
ADD_APPROVER: Final = "Add approver to request approval"
APPROVE: Final = "Approve access package assignment request"
DENY: Final = "Deny access package assignment request"
TIMED_OUT: Final = "Access package assignment request timed out (no approver action taken)"
READY: Final = "Ready to fulfill access package assignment request"
FULFILL: Final = "Fulfill access package assignment"
UPDATE: Final = "Extend access package assignment"
REMOVE: Final = "Remove access package assignment"
CANCEL: Final = "Cancel access package assignment request"
REPROCESS: Final = "Reprocess access package assignment request"
DELETE_REQUEST: Final = "Delete access package assignment request"
RESUME: Final = "Resume access package assignment request"
GIVE_ROLE: Final = "Add resource role to user"
TAKE_ROLE: Final = "Remove resource role from user"
REPROCESS_ASSIGNMENT: Final = "Reprocess access package assignment"

BEGINNINGS: Final = frozenset(
    {
        USER_REQUESTS,
        USER_REMOVES,
        USER_UPDATES,
        ADMIN_ASSIGNS,
        ADMIN_REMOVES,
        ADMIN_UPDATES,
        APPROVER_REMOVES,
        SYSTEM_ADDS,
        SYSTEM_REMOVES,
    }
)
"""What stands first in the story of a request."""

COURSE: Final = (CREATE_APPROVAL, APPROVE, DENY, AUTO_APPROVE, READY, FULFILL, UPDATE, REMOVE)
"""What follows, where the clock does not tell things apart."""


def place(activity: str) -> int:
    """Say where an activity stands in the story of a request."""
    if activity in BEGINNINGS:
        return -1
    return COURSE.index(activity) + 1 if activity in COURSE else 0


def event(
    activity: str,
    operation: str,
    actor: Actor,
    *targets: Target,
    result: Literal["success", "failure", "timeout"] = "success",
    reason: str | None = None,
    details: Mapping[str, str] | None = None,
    correlation_id: str | None = None,
) -> AuditEvent:
    """Say that ``actor`` did something to ``targets``."""
    return AuditEvent(
        activity=activity,
        category=CATEGORY,
        service=SERVICE,
        operation=operation,
        actor=actor,
        targets=targets,
        result=result,
        reason=reason,
        details=details or {},
        correlation_id=correlation_id,
    )


def of_request(
    activity: str,
    request: Request,
    actor: Actor,
    *,
    operation: str = "Update",
    result: Literal["success", "failure", "timeout"] = "success",
    reason: str | None = None,
    details: Mapping[str, str | None] | None = None,
) -> AuditEvent:
    """Say that something happened to a request; all its records share its id as correlation."""
    more = {name: value for name, value in (details or {}).items() if value}
    return event(
        activity,
        operation,
        actor,
        Target(id=request.id, type="AccessPackageAssignmentRequest"),
        Target(id=request.target_id, type="User"),
        result=result,
        reason=reason,
        details={"accessPackageId": request.package_id, "policyId": request.policy_id, **more},
        correlation_id=request.id,
    )


def of_assignment(
    activity: str,
    assignment: Assignment,
    *,
    result: Literal["success", "failure", "timeout"] = "success",
    reason: str | None = None,
    details: Mapping[str, str] | None = None,
) -> AuditEvent:
    """Say what the server did about an assignment, or about what would have been one."""
    named = {"accessPackageId": assignment.package_id, "policyId": assignment.policy_id}
    return event(
        activity,
        "Update",
        SYSTEM,
        Target(id=assignment.id, type="AccessPackageAssignment"),
        Target(id=assignment.target_id, type="User"),
        result=result,
        reason=reason,
        details={**named, **(details or {})},
        correlation_id=assignment.id,
    )


def of_end(request: Request, actor: Actor, reason: str | None = None) -> AuditEvent:
    """Say how a request ended; ``reason`` where its status does not say all of it."""
    match request.state:
        case RequestState.DENIED if request.status is RequestStatus.EXPIRED:
            return of_request(TIMED_OUT, request, actor, result="timeout")
        case RequestState.DENIED:
            return of_request(DENY, request, actor, reason=request.status)
        case RequestState.CANCELED:
            return of_request(CANCEL, request, actor)
        case RequestState.DELIVERED if request.is_removal:
            return of_request(REMOVE, request, actor, operation="Unassign")
        case RequestState.DELIVERED if request.is_update:
            return of_request(UPDATE, request, actor)
        case RequestState.DELIVERED:
            return of_request(FULFILL, request, actor, operation="Assign")
        case _:
            activity, operation = (
                (REMOVE, "Unassign") if request.is_removal else (FULFILL, "Assign")
            )
            return of_request(
                activity,
                request,
                actor,
                operation=operation,
                result="failure",
                reason=reason or request.status,
            )


def of_right(held: Held, who: Reference | None, refusal: Refusal | None) -> AuditEvent:
    """Say how an attempt went to give or take a right elsewhere."""
    right, gives = held.right, held.state.is_wanted
    return event(
        GIVE_ROLE if gives else TAKE_ROLE,
        "Assign" if gives else "Unassign",
        SYSTEM,
        Target(
            id=right.principal,
            type=who.kind.noun if who else "User",
            display_name=who.display_name if who else None,
        ),
        Target(id=right.resource, type=right.system),
        result="failure" if refusal else "success",
        reason=refusal.reason if refusal else None,
        details={"roleOriginId": right.role, "scopeOriginId": right.scope},
    )
