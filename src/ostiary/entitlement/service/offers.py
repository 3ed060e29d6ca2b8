"""Resources as their origins describe them, and who has a say over them.

Our own directory is asked in the transaction that acts on the answer. Every other origin is asked
before there is one, so that nobody waits for a slow one: what it said may then be a moment old.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.entitlement.errors import ResourceNotFoundInOriginSystem
from ostiary.entitlement.origins import SITE_SYSTEM
from ostiary.entitlement.providers.local import LOCAL
from ostiary.entitlement.providers.port import Offer, RemoteProvider, Unreachable
from ostiary.graph.errors import Forbidden, InvalidModel, NotSupported, Unavailable
from ostiary.identity.catalogue import GLOBAL_ADMINISTRATOR, SHAREPOINT_ADMINISTRATOR
from ostiary.identity.matrix import EM_WRITE
from ostiary.identity.principals import Principal

SITE_ROLES: Final = frozenset({GLOBAL_ADMINISTRATOR, SHAREPOINT_ADMINISTRATOR})
SITE_PERMISSIONS: Final = frozenset({"Sites.FullControl.All"})
"""Who may offer any site, beside its owners: people and applications."""


@dataclass(frozen=True, slots=True)
class Offers:
    """Asks origins about resources; ``remote`` are the providers by origin system."""

    remote: Mapping[str, RemoteProvider]

    async def ahead(self, system: str, origin_id: str) -> Offer | None:
        """Ask an origin elsewhere; None: our own directory, which is asked later.

        :raises NotSupported: nobody knows such an origin.
        :raises ResourceNotFoundInOriginSystem: it has no such resource.
        :raises Unavailable: it does not answer.
        """
        if system in LOCAL:
            return None
        provider = self.remote.get(system)
        if provider is None:
            known = ", ".join(f"'{name}'" for name in sorted({*LOCAL, *self.remote}))
            raise NotSupported(
                f"This server has no provider of the origin system '{system}'. It has {known}; "
                "the setting OSTIARY_RESOURCE_PROVIDERS adds others.",
                target="resource/originSystem",
            )
        try:
            found = (await provider.look_up([origin_id])).get(origin_id)
        except Unreachable as error:
            raise Unavailable(
                f"The origin system '{system}' cannot be asked: {error}", retry_after=30
            ) from error
        return _usable(found)

    async def here(self, conn: AsyncConnection, system: str, origin_id: str) -> Offer:
        """Ask our own directory.

        :raises ResourceNotFoundInOriginSystem: it has no such resource.
        """
        provider = LOCAL.get(system)
        found = await provider.look_up(conn, [origin_id]) if provider else {}
        return _usable(found.get(origin_id))

    async def check_authority(
        self, conn: AsyncConnection, system: str, offer: Offer, caller: Principal
    ) -> None:
        """Make sure that somebody has a say over a resource, beside the role in the catalog.

        :raises Forbidden: they have none.
        """
        provider = LOCAL.get(system)
        if provider is None:
            may, needs = _may_offer_remote(system, offer, caller), _REMOTE_NEEDS
        else:
            may, needs = await provider.may_offer(conn, offer, caller), provider.needs
        if not may:
            raise Forbidden(
                "Insufficient privileges to complete the operation. Whoever adds a resource of the "
                f"origin system '{system}' to a catalog must {needs}."
            )


_REMOTE_NEEDS = (
    "be one of the owners whom the origin names, hold a directory role that administers it, or "
    "(applications) have the permission Sites.FullControl.All for a site"
)


def _usable(found: Offer | None) -> Offer:
    if found is None:
        raise ResourceNotFoundInOriginSystem(target="resource/originId")
    if found.refusal:
        raise InvalidModel(
            f"The resource cannot be handed out: {found.refusal}.", target="resource/originId"
        )
    return found


def _may_offer_remote(system: str, offer: Offer, caller: Principal) -> bool:
    """Say who may offer what is elsewhere: its owners, where the origin names them."""
    if offer.owners is None and system != SITE_SYSTEM:
        return True
    if caller.object_id.lower() in (offer.owners or ()):
        return True
    site = system == SITE_SYSTEM
    if caller.kind == "application":
        enough = SITE_PERMISSIONS if site else EM_WRITE.application
        return not enough.isdisjoint(caller.roles)
    roles = SITE_ROLES if site else EM_WRITE.directory_roles
    return not roles.isdisjoint(caller.directory_roles)
