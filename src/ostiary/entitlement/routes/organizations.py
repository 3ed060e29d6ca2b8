"""``…/connectedOrganizations`` and their sponsors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from ostiary.directory.sources import DIRECTORY_OBJECTS
from ostiary.entitlement.model.organizations import ConnectedOrganization
from ostiary.entitlement.routes.finding import Gates, act
from ostiary.entitlement.service import Entitlement
from ostiary.entitlement.service.organizations import Organizations
from ostiary.entitlement.sources.organizations import ORGANIZATIONS
from ostiary.entitlement.store.organizations import Side
from ostiary.graph.resources import Call, Endpoint, EntitySet, References
from ostiary.identity.matrix import EM_WRITE
from ostiary.identity.permissions import requires

_NAME: Final = "connectedOrganizations"


@dataclass(frozen=True, slots=True)
class _Handlers:
    service: Organizations

    async def create(self, call: Call) -> ConnectedOrganization:
        """POST …/connectedOrganizations"""
        return await self.service.create(call.create(ConnectedOrganization), act(call))

    async def update(self, call: Call) -> ConnectedOrganization:
        """PATCH …/connectedOrganizations/{id}"""
        return await self.service.update(call.key(_NAME), call.merge, act(call))

    async def delete(self, call: Call) -> None:
        """DELETE …/connectedOrganizations/{id}"""
        await self.service.delete(call.key(_NAME), act(call))


@dataclass(frozen=True, slots=True)
class _Sponsors:
    service: Organizations
    side: Side

    async def add(self, call: Call) -> None:
        """POST …/connectedOrganizations/{id}/internalSponsors/$ref, or externalSponsors"""
        _, sponsor = call.reference()
        await self.service.add_sponsor(self.side, call.key(_NAME), sponsor.lower(), act(call))

    async def remove(self, call: Call) -> None:
        """DELETE …/connectedOrganizations/{id}/internalSponsors/{id}/$ref, or externalSponsors"""
        sponsor = call.key(f"{self.side}Sponsors")
        await self.service.remove_sponsor(self.side, call.key(_NAME), sponsor, act(call))


def organizations(services: Entitlement, gates: Gates) -> EntitySet:
    """Declare ``connectedOrganizations``: what is elsewhere belongs to no catalog."""
    handlers = _Handlers(services.organizations)
    write = requires(EM_WRITE)
    return EntitySet(
        name=_NAME,
        source=ORGANIZATIONS,
        read=gates.read,
        create=Endpoint(write, handlers.create),
        update=Endpoint(write, handlers.update),
        delete=Endpoint(write, handlers.delete),
        children=(
            _sponsors(services.organizations, "internal", gates),
            _sponsors(services.organizations, "external", gates),
        ),
    )


def _sponsors(service: Organizations, side: Side, gates: Gates) -> EntitySet:
    handlers = _Sponsors(service, side)
    write = requires(EM_WRITE)
    return EntitySet(
        name=f"{side}Sponsors",
        source=DIRECTORY_OBJECTS,
        link=f"{side}_sponsors",
        read=gates.read,
        references=References(
            add=Endpoint(write, handlers.add), remove=Endpoint(write, handlers.remove)
        ),
    )
