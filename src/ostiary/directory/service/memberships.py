"""Which groups an object belongs to, directly or through other groups."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.directory import store
from ostiary.directory.objects import Kind
from ostiary.directory.service import finding
from ostiary.storage.database import Database

# Finders give values of several types, of which the id alone is used.
_FINDERS: Final[dict[Kind | None, Callable[[AsyncConnection, str], Awaitable[Any]]]] = {
    Kind.USER: finding.user,
    Kind.GROUP: finding.group,
    Kind.SERVICE_PRINCIPAL: finding.service_principal,
    None: finding.any_object,
}


@dataclass(frozen=True, slots=True)
class Memberships:
    """Groups of objects; an object is named by any key of its kind (None: of whatever kind)."""

    database: Database

    async def groups_of(
        self, kind: Kind | None, key: str, *, security_enabled_only: bool = False
    ) -> list[str]:
        """Give the ids of the groups that an object belongs to.

        :raises ObjectNotFound: there is no such object.
        """
        async with self.database.reading() as conn:
            found = await _FINDERS[kind](conn, key)
            return await store.all_groups_of(
                conn, found.id, security_enabled_only=security_enabled_only
            )

    async def those_of(self, kind: Kind | None, key: str, group_ids: Sequence[str]) -> list[str]:
        """Give those of these groups that an object belongs to, in the order asked.

        :raises ObjectNotFound: there is no such object.
        """
        belongs = set(await self.groups_of(kind, key))
        return [i for i in dict.fromkeys(map(str.lower, group_ids)) if i in belongs]
