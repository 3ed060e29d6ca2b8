"""``…/resourceRequests``: how a resource gets into a catalog, and out of it."""

from __future__ import annotations

from dataclasses import dataclass

from ostiary.entitlement.model.catalogs import AccessPackageResourceRequest
from ostiary.entitlement.roles import Task
from ostiary.entitlement.routes.finding import Gates, act, of_resource_request
from ostiary.entitlement.service import Entitlement
from ostiary.entitlement.service.resources import Resources
from ostiary.entitlement.sources import configured
from ostiary.graph.resources import Call, Endpoint, EntitySet


@dataclass(frozen=True, slots=True)
class _Handlers:
    service: Resources

    async def create(self, call: Call) -> AccessPackageResourceRequest:
        """POST …/resourceRequests"""
        return await self.service.request(call.create(AccessPackageResourceRequest), act(call))


def resource_requests(services: Entitlement, gates: Gates) -> EntitySet:
    """Declare ``resourceRequests`` (beta ``accessPackageResourceRequests``)."""
    own = gates.write(Task.OWN, of_resource_request)
    return EntitySet(
        name="resourceRequests",
        beta="accessPackageResourceRequests",
        source=configured.RESOURCE_REQUESTS,
        read=gates.read,
        create=Endpoint(own, _Handlers(services.resources).create),
    )
