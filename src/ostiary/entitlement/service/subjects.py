"""Use cases of subjects."""

from __future__ import annotations

from dataclasses import dataclass

from ostiary.audit.events import Target
from ostiary.audit.store import record
from ostiary.durable import queue
from ostiary.entitlement.errors import NotThere
from ostiary.entitlement.model.enums import AccessPackageSubjectLifecycle
from ostiary.entitlement.process import kinds
from ostiary.entitlement.service.acts import Act
from ostiary.entitlement.store import subjects as store
from ostiary.storage.database import Database


@dataclass(frozen=True, slots=True)
class Subjects:
    """What can be done to subjects."""

    database: Database

    async def set_lifecycle(
        self, object_id: str, lifecycle: AccessPackageSubjectLifecycle, act: Act
    ) -> None:
        """Say whether a guest may be blocked and deleted when the last assignment has ended.

        Whoever is no longer governed is not deleted, and stays blocked if they are.

        :raises NotThere: there is no such subject.
        """
        async with self.database.transaction() as conn:
            if not await store.set_lifecycle(conn, object_id, lifecycle):
                raise NotThere("accessPackageSubject", object_id)
            if lifecycle is not AccessPackageSubjectLifecycle.GOVERNED:
                await queue.withdraw(conn, kinds.CLEANUP, [object_id])
            target = Target(id=object_id, type="User")
            details = {"subjectLifecycle": lifecycle.value}
            event = act.event("Update access package subject", "Update", target, details=details)
            await record(conn, [event], now=act.now)
