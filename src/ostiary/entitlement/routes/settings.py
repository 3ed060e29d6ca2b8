"""``…/settings`` and ``…/controlConfigurations``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from ostiary.entitlement.model.settings import (
    ControlConfiguration,
    EndUserSettings,
    EntitlementManagementSettings,
)
from ostiary.entitlement.routes.finding import Gates, act
from ostiary.entitlement.service import Entitlement
from ostiary.entitlement.service.settings import ManagementSettings
from ostiary.entitlement.sources.declaring import columns_of
from ostiary.entitlement.store import settings as store
from ostiary.entitlement.tables import control_configurations
from ostiary.graph.edm import qualified_name
from ostiary.graph.resources import Call, Endpoint, EntitySet, Singleton, Source
from ostiary.identity.matrix import EM_READ, EM_WRITE
from ostiary.identity.permissions import requires

_CONTROLS: Final = "controlConfigurations"

CONTROLS: Final[Source] = Source(
    type=ControlConfiguration,
    table=control_configurations,
    key=control_configurations.c.id,
    columns=columns_of(
        control_configurations,
        "id",
        created_date_time="created_at",
        modified_date_time="modified_at",
    ),
    load=store.load_control,
    casts={
        qualified_name(EndUserSettings): control_configurations.c.kind
        == qualified_name(EndUserSettings)
    },
)


@dataclass(frozen=True, slots=True)
class _Handlers:
    service: ManagementSettings

    async def get(self, call: Call) -> EntitlementManagementSettings:
        """GET …/settings"""
        return await self.service.read()

    async def update(self, call: Call) -> None:
        """PATCH …/settings"""
        await self.service.update(call.merge, act(call))

    async def update_control(self, call: Call) -> ControlConfiguration:
        """PATCH …/controlConfigurations/{name}"""
        return await self.service.update_control(call.key(_CONTROLS), call.merge, act(call))

    async def replace_control(self, call: Call) -> ControlConfiguration:
        """PUT …/controlConfigurations/{name}"""
        key = call.key(_CONTROLS)
        return await self.service.update_control(
            key, lambda _: call.create(ControlConfiguration), act(call)
        )


def settings(services: Entitlement, gates: Gates) -> Singleton:
    """Declare ``settings``."""
    handlers = _Handlers(services.settings)
    return Singleton(
        name="settings",
        type=EntitlementManagementSettings,
        get=Endpoint(gates.read, handlers.get),
        update=Endpoint(requires(EM_WRITE), handlers.update),
    )


def control_set(services: Entitlement) -> EntitySet:
    """Declare ``controlConfigurations``, whose keys are names."""
    handlers = _Handlers(services.settings)
    write = requires(EM_WRITE)
    return EntitySet(
        name=_CONTROLS,
        source=CONTROLS,
        read=requires(EM_READ),
        update=Endpoint(write, handlers.update_control),
        replace=Endpoint(write, handlers.replace_control),
        update_status=200,
    )
