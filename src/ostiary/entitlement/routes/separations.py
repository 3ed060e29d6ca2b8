"""``…/accessPackages/{id}/incompatibleAccessPackages``, its reverse, and ``incompatibleGroups``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.directory.sources import GROUPS
from ostiary.entitlement.roles import Task
from ostiary.entitlement.routes.finding import OF_PACKAGE, Gates, act, catalog_of
from ostiary.entitlement.service.separations import Separations
from ostiary.entitlement.sources import configured
from ostiary.graph.errors import InvalidModel
from ostiary.graph.resources import Authorize, Call, Endpoint, EntitySet, References
from ostiary.identity.matrix import EM_READ
from ostiary.identity.permissions import requires

_PACKAGES: Final = "incompatibleAccessPackages"
_GROUPS: Final = "incompatibleGroups"


@dataclass(frozen=True, slots=True)
class _Handlers:
    service: Separations

    async def add_package(self, call: Call) -> None:
        """POST …/accessPackages/{id}/incompatibleAccessPackages/$ref"""
        await self.service.add_package(_key(call), _referenced(call, "accessPackages"), act(call))

    async def remove_package(self, call: Call) -> None:
        """DELETE …/accessPackages/{id}/incompatibleAccessPackages/{id}/$ref"""
        await self.service.remove_package(_key(call), call.key(_PACKAGES).lower(), act(call))

    async def add_group(self, call: Call) -> None:
        """POST …/accessPackages/{id}/incompatibleGroups/$ref"""
        group = _referenced(call, "groups", "directoryObjects")
        await self.service.add_group(_key(call), group, act(call))

    async def remove_group(self, call: Call) -> None:
        """DELETE …/accessPackages/{id}/incompatibleGroups/{id}/$ref"""
        await self.service.remove_group(_key(call), call.key(_GROUPS).lower(), act(call))


def separations(service: Separations, gates: Gates) -> tuple[EntitySet, ...]:
    """Declare what excludes a package; what it excludes itself is only read."""
    handlers = _Handlers(service)
    manage = gates.write(Task.PACKAGE, OF_PACKAGE)
    return (
        EntitySet(
            name=_PACKAGES,
            source=configured.PACKAGES,
            link="incompatible_access_packages",
            read=gates.read,
            references=References(
                add=Endpoint(_may_name(gates, manage), handlers.add_package),
                remove=Endpoint(manage, handlers.remove_package),
            ),
        ),
        EntitySet(
            name=_GROUPS,
            source=GROUPS,
            link="incompatible_groups",
            read=gates.read,
            references=References(
                add=Endpoint(manage, handlers.add_group),
                remove=Endpoint(manage, handlers.remove_group),
            ),
        ),
    )


def _may_name(gates: Gates, manage: Authorize) -> Authorize:
    """Whoever lets a package exclude this one must be able to see it."""
    see = requires(EM_READ, role=gates.checks.on(Task.VIEW, _of_referenced))

    async def authorize(call: Call) -> None:
        await manage(call)
        await see(call)

    return authorize


async def _of_referenced(conn: AsyncConnection, call: Call) -> str | None:
    return await catalog_of(conn, _referenced(call, "accessPackages"))


def _referenced(call: Call, *sets: str) -> str:
    name, key = call.reference()
    if name.lower() not in {one.lower() for one in sets}:
        raise InvalidModel(f"'@odata.id' must name one of '/{sets[0]}'.", target="@odata.id")
    return key.lower()


def _key(call: Call) -> str:
    return call.key("accessPackages")
