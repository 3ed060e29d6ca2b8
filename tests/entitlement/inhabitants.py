"""The directory of a deployment under test: who is in it, and what they belong to."""

from __future__ import annotations

from typing import Any

import msgspec

from ostiary.audit.events import Actor
from ostiary.directory import changes, model, store
from ostiary.directory.objects import Kind
from ostiary.storage.database import Database
from tests.support.clocks import FixedClock

ADMINISTRATOR = Actor(kind="app", id="00000000-0000-4000-8000-00000000aaaa", app_id="an-app")


class Inhabitants:
    """Makes, changes and deletes people and groups, as an administrator."""

    database: Database
    clock: FixedClock

    async def person(self, alias: str, **properties: Any) -> str:
        """Create somebody and give their id."""
        address = f"{alias}@contoso.example"
        named = {"user_principal_name": address, "mail": address, **properties}
        draft = model.User(display_name=alias.title(), **named)
        async with self.database.transaction() as conn:
            now = self.clock.now()
            (made,) = await changes.add_users(conn, [draft], now=now, actor=ADMINISTRATOR)
        return made.id

    async def user(self, id: str) -> model.User:
        """Give a user with every property."""
        async with self.database.reading() as conn:
            return (await store.users(conn, [id]))[id]

    async def is_known(self, id: str) -> bool:
        """Say whether somebody is in the directory, and not deleted."""
        async with self.database.reading() as conn:
            return id in await store.references(conn, [id])

    async def change(self, id: str, **properties: Any) -> None:
        """Give a user other properties."""
        before = await self.user(id)
        async with self.database.transaction() as conn:
            pairs = [(before, msgspec.structs.replace(before, **properties))]
            now = self.clock.now()
            await changes.update_users(conn, pairs, now=now, actor=ADMINISTRATOR)

    async def service_principal(self, name: str) -> str:
        """Create an application that acts in the directory; give the id of its principal."""
        draft = model.Application(display_name=name)
        async with self.database.transaction() as conn:
            now = self.clock.now()
            made = await changes.add_applications(conn, [draft], now=now, actor=ADMINISTRATOR)
            (principal,) = await changes.add_service_principals(
                conn, made, now=now, actor=ADMINISTRATOR
            )
        return principal.id

    async def manages(self, manager: str, *people: str) -> None:
        """Make somebody the manager of others."""
        async with self.database.transaction() as conn:
            pairs: dict[str, str | None] = dict.fromkeys(people, manager)
            now = self.clock.now()
            await changes.set_managers(conn, pairs, now=now, actor=ADMINISTRATOR)

    async def group(self, name: str) -> str:
        """Create a security group and give its id."""
        draft = model.Group(
            display_name=name,
            mail_nickname=name.lower(),
            mail_enabled=False,
            security_enabled=True,
        )
        async with self.database.transaction() as conn:
            now = self.clock.now()
            (made,) = await changes.add_groups(conn, [draft], now=now, actor=ADMINISTRATOR)
        return made.id

    async def join(self, group: str, *members: str) -> None:
        """Put members into a group."""
        async with self.database.transaction() as conn:
            pairs = [(group, member) for member in members]
            await changes.add_members(conn, pairs, now=self.clock.now(), actor=ADMINISTRATOR)

    async def members(self, group: str) -> set[str]:
        """Give the members of a group."""
        async with self.database.reading() as conn:
            return (await store.group_members(conn, [group]))[group]

    async def leave(self, group: str, *members: str) -> None:
        """Take members out of a group."""
        async with self.database.transaction() as conn:
            pairs = [(group, member) for member in members]
            now = self.clock.now()
            await changes.remove_members(conn, pairs, now=now, actor=ADMINISTRATOR)

    async def owns(self, person: str, group: str) -> None:
        """Make somebody an owner of a group."""
        async with self.database.transaction() as conn:
            now = self.clock.now()
            await changes.add_owners(conn, [(group, person)], now=now, actor=ADMINISTRATOR)

    async def owners(self, group: str) -> set[str]:
        """Give the owners of a group."""
        async with self.database.reading() as conn:
            return (await store.owners(conn, [group]))[group]

    async def restore_group(self, group: str) -> None:
        """Bring a deleted group back."""
        async with self.database.transaction() as conn:
            now = self.clock.now()
            await changes.restore_objects(conn, [group], now=now, actor=ADMINISTRATOR)

    async def drop_group(self, group: str) -> None:
        """Delete a group."""
        async with self.database.transaction() as conn:
            now = self.clock.now()
            await changes.delete_objects(conn, Kind.GROUP, [group], now=now, actor=ADMINISTRATOR)
