"""Values for tests of the rules."""

from __future__ import annotations

from typing import Any

from ostiary.entitlement.model.catalogs import AccessPackageAssignmentPolicy
from ostiary.entitlement.model.enums import AccessPackageCustomExtensionStage as Stage
from ostiary.entitlement.model.enums import AccessPackageRequestType as RequestType
from ostiary.entitlement.states import (
    Awaits,
    Decide,
    Phase,
    Plan,
    PlannedCall,
    Request,
    RequestStatus,
)
from ostiary.graph.reading import Reader
from tests.support.clocks import MONDAY


def make_request(**changes: Any) -> Request:
    """Make a request of alice's that has just been accepted."""
    usual: dict[str, Any] = {
        "id": "request",
        "type": RequestType.USER_ADD,
        "phase": Phase.CREATED,
        "catalog_id": "catalog",
        "package_id": "package",
        "policy_id": "policy",
        "terms_id": "terms",
        "assignment_id": "assignment",
        "target_id": "alice",
        "requestor_id": "alice",
        "created_at": MONDAY,
    }
    return Request(**{**usual, **changes})


def make_waiting(phase: Phase, **changes: Any) -> Request:
    """Make a request that awaits the answer to ``callout`` in a phase."""
    usual: dict[str, Any] = {
        "phase": phase,
        "status": RequestStatus.WAITING_FOR_CALLBACK,
        "awaits": Awaits.CALLOUT,
        "callout_id": "callout",
    }
    return make_request(**{**usual, **changes})


def make_plan(*stages: Stage, waits: bool = True, approvals: int = 0) -> Plan:
    """Make a plan that calls an extension at each of these stages."""
    calls = tuple(PlannedCall(stage=s, extension_id="extension", waits=waits) for s in stages)
    return Plan(calls=calls, approval=tuple(Decide((n,)) for n in range(approvals)))


def make_policy(**body: Any) -> AccessPackageAssignmentPolicy:
    """Make a policy from the properties of a body."""
    usual = {"displayName": "All staff", "allowedTargetScope": "allMemberUsers"}
    return Reader().create(AccessPackageAssignmentPolicy, {**usual, **body})
