"""``…/catalogs`` and the extensions in them."""

from __future__ import annotations

from dataclasses import dataclass

from ostiary.entitlement.model.catalogs import AccessPackageCatalog
from ostiary.entitlement.model.extensions import WorkflowExtension
from ostiary.entitlement.roles import Task
from ostiary.entitlement.routes.finding import Gates, act, catalog_in_path
from ostiary.entitlement.routes.resources import catalog_resource_set
from ostiary.entitlement.routes.searching import search
from ostiary.entitlement.service import Entitlement
from ostiary.entitlement.service.catalogs import Catalogs
from ostiary.entitlement.service.extension_checks import wrong_type
from ostiary.entitlement.service.extensions import Extensions
from ostiary.entitlement.sources import configured
from ostiary.entitlement.store.extensions import CURRENT_TYPES, LEGACY
from ostiary.extensions.model import CustomCalloutExtension
from ostiary.extensions.tables import custom_extensions
from ostiary.graph.errors import InvalidModel
from ostiary.graph.resources import Call, Endpoint, EntitySet
from ostiary.identity.matrix import EM_WRITE
from ostiary.identity.permissions import requires


@dataclass(frozen=True, slots=True)
class _Catalogs:
    service: Catalogs

    async def create(self, call: Call) -> AccessPackageCatalog:
        """POST …/catalogs"""
        return await self.service.create(call.create(AccessPackageCatalog), act(call))

    async def update(self, call: Call) -> AccessPackageCatalog:
        """PATCH …/catalogs/{id}"""
        return await self.service.update(call.key("catalogs"), call.merge, act(call))

    async def delete(self, call: Call) -> None:
        """DELETE …/catalogs/{id}"""
        await self.service.delete(call.key("catalogs"), act(call))


@dataclass(frozen=True, slots=True)
class _Extensions:
    service: Extensions
    name: str
    kinds: tuple[str, ...]

    async def create(self, call: Call) -> WorkflowExtension:
        """POST …/catalogs/{id}/customWorkflowExtensions, wrapped in ``value`` or bare"""
        draft = self._draft(call)
        return await self.service.create(call.key("catalogs"), draft, act(call), kinds=self.kinds)

    async def update(self, call: Call) -> WorkflowExtension:
        """PATCH …/customWorkflowExtensions/{id}"""
        return await self.service.update(*self._keys(call), call.merge, act(call), kinds=self.kinds)

    async def replace(self, call: Call) -> WorkflowExtension:
        """PUT …/customWorkflowExtensions/{id}; an older extension may become a new one"""
        draft = self._draft(call)
        return await self.service.update(
            *self._keys(call), lambda _: draft, act(call), kinds=self.kinds
        )

    async def delete(self, call: Call) -> None:
        """DELETE …/customWorkflowExtensions/{id}"""
        await self.service.delete(*self._keys(call), act(call), kinds=self.kinds)

    def _draft(self, call: Call) -> CustomCalloutExtension:
        """Read an extension; where its type is wrong, those of other features are no advice."""
        try:
            return call.create(CustomCalloutExtension)
        except InvalidModel as error:
            if error.target == "@odata.type":
                raise wrong_type(self.kinds) from None
            raise

    def _keys(self, call: Call) -> tuple[str, str]:
        return call.key("catalogs"), call.key(self.name)


def catalogs(services: Entitlement, gates: Gates) -> EntitySet:
    """Declare ``catalogs`` (beta ``accessPackageCatalogs``)."""
    handlers = _Catalogs(services.catalogs)
    own = gates.write(Task.OWN, catalog_in_path)
    creator = requires(EM_WRITE, role=gates.checks.anywhere(Task.CREATE_CATALOG))
    return EntitySet(
        name="catalogs",
        beta="accessPackageCatalogs",
        operations=(search(AccessPackageCatalog, gates),),
        source=configured.CATALOGS,
        read=gates.read,
        create=Endpoint(creator, handlers.create),
        update=Endpoint(own, handlers.update),
        delete=Endpoint(own, handlers.delete),
        children=(
            _extensions(
                services.extensions,
                gates,
                name="customWorkflowExtensions",
                beta="accessPackageCustomWorkflowExtensions",
                kinds=tuple(CURRENT_TYPES),
            ),
            _extensions(
                services.extensions,
                gates,
                name="customAccessPackageWorkflowExtensions",
                beta=None,
                kinds=(LEGACY,),
            ),
            catalog_resource_set(services, gates),
        ),
    )


def _extensions(
    service: Extensions, gates: Gates, *, name: str, beta: str | None, kinds: tuple[str, ...]
) -> EntitySet:
    handlers = _Extensions(service, name, kinds)
    own = gates.write(Task.OWN, catalog_in_path)
    return EntitySet(
        name=name,
        beta=beta,
        source=configured.extensions(service.template, kinds),
        within=custom_extensions.c.catalog_id,
        read=gates.read,
        create=Endpoint(own, handlers.create),
        update=Endpoint(own, handlers.update),
        replace=Endpoint(own, handlers.replace),
        delete=Endpoint(own, handlers.delete),
        update_status=200,
    )
