"""Use cases of the API about one group, its members and its owners."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

import msgspec
from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.audit.events import Actor
from ostiary.directory import changes, store
from ostiary.directory.errors import DirectoryError, ObjectNotFound
from ostiary.directory.model import Group
from ostiary.directory.objects import Kind
from ostiary.directory.service import finding
from ostiary.directory.service.binding import bound_ids, explain
from ostiary.graph.types import UNSET
from ostiary.storage.database import Database

GroupChange = Callable[[Group], Group]
"""A change that a request asks for: pure, the stored group in, the wanted one out."""


@dataclass(frozen=True, slots=True)
class Groups:
    """Groups; each is named by id."""

    database: Database

    async def create(self, draft: Group, *, now: datetime, actor: Actor) -> Group:
        """Create a group with the members and owners that the draft names.

        A person who creates a group without naming an owner owns it.

        :raises DirectoryError: a property is missing or wrong.
        :raises ObjectNotFound: a member or an owner does not exist.
        """
        async with self.database.transaction() as conn:
            (made,) = await changes.add_groups(conn, [draft], now=now, actor=actor)
            await _bind(conn, made, now=now, actor=actor)
            if made.owners is UNSET and actor.kind == "user":
                pairs = [(made.id, actor.id)]
                await changes.add_owners(conn, pairs, now=now, actor=actor)
            return _without_links(made)

    async def update(self, key: str, change: GroupChange, *, now: datetime, actor: Actor) -> Group:
        """Change a group; members and owners that the change names are added.

        :raises ObjectNotFound: the group, or somebody to be added, does not exist.
        :raises DirectoryError: a property may not change, or not to its new value.
        """
        async with self.database.transaction() as conn:
            before = await finding.group(conn, key, lock=True)
            after = change(before)
            await changes.update_groups(conn, [(before, after)], now=now, actor=actor)
            await _bind(conn, after, now=now, actor=actor)
            return _without_links(after)

    async def delete(self, key: str, *, now: datetime, actor: Actor) -> None:
        """Delete a group so that it can be restored.

        :raises ObjectNotFound: there is none.
        """
        async with self.database.transaction() as conn:
            group = await finding.group(conn, key)
            await changes.delete_objects(conn, Kind.GROUP, [group.id], now=now, actor=actor)

    async def add_member(self, key: str, member: str, *, now: datetime, actor: Actor) -> None:
        """Put somebody into a group.

        :raises ObjectNotFound: the group or the member does not exist.
        :raises ReferenceExists: it is a member already.
        :raises DirectoryError: its members are decided elsewhere, or this cannot be one.
        """
        async with self.database.transaction() as conn:
            group = await finding.group(conn, key)
            ids = [(await finding.any_object(conn, member)).id]
            await _add_members(conn, group, ids, now=now, actor=actor)

    async def remove_member(self, key: str, member: str, *, now: datetime, actor: Actor) -> None:
        """Take somebody out of a group.

        :raises ObjectNotFound: the group does not exist, or has no such member.
        :raises DirectoryError: its members are decided elsewhere.
        """
        async with self.database.transaction() as conn:
            group = await finding.group(conn, key)
            _check_members_are_ours(group)
            pairs = [(group.id, member.lower())]
            if not await changes.remove_members(conn, pairs, now=now, actor=actor):
                raise ObjectNotFound(member)

    async def add_owner(self, key: str, owner: str, *, now: datetime, actor: Actor) -> None:
        """Give a group an owner.

        :raises ObjectNotFound: the group or the owner does not exist.
        :raises ReferenceExists: it is an owner already.
        """
        async with self.database.transaction() as conn:
            group = await finding.group(conn, key)
            ids = [(await finding.any_object(conn, owner)).id]
            await _add_owners(conn, group.id, ids, now=now, actor=actor)

    async def remove_owner(self, key: str, owner: str, *, now: datetime, actor: Actor) -> None:
        """Take an owner from a group.

        :raises ObjectNotFound: the group does not exist, or has no such owner.
        """
        async with self.database.transaction() as conn:
            group = await finding.group(conn, key)
            pairs = [(group.id, owner.lower())]
            if not await changes.remove_owners(conn, pairs, now=now, actor=actor):
                raise ObjectNotFound(owner)


async def _bind(conn: AsyncConnection, group: Group, *, now: datetime, actor: Actor) -> None:
    if members := bound_ids(group.members):
        await _add_members(conn, group, members, now=now, actor=actor)
    if owners := bound_ids(group.owners):
        await _add_owners(conn, group.id, owners, now=now, actor=actor)


async def _add_members(
    conn: AsyncConnection, group: Group, ids: Sequence[str], *, now: datetime, actor: Actor
) -> None:
    _check_members_are_ours(group)
    pairs = [(group.id, member) for member in ids]
    added = await changes.add_members(conn, pairs, now=now, actor=actor)
    if passed_over := set(pairs) - added:
        members = (await store.group_members(conn, [group.id]))[group.id]
        await explain(conn, passed_over, members, "members")


async def _add_owners(
    conn: AsyncConnection, group_id: str, ids: Sequence[str], *, now: datetime, actor: Actor
) -> None:
    pairs = [(group_id, owner) for owner in ids]
    added = await changes.add_owners(conn, pairs, now=now, actor=actor)
    if passed_over := set(pairs) - added:
        owners = (await store.owners(conn, [group_id]))[group_id]
        await explain(conn, passed_over, owners, "owners")


def _check_members_are_ours(group: Group) -> None:
    if group.on_premises_sync_enabled:
        raise DirectoryError(
            "Unable to update the specified properties for on-premises mastered Directory Sync "
            "objects or objects currently undergoing migration.",
            target="members",
        )


def _without_links(group: Group) -> Group:
    return msgspec.structs.replace(group, members=UNSET, owners=UNSET)
