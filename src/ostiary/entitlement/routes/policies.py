"""``…/assignmentPolicies``: PUT replaces, PATCH merges, both answer with the policy."""

from __future__ import annotations

from dataclasses import dataclass

from ostiary.entitlement.model.catalogs import AccessPackageAssignmentPolicy
from ostiary.entitlement.roles import Task
from ostiary.entitlement.routes.finding import OF_POLICY, Gates, act, of_new_policy
from ostiary.entitlement.service import Entitlement
from ostiary.entitlement.service.policies import Policies
from ostiary.entitlement.sources import configured
from ostiary.graph.resources import Call, Endpoint, EntitySet


@dataclass(frozen=True, slots=True)
class _Handlers:
    service: Policies

    async def create(self, call: Call) -> AccessPackageAssignmentPolicy:
        """POST …/assignmentPolicies"""
        return await self.service.create(call.create(AccessPackageAssignmentPolicy), act(call))

    async def update(self, call: Call) -> AccessPackageAssignmentPolicy:
        """PATCH …/assignmentPolicies/{id}"""
        return await self.service.update(call.key("assignmentPolicies"), call.merge, act(call))

    async def replace(self, call: Call) -> AccessPackageAssignmentPolicy:
        """PUT …/assignmentPolicies/{id}"""
        return await self.service.update(call.key("assignmentPolicies"), call.replace, act(call))

    async def delete(self, call: Call) -> None:
        """DELETE …/assignmentPolicies/{id}"""
        await self.service.delete(call.key("assignmentPolicies"), act(call))


def policies(services: Entitlement, gates: Gates) -> EntitySet:
    """Declare ``assignmentPolicies`` (beta ``accessPackageAssignmentPolicies``)."""
    handlers = _Handlers(services.policies)
    manage = gates.write(Task.PACKAGE, OF_POLICY)
    return EntitySet(
        name="assignmentPolicies",
        beta="accessPackageAssignmentPolicies",
        source=configured.POLICIES,
        read=gates.read,
        create=Endpoint(gates.write(Task.PACKAGE, of_new_policy), handlers.create),
        update=Endpoint(manage, handlers.update),
        replace=Endpoint(manage, handlers.replace),
        delete=Endpoint(manage, handlers.delete),
        update_status=200,
    )
