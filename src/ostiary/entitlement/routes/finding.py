"""In which catalog the object of a call is, and the gates that depend on it."""

from __future__ import annotations

from sqlalchemy import ColumnElement, select
from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.entitlement.intents import read_intent
from ostiary.entitlement.model.catalogs import (
    AccessPackage,
    AccessPackageAssignmentPolicy,
    AccessPackageResourceRequest,
    MoveToCatalogParameters,
)
from ostiary.entitlement.model.requests import AccessPackageAssignmentRequest
from ostiary.entitlement.model.roles import UnifiedRoleAssignment
from ostiary.entitlement.roles import FindCatalog, RoleChecks, Task, catalog_in
from ostiary.entitlement.service.acts import Act
from ostiary.entitlement.service.packages import catalog_named as catalog_of_package
from ostiary.entitlement.service.policies import package_named
from ostiary.entitlement.service.resources import catalog_named as catalog_of_resource
from ostiary.entitlement.tables import (
    access_packages,
    assignment_policies,
    assignment_requests,
    assignments,
    role_assignments,
)
from ostiary.graph.resources import Authorize, Call
from ostiary.identity.matrix import EM_READ, EM_WRITE
from ostiary.identity.permissions import requires
from ostiary.identity.principals import principal
from ostiary.storage.database import Database


def act(call: Call) -> Act:
    """Say who calls, when, and in which request."""
    return Act(caller=principal(call), now=call.now, correlation_id=call.request_id)


def by_key(name: str, key: ColumnElement[str], catalog: ColumnElement[str]) -> FindCatalog:
    """Find the catalog of the row whose ``key`` follows the segment ``name``."""

    async def find(conn: AsyncConnection, call: Call) -> str | None:
        found: str | None = await conn.scalar(select(catalog).where(key == call.key(name)))
        return found

    return find


async def catalog_in_path(_: AsyncConnection, call: Call) -> str | None:
    """Give the catalog that the path names."""
    return call.key("catalogs")


async def of_new_package(_: AsyncConnection, call: Call) -> str | None:
    """Give the catalog that the body of a new package names."""
    return catalog_of_package(call.create(AccessPackage))


async def of_new_policy(conn: AsyncConnection, call: Call) -> str | None:
    """Give the catalog of the package that the body of a new policy names."""
    return await catalog_of(conn, package_named(call.create(AccessPackageAssignmentPolicy)))


async def of_resource_request(_: AsyncConnection, call: Call) -> str | None:
    """Give the catalog that a resource request names."""
    return catalog_of_resource(call.create(AccessPackageResourceRequest))


async def of_new_request(conn: AsyncConnection, call: Call) -> str | None:
    """Give the catalog of what a new request wants: a policy's, or an assignment's."""
    intent = read_intent(call.create(AccessPackageAssignmentRequest))
    if intent.assignment_id is not None:
        same = assignments.c.id == intent.assignment_id
        query = select(assignments.c.catalog_id).where(same)
    else:
        same = assignment_policies.c.id == intent.policy_id
        query = select(assignment_policies.c.catalog_id).where(same)
    found: str | None = await conn.scalar(query)
    return found


async def of_other_catalog(_: AsyncConnection, call: Call) -> str | None:
    """Give the catalog to which a package is to be moved."""
    return call.parameters(MoveToCatalogParameters).catalog_id.lower()


async def of_new_role(_: AsyncConnection, call: Call) -> str | None:
    """Give the catalog that a new role assignment is for."""
    draft = call.create(UnifiedRoleAssignment)
    return catalog_in(draft.app_scope_id or draft.directory_scope_id or "")


OF_PACKAGE = by_key("accessPackages", access_packages.c.id, access_packages.c.catalog_id)
OF_POLICY = by_key("assignmentPolicies", assignment_policies.c.id, assignment_policies.c.catalog_id)
OF_REQUEST = by_key(
    "assignmentRequests", assignment_requests.c.id, assignment_requests.c.catalog_id
)
OF_ASSIGNMENT = by_key("assignments", assignments.c.id, assignments.c.catalog_id)
OF_ROLE = by_key("roleAssignments", role_assignments.c.id, role_assignments.c.catalog_id)


class Gates:
    """Who may do what: a permission with a directory role, or a role in the catalog."""

    def __init__(self, database: Database) -> None:
        self.checks = RoleChecks(database)
        self.database = database

    @property
    def read(self) -> Authorize:
        """Read: with a role in any catalog, what is in those catalogs."""
        return requires(EM_READ, role=self.checks.anywhere(Task.VIEW))

    def write(self, task: Task, find: FindCatalog) -> Authorize:
        """Write: with a role for the task in the catalog of the object."""
        return requires(EM_WRITE, role=self.checks.on(task, find))


async def catalog_of(conn: AsyncConnection, key: str | None) -> str | None:
    """Give the catalog of a package."""
    query = select(access_packages.c.catalog_id).where(access_packages.c.id == key)
    found: str | None = await conn.scalar(query)
    return found
