"""``…/settings``: what holds for every workflow of the tenant."""

from __future__ import annotations

from dataclasses import dataclass

from ostiary.graph.resources import Call, Endpoint, Singleton
from ostiary.identity import matrix
from ostiary.identity.permissions import requires
from ostiary.identity.principals import principal
from ostiary.lifecycle.model.definitions import LifecycleManagementSettings
from ostiary.lifecycle.service import TenantSettings


@dataclass(frozen=True, slots=True)
class _Handlers:
    settings: TenantSettings

    async def get(self, call: Call) -> LifecycleManagementSettings:
        """GET …/lifecycleWorkflows/settings"""
        return await self.settings.read()

    async def update(self, call: Call) -> None:
        """PATCH …/lifecycleWorkflows/settings"""
        actor = principal(call).actor()
        await self.settings.update(call.merge, now=call.now, actor=actor)


def settings(service: TenantSettings) -> Singleton:
    """Declare ``settings``."""
    handlers = _Handlers(service)
    return Singleton(
        name="settings",
        type=LifecycleManagementSettings,
        get=Endpoint(requires(matrix.LW_SETTINGS_READ), handlers.get),
        update=Endpoint(requires(matrix.LW_SETTINGS_WRITE), handlers.update),
    )
