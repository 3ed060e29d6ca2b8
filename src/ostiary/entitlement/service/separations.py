"""Use cases of separation of duties: what a package cannot be had together with.

The relation has one direction, and concerns whoever is to get the package from now on. What people
have already stays as it is; ``additionalAccess`` finds them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.audit.events import Target
from ostiary.audit.store import record
from ostiary.directory import store as directory
from ostiary.directory.errors import ReferenceExists
from ostiary.directory.objects import Kind
from ostiary.entitlement.errors import NotThere
from ostiary.entitlement.model.catalogs import AccessPackage
from ostiary.entitlement.process import sweeping
from ostiary.entitlement.service.acts import Act
from ostiary.entitlement.store import automatic as automatic_store
from ostiary.entitlement.store import catalogs as catalog_store
from ostiary.entitlement.store import separation as store
from ostiary.graph.errors import InvalidModel
from ostiary.storage.database import Database

_ADD_PACKAGE: Final = "Add incompatible access package"
_REMOVE_PACKAGE: Final = "Remove incompatible access package"
_ADD_GROUP: Final = "Add incompatible group to access package"
_REMOVE_GROUP: Final = "Remove incompatible group from access package"


@dataclass(frozen=True, slots=True)
class Separations:
    """What can be done to the lists of what excludes packages."""

    database: Database

    async def add_package(self, key: str, other: str, act: Act) -> None:
        """Let a package not be had together with another.

        :raises NotThere: there is no such package.
        :raises InvalidModel: there is no such other package, or it is the same one.
        :raises ReferenceExists: it is so already.
        """
        if key == other:
            raise InvalidModel(
                "An access package cannot be incompatible with itself.", target="@odata.id"
            )
        async with self.database.transaction() as conn:
            found = await catalog_store.lock_packages(conn, [key, other])
            package = _package(found.get(key), key)
            if other not in found:
                raise InvalidModel(
                    f"'@odata.id' names '{other}', which is no access package.", target="@odata.id"
                )
            if not await store.add_package(conn, key, other, now=act.now):
                raise ReferenceExists("incompatibleAccessPackages")
            await _record(conn, act, _ADD_PACKAGE, "Assign", package, _named(found[other]))

    async def remove_package(self, key: str, other: str, act: Act) -> None:
        """Let a package be had together with another again.

        :raises NotThere: there is no such package, or it does not exclude this one.
        """
        async with self.database.transaction() as conn:
            package = await _locked(conn, key)
            if not await store.remove_package(conn, key, other):
                raise NotThere("incompatible access package", other)
            about = Target(id=other, type="AccessPackage")
            await _let_in(conn, act, _REMOVE_PACKAGE, package, about)

    async def add_group(self, key: str, group: str, act: Act) -> None:
        """Let nobody who is in a group get a package.

        :raises NotThere: there is no such package.
        :raises InvalidModel: there is no such group.
        :raises ReferenceExists: it is so already.
        """
        async with self.database.transaction() as conn:
            package = await _locked(conn, key)
            found = (await directory.references(conn, [group])).get(group)
            if found is None or found.kind is not Kind.GROUP:
                raise InvalidModel(
                    f"'@odata.id' names '{group}', which is no group.", target="@odata.id"
                )
            if not await store.add_group(conn, key, group, now=act.now):
                raise ReferenceExists("incompatibleGroups")
            about = Target(id=group, type="Group", display_name=found.display_name)
            await _record(conn, act, _ADD_GROUP, "Assign", package, about)

    async def remove_group(self, key: str, group: str, act: Act) -> None:
        """Let people who are in a group get a package again.

        :raises NotThere: there is no such package, or the group does not exclude it.
        """
        async with self.database.transaction() as conn:
            package = await _locked(conn, key)
            if not await store.remove_group(conn, key, group):
                raise NotThere("incompatible group", group)
            about = Target(id=group, type="Group")
            await _let_in(conn, act, _REMOVE_GROUP, package, about)


async def _let_in(
    conn: AsyncConnection, act: Act, activity: str, package: AccessPackage, about: Target
) -> None:
    """Have the automatic policy look at those whom nothing excludes any more, and record why."""
    await sweeping.sweep(conn, await automatic_store.of_package(conn, package.id), now=act.now)
    await _record(conn, act, activity, "Unassign", package, about)


async def _locked(conn: AsyncConnection, key: str) -> AccessPackage:
    return _package((await catalog_store.lock_packages(conn, [key])).get(key), key)


def _package(found: AccessPackage | None, key: str) -> AccessPackage:
    if found is None:
        raise NotThere("accessPackage", key)
    return found


def _named(package: AccessPackage) -> Target:
    return Target(id=package.id, type="AccessPackage", display_name=package.display_name)


async def _record(
    conn: AsyncConnection,
    act: Act,
    activity: str,
    operation: str,
    package: AccessPackage,
    about: Target,
) -> None:
    event = act.event(activity, operation, _named(package), about)
    await record(conn, [event], now=act.now)
