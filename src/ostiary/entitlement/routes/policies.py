"""``…/assignmentPolicies``: PUT replaces, PATCH merges, both answer with the policy."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select

from ostiary.entitlement.errors import NotThere
from ostiary.entitlement.model.catalogs import AccessPackageAssignmentPolicy
from ostiary.entitlement.model.questions import AccessPackageQuestion
from ostiary.entitlement.roles import Task, seen_catalogs
from ostiary.entitlement.routes.finding import OF_PACKAGE, OF_POLICY, Gates, act, of_new_policy
from ostiary.entitlement.service import Entitlement
from ostiary.entitlement.service.policies import Policies, package_named
from ostiary.entitlement.sources import configured
from ostiary.entitlement.tables import assignment_policies
from ostiary.graph.errors import BadRequest, InvalidModel
from ostiary.graph.resources import Authorize, Call, Endpoint, EntitySet, Operation
from ostiary.graph.types import UNSET


@dataclass(frozen=True, slots=True)
class _Handlers:
    service: Policies

    async def create(self, call: Call) -> AccessPackageAssignmentPolicy:
        """POST …/assignmentPolicies"""
        return await self.service.create(call.create(AccessPackageAssignmentPolicy), act(call))

    async def create_in_package(self, call: Call) -> AccessPackageAssignmentPolicy:
        """POST …/accessPackages/{id}/assignmentPolicies"""
        draft = call.create(AccessPackageAssignmentPolicy)
        here = call.key("accessPackages").lower()
        if package_named(draft) not in (None, here):
            raise InvalidModel(
                "'accessPackage' names another package than the path.", target="accessPackage"
            )
        draft.access_package_id, draft.access_package = here, UNSET
        return await self.service.create(draft, act(call))

    async def questions(self, call: Call) -> list[AccessPackageQuestion]:
        """GET …/assignmentPolicies/{id}/questions"""
        if call.query:
            raise BadRequest("The questions of a policy are given whole: no query options here.")
        key = call.key("assignmentPolicies").lower()
        return await self.service.questions(key, seen=seen_catalogs(call))

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
        operations=(_questions(handlers, gates),),
        update_status=200,
    )


def _questions(handlers: _Handlers, gates: Gates) -> Operation:
    """Declare the navigation to questions: they are kept within the policy."""
    return Operation(
        name="questions",
        kind="function",
        needs=gates.read,
        handle=handlers.questions,
        returns=AccessPackageQuestion,
        many=True,
        in_schema=False,
    )


def package_policies(services: Entitlement, gates: Gates) -> EntitySet:
    """Declare ``assignmentPolicies`` of a package: the same policies, at another place."""
    handlers = _Handlers(services.policies)
    manage = gates.write(Task.PACKAGE, OF_PACKAGE)
    belonging = _belonging(gates, manage)
    return EntitySet(
        name="assignmentPolicies",
        beta="accessPackageAssignmentPolicies",
        source=configured.POLICIES,
        link="assignment_policies",
        read=gates.read,
        create=Endpoint(manage, handlers.create_in_package),
        update=Endpoint(belonging, handlers.update),
        replace=Endpoint(belonging, handlers.replace),
        delete=Endpoint(belonging, handlers.delete),
        operations=(_questions(handlers, gates),),
        update_status=200,
    )


def _belonging(gates: Gates, manage: Authorize) -> Authorize:
    """Whoever manages the package; a policy of another one is not there.

    :raises NotThere: the package has no such policy.
    """

    async def authorize(call: Call) -> None:
        await manage(call)
        key = call.key("assignmentPolicies").lower()
        query = select(assignment_policies.c.package_id).where(assignment_policies.c.id == key)
        async with gates.database.reading() as conn:
            found = await conn.scalar(query)
        if found != call.key("accessPackages").lower():
            raise NotThere("accessPackageAssignmentPolicy", key)

    return authorize
