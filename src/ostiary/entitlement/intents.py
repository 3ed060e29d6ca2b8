"""From the body of a new request to what is asked for.

The package, the policy and the target can be named in several documented ways; here they become
one. Types of requests that only the server makes, or that this server does not take, are refused.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from ostiary.entitlement.model.enums import AccessPackageRequestType as RequestType
from ostiary.entitlement.model.requests import (
    AccessPackageAssignment,
    AccessPackageAssignmentRequest,
)
from ostiary.graph.errors import BadRequest, InvalidModel, NotSupported
from ostiary.graph.types import Entity, UnsetType

USER_TYPES: Final = frozenset(
    {
        RequestType.USER_ADD,
        RequestType.USER_UPDATE,
        RequestType.USER_REMOVE,
        RequestType.APPROVER_REMOVE,
    }
)
"""Made by people about themselves, or as approvers; every other type is an administrator's."""

_BY_THE_SERVER: Final = frozenset(
    {
        RequestType.SYSTEM_ADD,
        RequestType.SYSTEM_UPDATE,
        RequestType.SYSTEM_REMOVE,
        RequestType.ON_BEHALF_ADD,
        RequestType.NOT_SPECIFIED,
    }
)
_NOT_YET: Final = frozenset(
    {RequestType.USER_UPDATE, RequestType.ADMIN_UPDATE, RequestType.APPROVER_REMOVE}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Intent:
    """What a request wants: a package under a policy, or the end of an assignment."""

    type: RequestType
    package_id: str | None = None
    policy_id: str | None = None
    target_id: str | None = None
    """None: whoever asks."""
    assignment_id: str | None = None


def read_intent(draft: AccessPackageAssignmentRequest) -> Intent:
    """Say what a request wants.

    :raises InvalidModel: something that its type needs is missing.
    :raises BadRequest: only the server makes requests of this type.
    :raises NotSupported: this server does not take requests of this type.
    """
    type_ = draft.request_type
    if type_ in _BY_THE_SERVER:
        raise BadRequest(
            f"Requests of the type '{type_}' cannot be made by clients.", target="requestType"
        )
    if type_ in _NOT_YET:
        raise NotSupported(
            f"This server does not take requests of the type '{type_}'.", target="requestType"
        )
    if draft.is_validation_only:
        raise NotSupported(
            "This server does not only validate requests.", target="isValidationOnly"
        )
    assignment = draft.assignment
    if not isinstance(assignment, AccessPackageAssignment):
        raise InvalidModel("The property 'assignment' is required.", target="assignment")
    if type_ in (RequestType.USER_REMOVE, RequestType.ADMIN_REMOVE):
        return Intent(type=type_, assignment_id=_required(assignment.id.lower(), "assignment/id"))
    return _read_add(type_, draft, assignment)


def _read_add(
    type_: RequestType, draft: AccessPackageAssignmentRequest, assignment: AccessPackageAssignment
) -> Intent:
    package_id = _one_of(
        "assignment/accessPackageId",
        assignment.access_package_id,
        _id(assignment.access_package),
        _id(draft.access_package),
    )
    policy_id = _one_of(
        "assignment/assignmentPolicyId",
        assignment.assignment_policy_id,
        _id(assignment.assignment_policy),
    )
    target = assignment.target or None
    target_id = _one_of(
        "assignment/targetId",
        assignment.target_id,
        (target.object_id or target.id) if target else None,
    )
    if type_ is RequestType.ADMIN_ADD and target_id is None:
        if target and target.email:
            raise NotSupported(
                "This server does not invite people who are not in its directory.",
                target="assignment/target",
            )
        _required(None, "assignment/targetId")
    return Intent(
        type=type_,
        package_id=package_id,
        policy_id=_required(policy_id, "assignment/assignmentPolicyId"),
        target_id=target_id,
    )


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
