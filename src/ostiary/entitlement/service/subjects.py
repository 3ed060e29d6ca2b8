"""Use cases of subjects."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ostiary.audit.events import Target
from ostiary.audit.store import record
from ostiary.durable import queue
from ostiary.entitlement.errors import NotThere
from ostiary.entitlement.model.enums import AccessPackageSubjectLifecycle as Lifecycle
from ostiary.entitlement.model.subjects import AccessPackageSubject
from ostiary.entitlement.process import kinds
from ostiary.entitlement.service.acts import Act
from ostiary.entitlement.store import subjects as store
from ostiary.graph.edm import describe
from ostiary.graph.errors import InvalidModel
from ostiary.storage.database import Database


@dataclass(frozen=True, slots=True)
class Subjects:
    """What can be done to subjects."""

    database: Database

    async def update(
        self,
        object_id: str,
        change: Callable[[AccessPackageSubject], AccessPackageSubject],
        act: Act,
    ) -> None:
        """Say whether a guest may be blocked and deleted when the last assignment has ended.

        Whoever is no longer governed is not deleted, and stays blocked if they are.

        :raises NotThere: there is no such subject.
        :raises InvalidModel: something else would change, or the life cycle would be undefined.
        """
        async with self.database.transaction() as conn:
            before = await store.locked(conn, object_id)
            if before is None:
                raise NotThere("accessPackageSubject", object_id)
            lifecycle = _lifecycle(before, change(before))
            if lifecycle is before.subject_lifecycle:
                return
            await store.set_lifecycle(conn, object_id, lifecycle)
            if lifecycle is not Lifecycle.GOVERNED:
                await queue.withdraw(conn, kinds.CLEANUP, [object_id])
            target = Target(id=object_id, type="User")
            details = {"subjectLifecycle": lifecycle.value}
            event = act.event("Update access package subject", "Update", target, details=details)
            await record(conn, [event], now=act.now)


def _lifecycle(before: AccessPackageSubject, after: AccessPackageSubject) -> Lifecycle:
    """Give the life cycle after a change; the directory says everything else of a subject."""
    for prop in describe(AccessPackageSubject).properties.values():
        is_other = prop.python != "subject_lifecycle"
        if is_other and getattr(after, prop.python) != getattr(before, prop.python):
            raise InvalidModel(f"The property '{prop.name}' is read-only.", target=prop.name)
    lifecycle = after.subject_lifecycle
    if lifecycle is Lifecycle.NOT_DEFINED and lifecycle is not before.subject_lifecycle:
        raise InvalidModel(
            "'subjectLifecycle' must be 'notGoverned' or 'governed'.", target="subjectLifecycle"
        )
    return lifecycle
