"""What assignments have given: one entity for each right, however many assignments want it."""

from __future__ import annotations

from typing import Final

from sqlalchemy import ColumnElement, RowMapping, case, exists, select

from ostiary.entitlement.model.requests import AccessPackageAssignmentResourceRole
from ostiary.entitlement.rights import RightState
from ostiary.entitlement.roles import seen_catalogs
from ostiary.entitlement.sources import resources, running
from ostiary.entitlement.sources.declaring import columns_of, one
from ostiary.entitlement.tables import (
    assignment_roles,
    assignments,
    resource_rights,
    resource_roles,
    resource_scopes,
    subjects,
)
from ostiary.graph.resources import Call, Link, Source

STATUSES: Final[dict[RightState, str]] = {
    RightState.GIVING: "PendingFulfillment",
    RightState.REFUSED: "PendingFulfillment",
    RightState.GIVEN: "Fulfilled",
    RightState.TAKING: "PendingRemoval",
    RightState.STUCK: "PendingRemoval",
}
"""How the API calls where a right stands; the last of them is an addition of ours."""

_rights = resource_rights.c
_links = assignment_roles.c


def _load(row: RowMapping) -> AccessPackageAssignmentResourceRole:
    return AccessPackageAssignmentResourceRole(
        id=row["id"],
        origin_id=row["role_origin_id"],
        origin_system=row["origin_system"],
        status=STATUSES[RightState(row["state"])],
    )


def _visible(call: Call) -> ColumnElement[bool] | None:
    """Show a caller with roles in catalogs what their assignments have given."""
    seen = seen_catalogs(call)
    if seen is None:
        return None
    given = select(_links.right_id).join(assignments, assignments.c.id == _links.assignment_id)
    return exists(given.where(_links.right_id == _rights.id, assignments.c.catalog_id.in_(seen)))


def assignments_of(right: ColumnElement[str], assignment: ColumnElement[str]) -> Link:
    """Lead from a right to the assignments that want it."""
    return Link(
        target=lambda: running.ASKED_ASSIGNMENTS,
        local=right,
        remote=assignment,
        many=True,
        via=(_links.right_id, _links.assignment_id),
    )


RIGHTS: Final[Source] = Source(
    type=AccessPackageAssignmentResourceRole,
    table=resource_rights,
    key=_rights.id,
    columns=columns_of(resource_rights, "id", "origin_system", origin_id="role_origin_id")
    | {"status": case({s.value: name for s, name in STATUSES.items()}, value=_rights.state)},
    load=_load,
    visible=_visible,
    links={
        "access_package_assignments": assignments_of(_rights.id, assignments.c.id),
        "access_package_resource_role": one(
            lambda: resources.ROLES, _rights.role_id, resource_roles.c.id
        ),
        "access_package_resource_scope": one(
            lambda: resources.SCOPES, _rights.scope_id, resource_scopes.c.id
        ),
        "access_package_subject": one(
            lambda: running.SUBJECTS, _rights.principal_id, subjects.c.id
        ),
    },
)
"""Rights (beta ``accessPackageAssignmentResourceRoles``)."""
