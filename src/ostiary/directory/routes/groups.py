"""``/groups`` with their members and owners.

Who owns a group may change it and its members without a role in the directory.
"""

from __future__ import annotations

from dataclasses import dataclass

from ostiary.directory import sources, store
from ostiary.directory.model import Group
from ostiary.directory.objects import Kind
from ostiary.directory.routes.deltas import delta_of
from ostiary.directory.routes.grants import grants_below
from ostiary.directory.routes.memberships import membership_questions
from ostiary.directory.service import Directory, Groups
from ostiary.graph.resources import Call, Endpoint, EntitySet, References
from ostiary.identity import matrix
from ostiary.identity.permissions import RoleCheck, requires
from ostiary.identity.principals import Principal, principal
from ostiary.storage.database import Database


@dataclass(frozen=True, slots=True)
class _Handlers:
    groups: Groups

    async def create(self, call: Call) -> Group:
        """POST /groups"""
        actor = principal(call).actor()
        return await self.groups.create(call.create(Group), now=call.now, actor=actor)

    async def update(self, call: Call) -> Group:
        """PATCH /groups/{id}"""
        actor = principal(call).actor()
        return await self.groups.update(call.key("groups"), call.merge, now=call.now, actor=actor)

    async def delete(self, call: Call) -> None:
        """DELETE /groups/{id}"""
        actor = principal(call).actor()
        await self.groups.delete(call.key("groups"), now=call.now, actor=actor)

    async def add_member(self, call: Call) -> None:
        """POST /groups/{id}/members/$ref"""
        _, member = call.reference()
        actor = principal(call).actor()
        await self.groups.add_member(call.key("groups"), member, now=call.now, actor=actor)

    async def remove_member(self, call: Call) -> None:
        """DELETE /groups/{id}/members/{id}/$ref"""
        member = call.key("members")
        actor = principal(call).actor()
        await self.groups.remove_member(call.key("groups"), member, now=call.now, actor=actor)

    async def add_owner(self, call: Call) -> None:
        """POST /groups/{id}/owners/$ref"""
        _, owner = call.reference()
        actor = principal(call).actor()
        await self.groups.add_owner(call.key("groups"), owner, now=call.now, actor=actor)

    async def remove_owner(self, call: Call) -> None:
        """DELETE /groups/{id}/owners/{id}/$ref"""
        owner = call.key("owners")
        actor = principal(call).actor()
        await self.groups.remove_owner(call.key("groups"), owner, now=call.now, actor=actor)


def groups(directory: Directory) -> EntitySet:
    """Declare ``/groups``."""
    handlers = _Handlers(directory.groups)
    owner = _owner(directory.database)
    write = requires(matrix.GROUPS_WRITE, role=owner)
    read_members = requires(matrix.GROUP_MEMBERS_READ)
    write_members = requires(matrix.GROUP_MEMBERS_WRITE, role=owner)
    members = EntitySet(
        name="members",
        source=sources.DIRECTORY_OBJECTS,
        link="members",
        read=read_members,
        references=References(
            add=Endpoint(write_members, handlers.add_member),
            remove=Endpoint(write_members, handlers.remove_member),
        ),
    )
    owners = EntitySet(
        name="owners",
        source=sources.DIRECTORY_OBJECTS,
        link="owners",
        read=read_members,
        references=References(
            add=Endpoint(write, handlers.add_owner),
            remove=Endpoint(write, handlers.remove_owner),
        ),
    )
    return EntitySet(
        name="groups",
        source=sources.GROUPS,
        read=requires(matrix.GROUPS_READ),
        create=Endpoint(requires(matrix.GROUPS_CREATE), handlers.create),
        update=Endpoint(write, handlers.update),
        delete=Endpoint(write, handlers.delete),
        children=(members, owners, grants_below("groups", directory)),
        operations=(
            delta_of(Kind.GROUP, Group, directory, requires(matrix.GROUPS_READ)),
            *membership_questions("groups", Kind.GROUP, directory, read_members),
        ),
    )


def _owner(database: Database) -> RoleCheck:
    async def owns(call: Call, caller: Principal) -> bool:
        group_id = call.key("groups").lower()
        async with database.reading() as conn:
            return caller.object_id in (await store.owners(conn, [group_id]))[group_id]

    return owns
