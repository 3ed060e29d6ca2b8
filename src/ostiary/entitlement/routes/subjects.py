"""``…/subjects``: those who ask for access or hold it."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import or_, select

from ostiary.entitlement.errors import NotThere
from ostiary.entitlement.roles import MAY, Task
from ostiary.entitlement.routes.finding import Gates, act
from ostiary.entitlement.service import Entitlement
from ostiary.entitlement.service.subjects import Subjects
from ostiary.entitlement.sources import running
from ostiary.entitlement.store import roles as role_store
from ostiary.entitlement.tables import assignment_requests
from ostiary.graph.resources import Authorize, Call, Endpoint, EntitySet
from ostiary.identity.matrix import EM_WRITE
from ostiary.identity.permissions import allows, requires
from ostiary.identity.principals import principal


@dataclass(frozen=True, slots=True)
class _Handlers:
    service: Subjects

    async def update(self, call: Call) -> None:
        """PATCH …/subjects(objectId='{id}')"""
        await self.service.update(call.key("subjects").lower(), call.merge, act(call))


def subjects(services: Entitlement, gates: Gates) -> EntitySet:
    """Declare ``subjects``."""
    return EntitySet(
        name="subjects",
        source=running.SEEN_SUBJECTS,
        read=gates.read,
        update=Endpoint(_govern(gates), _Handlers(services.subjects).update),
    )


def _govern(gates: Gates) -> Authorize:
    """Whoever owns a catalog governs those who ask there; others are not there for them.

    :raises NotThere: nobody of that name asks for anything in the catalogs of the caller.
    """
    may = requires(EM_WRITE, role=gates.checks.anywhere(Task.OWN))

    async def authorize(call: Call) -> None:
        await may(call)
        caller = principal(call)
        if allows(EM_WRITE, caller):
            return
        key, requests = call.key("subjects").lower(), assignment_requests.c
        owned = role_store.catalogs_of(caller.object_id, MAY[Task.OWN])
        about = or_(requests.target_id == key, requests.requestor_id == key)
        query = select(requests.id).where(about, requests.catalog_id.in_(owned)).limit(1)
        async with gates.database.reading() as conn:
            if await conn.scalar(query) is None:
                raise NotThere("accessPackageSubject", key)

    return authorize
