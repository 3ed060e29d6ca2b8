"""``…/accessPackages`` and the roles that they hold."""

from __future__ import annotations

from dataclasses import dataclass

from ostiary.entitlement import questions
from ostiary.entitlement.model.available import (
    AccessPackageAssignmentRequestRequirements,
    PackageFilterParameters,
    RequirementsParameters,
)
from ostiary.entitlement.model.catalogs import (
    AccessPackage,
    AccessPackageResourceRoleScope,
    MoveToCatalogParameters,
)
from ostiary.entitlement.roles import Task
from ostiary.entitlement.routes.finding import (
    OF_PACKAGE,
    Gates,
    act,
    of_new_package,
    of_other_catalog,
)
from ostiary.entitlement.routes.policies import package_policies
from ostiary.entitlement.routes.searching import search
from ostiary.entitlement.routes.separations import separations
from ostiary.entitlement.service import Entitlement
from ostiary.entitlement.service.available import Available
from ostiary.entitlement.service.moving import Moving
from ostiary.entitlement.service.packages import Packages
from ostiary.entitlement.sources import configured, resources
from ostiary.entitlement.tables import access_packages, package_role_scopes
from ostiary.graph.resources import Authorize, Call, Endpoint, EntitySet, Matching, Operation
from ostiary.graph.types import Version
from ostiary.identity.matrix import EM_MINE
from ostiary.identity.permissions import requires
from ostiary.identity.principals import principal
from ostiary.storage.batches import among


@dataclass(frozen=True, slots=True)
class _Handlers:
    service: Packages
    moving: Moving
    available: Available

    async def create(self, call: Call) -> AccessPackage:
        """POST …/accessPackages"""
        return await self.service.create(call.create(AccessPackage), act(call))

    async def update(self, call: Call) -> AccessPackage:
        """PATCH …/accessPackages/{id}"""
        return await self.service.update(call.key("accessPackages"), call.merge, act(call))

    async def delete(self, call: Call) -> None:
        """DELETE …/accessPackages/{id}"""
        await self.service.delete(call.key("accessPackages"), act(call))

    async def move(self, call: Call) -> None:
        """POST …/accessPackages/{id}/moveToCatalog"""
        catalog_id = call.parameters(MoveToCatalogParameters).catalog_id.lower()
        await self.moving.move(call.key("accessPackages"), catalog_id, act(call))

    async def mine(self, call: Call) -> Matching:
        """GET …/accessPackages/filterByCurrentUser(on='allowedRequestor')"""
        call.parameters(PackageFilterParameters)
        found = await self.available.packages(principal(call).object_id)
        return Matching(where=among(access_packages.c.id, found), source=configured.PACKAGE_CARDS)

    async def requirements(self, call: Call) -> list[AccessPackageAssignmentRequestRequirements]:
        """POST …/accessPackages/{id}/getApplicablePolicyRequirements"""
        call.parameters(RequirementsParameters)
        person, key = principal(call).object_id, call.key("accessPackages").lower()
        language = questions.read_language(call.headers.get("accept-language", ""))
        if call.version is Version.BETA:  # which tells texts and localizations side by side
            language = None
        return await self.available.requirements(person, key, language=language)

    async def add_role_scope(self, call: Call) -> AccessPackageResourceRoleScope:
        """POST …/accessPackages/{id}/resourceRoleScopes"""
        draft = call.create(AccessPackageResourceRoleScope)
        return await self.service.add_role_scope(call.key("accessPackages"), draft, act(call))

    async def remove_role_scope(self, call: Call) -> None:
        """DELETE …/accessPackages/{id}/resourceRoleScopes/{roleId}_{scopeId}"""
        key = call.key("resourceRoleScopes").lower()
        await self.service.remove_role_scope(call.key("accessPackages"), key, act(call))


def packages(services: Entitlement, gates: Gates) -> EntitySet:
    """Declare ``accessPackages``."""
    handlers = _Handlers(services.packages, services.moving, services.available)
    manage = gates.write(Task.PACKAGE, OF_PACKAGE)
    role_scopes = EntitySet(
        name="resourceRoleScopes",
        beta="accessPackageResourceRoleScopes",
        source=resources.ROLE_SCOPES,
        within=package_role_scopes.c.package_id,
        read=gates.read,
        create=Endpoint(manage, handlers.add_role_scope),
        delete=Endpoint(manage, handlers.remove_role_scope),
    )
    return EntitySet(
        name="accessPackages",
        source=configured.PACKAGES,
        read=gates.read,
        create=Endpoint(gates.write(Task.PACKAGE, of_new_package), handlers.create),
        update=Endpoint(manage, handlers.update),
        delete=Endpoint(manage, handlers.delete),
        operations=_operations(handlers, gates, manage),
        children=(
            role_scopes,
            package_policies(services, gates),
            *separations(services.separations, gates),
        ),
    )


def _operations(handlers: _Handlers, gates: Gates, manage: Authorize) -> tuple[Operation, ...]:
    return (
        search(AccessPackage, gates),
        Operation(
            name="filterByCurrentUser",
            kind="function",
            bound="collection",
            needs=requires(EM_MINE),
            handle=handlers.mine,
            parameters=PackageFilterParameters,
            returns=AccessPackage,
            many=True,
        ),
        Operation(
            name="getApplicablePolicyRequirements",
            kind="action",
            needs=requires(EM_MINE),
            handle=handlers.requirements,
            parameters=RequirementsParameters,
            returns=AccessPackageAssignmentRequestRequirements,
            many=True,
        ),
        Operation(
            name="moveToCatalog",
            kind="action",
            needs=_may_move(gates, manage),
            handle=handlers.move,
            parameters=MoveToCatalogParameters,
            empty=200,
        ),
    )


def _may_move(gates: Gates, manage: Authorize) -> Authorize:
    """Whoever moves a package must manage packages in both catalogs."""
    receive = gates.write(Task.PACKAGE, of_other_catalog)

    async def authorize(call: Call) -> None:
        await manage(call)
        await receive(call)

    return authorize
