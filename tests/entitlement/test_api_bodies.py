"""Whatever is sent to an operation gets a clear answer, never a failure of the server."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ostiary.entitlement.model.approvals import ApprovalStage
from ostiary.entitlement.model.catalogs import (
    AccessPackage,
    AccessPackageAssignmentPolicy,
    AccessPackageCatalog,
    AccessPackageResourceRequest,
    AccessPackageResourceRoleScope,
)
from ostiary.entitlement.model.extensions import AccessPackageAssignmentRequestWorkflowExtension
from ostiary.entitlement.model.requests import AccessPackageAssignmentRequest
from ostiary.entitlement.model.roles import UnifiedRoleAssignment
from ostiary.graph.edm import describe
from ostiary.graph.types import Complex
from tests.entitlement.house import BETA, EM, ROLES, House

OPERATIONS: dict[str, type[Complex]] = {
    f"{EM}/catalogs": AccessPackageCatalog,
    f"{EM}/catalogs/any/customWorkflowExtensions": AccessPackageAssignmentRequestWorkflowExtension,
    f"{EM}/accessPackages": AccessPackage,
    f"{EM}/accessPackages/any/resourceRoleScopes": AccessPackageResourceRoleScope,
    f"{BETA}/accessPackageAssignmentPolicies": AccessPackageAssignmentPolicy,
    f"{EM}/resourceRequests": AccessPackageResourceRequest,
    f"{EM}/assignmentRequests": AccessPackageAssignmentRequest,
    f"{ROLES}/roleAssignments": UnifiedRoleAssignment,
    f"{EM}/accessPackageAssignmentApprovals/any/stages/any": ApprovalStage,
}

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=20)
    | st.sampled_from(
        ["adminAdd", "userAdd", "notSpecified", "P1D", "PT1H", "2026-01-01T00:00:00Z", "#x", "/"]
    )
)


def bodies(type_: type[Complex]) -> st.SearchStrategy[Any]:
    """Make values that know the names of a type's properties, and little else."""
    described = describe(type_)
    names = st.sampled_from([prop.name for prop in described.properties.values()])
    inner = st.sampled_from(["id", "@odata.type", "type", "stages", "expiration", "displayName"])
    below = st.recursive(
        SCALARS,
        lambda deeper: st.lists(deeper, max_size=2) | st.dictionaries(inner, deeper, max_size=3),
        max_leaves=6,
    )
    typed = st.fixed_dictionaries({"@odata.type": st.just(f"#{described.name}")})
    known = st.dictionaries(names, below, max_size=6)
    return known | st.builds(lambda one, other: {**one, **other}, typed, known) | below


@pytest.mark.parametrize("path", OPERATIONS)
@settings(
    max_examples=40,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    deadline=None,
)
@given(data=st.data())
async def test_any_body_gets_a_clear_answer(cottage: House, path: str, data: st.DataObject) -> None:
    body = data.draw(bodies(OPERATIONS[path]))
    method = "PATCH" if "/stages/" in path else "POST"

    reply = await cottage.api.request(method, path, json=body)

    assert reply.status_code in (201, 400, 403, 404, 501), reply.text
    if reply.status_code != 201:
        assert reply.json()["error"]["message"]


@pytest.mark.parametrize("path", OPERATIONS)
@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff", b'"text"', b"{}"])
async def test_what_is_no_object_is_refused(cottage: House, path: str, content: bytes) -> None:
    method = "PATCH" if "/stages/" in path else "POST"
    headers = {"Content-Type": "application/json"}

    reply = await cottage.api.request(method, path, content=content, headers=headers)

    assert reply.status_code in (400, 403, 404), reply.text
    assert reply.json()["error"]["message"]
