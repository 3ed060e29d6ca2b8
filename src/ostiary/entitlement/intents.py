"""From the body of a new request to what is asked for.

The package, the policy and the target can be named in several documented ways; here they become
one. Types of requests that only the server makes are refused.
"""

from __future__ import annotations

from enum import Enum, auto
from typing import Final

import msgspec

from ostiary.entitlement.model.enums import AccessPackageRequestType as RequestType
from ostiary.entitlement.model.requests import (
    AccessPackageAssignment,
    AccessPackageAssignmentRequest,
)
from ostiary.entitlement.model.subjects import AccessPackageSubject
from ostiary.graph.errors import BadRequest, InvalidModel
from ostiary.graph.types import Entity, UnsetType


class Wants(Enum):
    """What a type of request is for."""

    ADD = auto()
    UPDATE = auto()
    REMOVE = auto()


TYPES: Final[dict[RequestType, Wants]] = {
    RequestType.USER_ADD: Wants.ADD,
    RequestType.USER_UPDATE: Wants.UPDATE,
    RequestType.USER_REMOVE: Wants.REMOVE,
    RequestType.ADMIN_ADD: Wants.ADD,
    RequestType.ADMIN_UPDATE: Wants.UPDATE,
    RequestType.ADMIN_REMOVE: Wants.REMOVE,
    RequestType.APPROVER_REMOVE: Wants.REMOVE,
}
"""The types that clients make."""

USER_TYPES: Final = frozenset(
    {
        RequestType.USER_ADD,
        RequestType.USER_UPDATE,
        RequestType.USER_REMOVE,
        RequestType.APPROVER_REMOVE,
    }
)
"""Made for oneself, on behalf of somebody, or as an approver; the others are an administrator's."""


class Intent(msgspec.Struct, frozen=True, kw_only=True):
    """What a request wants: a package under a policy, or something of an assignment."""

    type: RequestType
    package_id: str | None = None
    policy_id: str | None = None
    """For an update: the policy that the assignment is to be under; None: as it is."""
    target_id: str | None = None
    """None: whoever asks, or whoever has the address ``email``; of an assignment: its target."""
    email: str | None = None
    display_name: str | None = None
    """How somebody is called who is named by an address."""
    assignment_id: str | None = None

    @property
    def wants(self) -> Wants:
        """What its type is for."""
        return TYPES[self.type]


def read_intent(draft: AccessPackageAssignmentRequest) -> Intent:
    """Say what a request wants.

    :raises InvalidModel: something that its type needs is missing, or said twice.
    :raises BadRequest: only the server makes requests of this type.
    """
    type_ = draft.request_type
    if type_ not in TYPES:
        raise BadRequest(
            f"Requests of the type '{type_}' cannot be made by clients.", target="requestType"
        )
    assignment = draft.assignment
    if not isinstance(assignment, AccessPackageAssignment):
        raise InvalidModel("The property 'assignment' is required.", target="assignment")
    match TYPES[type_]:
        case Wants.ADD:
            return _read_add(type_, draft, assignment)
        case Wants.UPDATE:
            return _read_update(type_, draft, assignment)
        case Wants.REMOVE:
            return Intent(
                type=type_,
                assignment_id=_required(assignment.id.lower(), "assignment/id"),
                policy_id=_policy_id(assignment),
                package_id=_package_id(draft, assignment),
                target_id=_target_id(assignment),
            )


def _read_add(
    type_: RequestType, draft: AccessPackageAssignmentRequest, assignment: AccessPackageAssignment
) -> Intent:
    target, target_id = assignment.target or None, _target_id(assignment)
    email = _email(target) if target and target_id is None else None
    if type_ is RequestType.ADMIN_ADD and email is None:
        _required(target_id, "assignment/targetId")
    return Intent(
        type=type_,
        package_id=_package_id(draft, assignment),
        policy_id=_required(_policy_id(assignment), "assignment/assignmentPolicyId"),
        target_id=target_id,
        email=email,
        display_name=target.display_name if target and email else None,
    )


def _read_update(
    type_: RequestType, draft: AccessPackageAssignmentRequest, assignment: AccessPackageAssignment
) -> Intent:
    policy_id = _policy_id(assignment)
    if policy_id and type_ is RequestType.USER_UPDATE:
        raise InvalidModel(
            "Only an administrator puts an assignment under another policy.",
            target="assignment/assignmentPolicyId",
        )
    if draft.schedule is None and not draft.answers and policy_id is None:
        raise InvalidModel(
            "An update must say what is to change: 'schedule', 'answers', or, for an "
            "administrator, 'assignment/assignmentPolicyId'.",
            target="schedule",
        )
    return Intent(
        type=type_,
        assignment_id=_required(assignment.id.lower(), "assignment/id"),
        policy_id=policy_id,
        package_id=_package_id(draft, assignment),
        target_id=_target_id(assignment),
    )


def _package_id(
    draft: AccessPackageAssignmentRequest, assignment: AccessPackageAssignment
) -> str | None:
    return _one_of(
        "assignment/accessPackageId",
        assignment.access_package_id,
        _id(assignment.access_package),
        _id(draft.access_package),
    )


def _target_id(assignment: AccessPackageAssignment) -> str | None:
    target = assignment.target or None
    return _one_of(
        "assignment/targetId",
        assignment.target_id,
        (target.object_id or target.id) if target else None,
    )


def _policy_id(assignment: AccessPackageAssignment) -> str | None:
    return _one_of(
        "assignment/assignmentPolicyId",
        assignment.assignment_policy_id,
        _id(assignment.assignment_policy),
    )


def _email(target: AccessPackageSubject) -> str | None:
    """Give the address by which somebody is named."""
    email = (target.email or "").strip()
    if not email:
        return None
    local, _, domain = email.rpartition("@")
    if not local or not domain or any(character.isspace() for character in email):
        raise InvalidModel(f"'{email}' is no e-mail address.", target="assignment/target/email")
    return email


def _one_of(path: str, *given: str | None) -> str | None:
    """Give the one value that several names may have; two different ones are a mistake."""
    values = {value.lower() for value in given if value}
    if len(values) > 1:
        raise InvalidModel(
            f"'{path}' is given twice with different values: {', '.join(sorted(values))}.",
            target=path,
        )
    return values.pop() if values else None


def _id(entity: Entity | UnsetType | None) -> str | None:
    return entity.id if isinstance(entity, Entity) else None


def _required(value: str | None, path: str) -> str:
    if not value:
        raise InvalidModel(f"The property '{path}' is required.", target=path)
    return value
