"""Use cases of assignments; they are made and ended by requests alone."""

from __future__ import annotations

from dataclasses import dataclass

from ostiary.audit.events import Target
from ostiary.audit.store import record
from ostiary.durable import queue
from ostiary.durable.queue import NewWork
from ostiary.entitlement import assignments, records
from ostiary.entitlement.errors import NotThere
from ostiary.entitlement.process import kinds
from ostiary.entitlement.rights import Effort
from ostiary.entitlement.service.acts import Act
from ostiary.entitlement.store import assignments as store
from ostiary.storage.database import Database


@dataclass(frozen=True, slots=True)
class Assignments:
    """What can be done to assignments."""

    database: Database

    async def reprocess(self, key: str, act: Act) -> None:
        """Write the roles of a delivered assignment again.

        :raises NotThere: there is none.
        :raises AssignmentNotReprocessable: it is not delivered.
        """
        async with self.database.transaction() as conn:
            held = (await store.lock(conn, [key])).get(key)
            if held is None or held.given_at is None:
                raise NotThere("accessPackageAssignment", key)
            await store.save(conn, [assignments.rewrite(held)])
            everything = {"effort": Effort.REWRITE.value}
            work = NewWork(kind=kinds.REWRITE, key=key, due_at=act.now, payload=everything)
            await queue.put(conn, [work])
            target = Target(id=key, type="AccessPackageAssignment")
            event = act.event(records.REPROCESS_ASSIGNMENT, "Update", target)
            await record(conn, [event], now=act.now)
