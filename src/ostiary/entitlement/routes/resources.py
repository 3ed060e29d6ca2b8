"""What catalogs can hand out: ``…/resourceRequests``, and everything that can be read about it.

``resources``, ``resourceRoleScopes`` and ``resourceEnvironments`` stand at the top as well as below
catalogs and packages, where they are changed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from ostiary.entitlement.errors import InvalidFilter
from ostiary.entitlement.model.catalogs import AccessPackageResourceRequest
from ostiary.entitlement.model.requests import AccessPackageAssignmentResourceRole
from ostiary.entitlement.roles import Task
from ostiary.entitlement.routes import unserved
from ostiary.entitlement.routes.finding import Gates, act, catalog_in_path, of_resource_request
from ostiary.entitlement.service import Entitlement
from ostiary.entitlement.service.resources import Resources
from ostiary.entitlement.sources import resources, rights, running
from ostiary.entitlement.tables import catalog_resources, resource_rights
from ostiary.graph.resources import Authorize, Call, Endpoint, EntitySet, Matching, Operation
from ostiary.identity import matrix
from ostiary.identity.permissions import requires
from ostiary.identity.principals import principal

_ENVIRONMENTS = "resourceEnvironments"


@dataclass(frozen=True, slots=True)
class _Handlers:
    service: Resources

    async def create(self, call: Call) -> AccessPackageResourceRequest:
        """POST …/resourceRequests"""
        return await self.service.request(call.create(AccessPackageResourceRequest), act(call))

    async def refresh(self, call: Call) -> None:
        """POST …/catalogs/{id}/resources/{id}/refresh"""
        await self.service.refresh(call.key("catalogs"), call.key("resources"), act(call))


async def _mine(call: Call) -> Matching:
    """GET …/accessPackageAssignmentResourceRoles/My()"""
    own = resource_rights.c.principal_id == principal(call).object_id
    return Matching(where=own, source=replace(rights.RIGHTS, visible=None))


def resource_requests(services: Entitlement, gates: Gates) -> EntitySet:
    """Declare ``resourceRequests`` (beta ``accessPackageResourceRequests``)."""
    own = gates.write(Task.OWN, of_resource_request)
    return EntitySet(
        name="resourceRequests",
        beta="accessPackageResourceRequests",
        source=running.RESOURCE_REQUESTS,
        read=gates.read,
        create=Endpoint(own, _Handlers(services.resources).create),
    )


def catalog_resource_set(services: Entitlement, gates: Gates) -> EntitySet:
    """Declare ``catalogs/{id}/resources`` (beta ``accessPackageResources``)."""
    return EntitySet(
        name="resources",
        beta="accessPackageResources",
        source=resources.RESOURCES,
        within=catalog_resources.c.catalog_id,
        read=gates.read,
        unserved=unserved.RESOURCES,
        operations=(
            Operation(
                name="refresh",
                kind="action",
                needs=gates.write(Task.PACKAGE, catalog_in_path),
                handle=_Handlers(services.resources).refresh,
                empty=200,
            ),
        ),
    )


def read_only(gates: Gates) -> Sequence[EntitySet]:
    """Declare the sets at the top that can only be read."""
    return (
        EntitySet(
            name="resources",
            beta="accessPackageResources",
            source=resources.RESOURCES,
            read=gates.read,
            unserved=unserved.RESOURCES,
        ),
        EntitySet(
            name="resourceRoleScopes",
            beta="accessPackageResourceRoleScopes",
            source=resources.EVERY_ROLE_SCOPE,
            read=gates.read,
        ),
        EntitySet(
            name=_ENVIRONMENTS,
            beta="accessPackageResourceEnvironments",
            source=resources.ENVIRONMENTS,
            read=_with_filter(gates.read),
        ),
        EntitySet(
            name="accessPackageAssignmentResourceRoles",
            source=rights.RIGHTS,
            read=gates.read,
            operations=(
                Operation(
                    name="My",
                    kind="function",
                    bound="collection",
                    needs=requires(matrix.EM_MINE),
                    handle=_mine,
                    returns=AccessPackageAssignmentResourceRole,
                    many=True,
                ),
            ),
        ),
    )


def _with_filter(needs: Authorize) -> Authorize:
    """Ask for the filter by origin system, without which environments are not listed.

    :raises InvalidFilter: it is missing.
    """

    async def check(call: Call) -> None:
        await needs(call)
        given = [value for name, value in call.query if name.lower().lstrip("$") == "filter"]
        if not _names_one(call) and not any("originsystem" in one.lower() for one in given):
            raise InvalidFilter(target="$filter")

    return check


def _names_one(call: Call) -> bool:
    try:
        return bool(call.key(_ENVIRONMENTS))
    except KeyError:
        return False
