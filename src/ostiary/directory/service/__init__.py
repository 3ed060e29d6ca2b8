"""Use cases of the API: each opens a transaction, finds the object, and calls ``changes``.

What comes from a request arrives as a value or as a pure function from the stored object to the
wanted one; who asks arrives as the ``actor`` of the audit record.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from ostiary.audit.events import Actor
from ostiary.directory import changes
from ostiary.directory.errors import ObjectNotFound
from ostiary.directory.model import Application, DirectoryObject
from ostiary.directory.service.applications import Applications
from ostiary.directory.service.deltas import Deltas
from ostiary.directory.service.groups import Groups
from ostiary.directory.service.memberships import Memberships
from ostiary.directory.service.people import People
from ostiary.directory.store import by_id, describe_secrets, wire_object
from ostiary.storage.database import Database

__all__ = ["Applications", "Deltas", "Directory", "Groups", "Memberships", "People"]


@dataclass(frozen=True, slots=True)
class Directory:
    """Everything that can be asked of the directory.

    With ``domains`` the names of users have to be in one of them.
    """

    database: Database
    domains: Collection[str] | None = None

    @property
    def people(self) -> People:
        """What concerns users."""
        return People(self.database, self.domains)

    @property
    def groups(self) -> Groups:
        """What concerns groups."""
        return Groups(self.database)

    @property
    def applications(self) -> Applications:
        """What concerns applications, service principals and their roles."""
        return Applications(self.database)

    @property
    def deltas(self) -> Deltas:
        """What changed among objects of each kind."""
        return Deltas(self.database)

    @property
    def memberships(self) -> Memberships:
        """Which groups objects belong to."""
        return Memberships(self.database)

    async def restore(self, object_id: str, *, now: datetime, actor: Actor) -> DirectoryObject:
        """Undo the deletion of an object.

        :raises ObjectNotFound: nothing deleted has this id.
        :raises ObjectConflict: a live object has taken the name that only one may have.
        """
        async with self.database.transaction() as conn:
            if not await changes.restore_objects(conn, [object_id], now=now, actor=actor):
                raise ObjectNotFound(object_id)
            return (await by_id(conn, [object_id], wire_object))[object_id]

    async def read(self, ids: list[str]) -> list[DirectoryObject]:
        """Read the live objects with these ids, in their order; others are left out."""
        async with self.database.reading() as conn:
            found = await by_id(conn, ids, wire_object)
            applications = [o for o in found.values() if isinstance(o, Application)]
            await describe_secrets(conn, applications)
        return [found[object_id] for object_id in dict.fromkeys(ids) if object_id in found]
