"""``…/subjects``: those who ask for access or hold it."""

from __future__ import annotations

from dataclasses import dataclass

from ostiary.entitlement.model.enums import AccessPackageSubjectLifecycle
from ostiary.entitlement.roles import Task
from ostiary.entitlement.routes.finding import Gates, act
from ostiary.entitlement.service import Entitlement
from ostiary.entitlement.service.subjects import Subjects
from ostiary.entitlement.sources import running
from ostiary.graph.errors import InvalidModel
from ostiary.graph.resources import Call, Endpoint, EntitySet
from ostiary.graph.types import Complex
from ostiary.identity.matrix import EM_WRITE
from ostiary.identity.permissions import requires


class _Change(Complex, kw_only=True):
    subject_lifecycle: AccessPackageSubjectLifecycle


@dataclass(frozen=True, slots=True)
class _Handlers:
    service: Subjects

    async def update(self, call: Call) -> None:
        """PATCH …/subjects(objectId='{id}')"""
        lifecycle = call.create(_Change).subject_lifecycle
        if lifecycle is AccessPackageSubjectLifecycle.NOT_DEFINED:
            raise InvalidModel(
                "'subjectLifecycle' must be 'notGoverned' or 'governed'.",
                target="subjectLifecycle",
            )
        await self.service.set_lifecycle(call.key("subjects"), lifecycle, act(call))


def subjects(services: Entitlement, gates: Gates) -> EntitySet:
    """Declare ``subjects``: they belong to no catalog, and whoever owns one may govern them."""
    govern = requires(EM_WRITE, role=gates.checks.anywhere(Task.OWN))
    return EntitySet(
        name="subjects",
        source=running.SEEN_SUBJECTS,
        read=gates.read,
        update=Endpoint(govern, _Handlers(services.subjects).update),
    )
