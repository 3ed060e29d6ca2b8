"""Use cases of the API about one user, each in a transaction of its own."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

import msgspec
from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.audit.events import Actor
from ostiary.directory import changes, people, store
from ostiary.directory.errors import DirectoryError, ObjectNotFound
from ostiary.directory.model import AssignedLicense, DirectoryObject, User
from ostiary.directory.objects import Kind
from ostiary.directory.service import finding
from ostiary.directory.service.binding import bound_ids, explain
from ostiary.graph.types import UNSET
from ostiary.storage.database import Database

UserChange = Callable[[User], User]
"""A change that a request asks for: pure, the stored user in, the wanted one out."""


@dataclass(frozen=True, slots=True)
class People:
    """Users; each is named by id or userPrincipalName.

    With ``domains`` a name that is given has to be in one of them.
    """

    database: Database
    domains: Collection[str] | None = None

    async def create(self, draft: User, *, now: datetime, actor: Actor) -> User:
        """Create a user, with the manager and the sponsors that the draft names.

        :raises ObjectConflict: somebody has the userPrincipalName.
        :raises ObjectNotFound: a sponsor does not exist.
        :raises DirectoryError: a property is missing or wrong, or the manager does not exist.
        """
        self._check(draft)
        async with self.database.transaction() as conn:
            (made,) = await changes.add_users(conn, [draft], now=now, actor=actor)
            await _add_sponsors(conn, made.id, bound_ids(made.sponsors), now=now, actor=actor)
            return _without_links(made)

    async def update(self, key: str, change: UserChange, *, now: datetime, actor: Actor) -> User:
        """Change a user, and the manager where the change names one; named sponsors are added.

        :raises ObjectNotFound: there is no such user, or no such sponsor.
        :raises DirectoryError: a property may not have its new value.
        """
        async with self.database.transaction() as conn:
            before = await finding.user(conn, key, lock=True)
            after = change(before)
            if after.user_principal_name != before.user_principal_name:
                self._check(after)
            await changes.update_users(conn, [(before, after)], now=now, actor=actor)
            if isinstance(after.manager, DirectoryObject):
                managers = {before.id: after.manager.id.lower()}
                await changes.set_managers(conn, managers, now=now, actor=actor)
            await _add_sponsors(conn, before.id, bound_ids(after.sponsors), now=now, actor=actor)
            return _without_links(after)

    def _check(self, user: User) -> None:
        if self.domains is not None and user.user_principal_name:
            people.check_domain(user, self.domains)

    async def delete(self, key: str, *, now: datetime, actor: Actor) -> None:
        """Delete a user so that it can be restored.

        :raises ObjectNotFound: there is none.
        """
        async with self.database.transaction() as conn:
            user = await finding.user(conn, key)
            await changes.delete_objects(conn, Kind.USER, [user.id], now=now, actor=actor)

    async def set_manager(
        self, key: str, manager: str | None, *, now: datetime, actor: Actor
    ) -> None:
        """Give a user a manager, or none.

        :raises ObjectNotFound: the user, or the manager, does not exist.
        :raises DirectoryError: users do not manage themselves.
        """
        async with self.database.transaction() as conn:
            user = await finding.user(conn, key)
            manager_id = (await finding.user(conn, manager)).id if manager else None
            managers = {user.id: manager_id}
            await changes.set_managers(conn, managers, now=now, actor=actor)

    async def add_sponsor(self, key: str, sponsor: str, *, now: datetime, actor: Actor) -> None:
        """Give a user a sponsor: a user or a group.

        :raises ObjectNotFound: the user or the sponsor does not exist.
        :raises ReferenceExists: it is a sponsor already.
        :raises DirectoryError: this cannot be one.
        """
        async with self.database.transaction() as conn:
            user = await finding.user(conn, key)
            ids = [(await finding.any_object(conn, sponsor)).id]
            await _add_sponsors(conn, user.id, ids, now=now, actor=actor)

    async def remove_sponsor(self, key: str, sponsor: str, *, now: datetime, actor: Actor) -> None:
        """Take a sponsor from a user.

        :raises ObjectNotFound: the user does not exist, or has no such sponsor.
        """
        async with self.database.transaction() as conn:
            user = await finding.user(conn, key)
            pairs = [(user.id, sponsor.lower())]
            if not await changes.remove_sponsors(conn, pairs, now=now, actor=actor):
                raise ObjectNotFound(sponsor)

    async def change_licenses(
        self,
        key: str,
        add: Sequence[AssignedLicense],
        remove: Collection[str],
        *,
        now: datetime,
        actor: Actor,
    ) -> User:
        """Give a user licences and take others away, by SKU; give the user as it is then.

        :raises ObjectNotFound: there is no such user.
        :raises DirectoryError: a licence to be taken away is not held, or none is asked for.
        """
        async with self.database.transaction() as conn:
            user = await finding.user(conn, key, lock=True)
            held = {license.sku_id: license for license in user.assigned_licenses}
            if missing := [sku for sku in remove if sku not in held]:
                raise DirectoryError(
                    f"User does not have a corresponding license: '{missing[0]}'.",
                    target="removeLicenses",
                )
            kept = {sku: license for sku, license in held.items() if sku not in set(remove)}
            after = [*{**kept, **{license.sku_id: license for license in add}}.values()]
            await changes.set_licenses(conn, {user.id: after}, now=now, actor=actor)
            return msgspec.structs.replace(user, assigned_licenses=after)

    async def revoke_sessions(self, key: str, *, now: datetime, actor: Actor) -> None:
        """Make all sessions of a user invalid.

        :raises ObjectNotFound: there is no such user.
        """
        async with self.database.transaction() as conn:
            user = await finding.user(conn, key)
            await changes.revoke_sign_in_sessions(conn, [user.id], now=now, actor=actor)


async def _add_sponsors(
    conn: AsyncConnection, user_id: str, ids: Sequence[str], *, now: datetime, actor: Actor
) -> None:
    pairs = [(user_id, sponsor) for sponsor in ids]
    added = await changes.add_sponsors(conn, pairs, now=now, actor=actor)
    if passed_over := set(pairs) - added:
        sponsors = (await store.sponsors(conn, [user_id]))[user_id]
        await explain(conn, passed_over, sponsors, "sponsors")


def _without_links(user: User) -> User:
    return msgspec.structs.replace(user, manager=UNSET, sponsors=UNSET)
