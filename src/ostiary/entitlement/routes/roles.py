"""``/roleManagement/entitlementManagement``: role definitions and role assignments."""

from __future__ import annotations

from dataclasses import dataclass

from ostiary.entitlement.model.roles import UnifiedRoleAssignment
from ostiary.entitlement.roles import Task
from ostiary.entitlement.routes.finding import OF_ROLE, Gates, act, of_new_role
from ostiary.entitlement.service import Entitlement
from ostiary.entitlement.service.roles import Roles
from ostiary.entitlement.sources import roles as sources
from ostiary.graph.resources import Call, Endpoint, EntitySet
from ostiary.identity import matrix
from ostiary.identity.permissions import requires


@dataclass(frozen=True, slots=True)
class _Handlers:
    service: Roles

    async def assign(self, call: Call) -> UnifiedRoleAssignment:
        """POST /roleManagement/entitlementManagement/roleAssignments"""
        return await self.service.assign(call.create(UnifiedRoleAssignment), act(call))

    async def revoke(self, call: Call) -> None:
        """DELETE /roleManagement/entitlementManagement/roleAssignments/{id}"""
        await self.service.revoke(call.key("roleAssignments"), act(call))


def role_assignments(services: Entitlement, gates: Gates) -> EntitySet:
    """Declare ``roleAssignments``: whoever owns a catalog delegates the roles in it."""
    handlers = _Handlers(services.roles)
    read = requires(matrix.EM_ROLE_ASSIGNMENTS_READ, role=gates.checks.anywhere(Task.VIEW))
    delegate = requires(
        matrix.EM_ROLE_ASSIGNMENTS_WRITE, role=gates.checks.on(Task.OWN, of_new_role)
    )
    revoke = requires(matrix.EM_ROLE_ASSIGNMENTS_WRITE, role=gates.checks.on(Task.OWN, OF_ROLE))
    return EntitySet(
        name="roleAssignments",
        source=sources.ROLE_ASSIGNMENTS,
        read=read,
        create=Endpoint(delegate, handlers.assign),
        delete=Endpoint(revoke, handlers.revoke),
    )


def role_definitions(gates: Gates) -> EntitySet:
    """Declare ``roleDefinitions``."""
    return EntitySet(
        name="roleDefinitions",
        source=sources.ROLE_DEFINITIONS,
        read=requires(matrix.EM_ROLE_DEFINITIONS_READ, role=gates.checks.anywhere(Task.VIEW)),
    )
