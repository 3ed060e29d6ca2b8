"""The five roles of entitlement management, what each allows, and the checks that routes use.

A role is held in one catalog, or (catalog creator) in the whole service. What somebody may see of a
list is decided row by row (``seen_catalogs``), what they may do is decided by the catalog of the
object (``RoleChecks``); neither is remembered between requests.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from sqlalchemy import Select
from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.entitlement.store import roles as store
from ostiary.graph.resources import Call
from ostiary.identity.matrix import EM_READ
from ostiary.identity.permissions import RoleCheck, allows
from ostiary.identity.principals import Principal, principal
from ostiary.storage.database import Database

SERVICE_SCOPE: Final = "/"
CATALOG_SCOPE: Final = "/AccessPackageCatalog/"


class Role(StrEnum):
    """The roles, by the ids of their definitions, which are the same everywhere."""

    CATALOG_CREATOR = "ba92d953-d8e0-4e39-a797-0cbedb0a89e8"
    CATALOG_OWNER = "ae79f266-94d4-4dab-b730-feca7e132178"
    CATALOG_READER = "44272f93-9762-48e8-af59-1b5351b1d6b3"
    PACKAGE_MANAGER = "7f480852-ebdc-47d4-87de-0d8498384a83"
    ASSIGNMENT_MANAGER = "e2182095-804a-4656-ae11-64734e9b7ae5"


@dataclass(frozen=True, slots=True)
class Definition:
    """How a role is called and what it is for."""

    name: str
    description: str


DEFINITIONS: Final[dict[Role, Definition]] = {
    Role.CATALOG_CREATOR: Definition(
        "Catalog creator", "Create new catalogs, and own those that one has created."
    ),
    Role.CATALOG_OWNER: Definition(
        "Catalog owner",
        "Edit the catalog, its resources, extensions, access packages and role assignments.",
    ),
    Role.CATALOG_READER: Definition("Catalog reader", "View the catalog and what is in it."),
    Role.PACKAGE_MANAGER: Definition(
        "Access package manager", "Edit and manage the existing access packages of the catalog."
    ),
    Role.ASSIGNMENT_MANAGER: Definition(
        "Access package assignment manager",
        "Assign the access packages of the catalog, remove them, and resume requests.",
    ),
}


class Task(StrEnum):
    """What roles are for."""

    CREATE_CATALOG = "create catalogs"
    OWN = "edit the catalog, its resources, extensions and roles"
    PACKAGE = "edit packages, policies and role scopes"
    ASSIGN = "assign, remove, reprocess, cancel and resume"
    VIEW = "view"


MAY: Final[dict[Task, frozenset[Role]]] = {
    Task.CREATE_CATALOG: frozenset({Role.CATALOG_CREATOR}),
    Task.OWN: frozenset({Role.CATALOG_OWNER}),
    Task.PACKAGE: frozenset({Role.CATALOG_OWNER, Role.PACKAGE_MANAGER}),
    Task.ASSIGN: frozenset({Role.CATALOG_OWNER, Role.PACKAGE_MANAGER, Role.ASSIGNMENT_MANAGER}),
    Task.VIEW: frozenset(
        {
            Role.CATALOG_OWNER,
            Role.CATALOG_READER,
            Role.PACKAGE_MANAGER,
            Role.ASSIGNMENT_MANAGER,
        }
    ),
}

FindCatalog = Callable[[AsyncConnection, Call], Awaitable[str | None]]
"""Say in which catalog the object of a call is; None: there is no such object."""


def catalog_scope(catalog_id: str) -> str:
    """Give the scope of a role that is held in a catalog."""
    return CATALOG_SCOPE + catalog_id


def catalog_in(scope: str) -> str | None:
    """Give the catalog that a scope names; None when it names none."""
    head, _, key = scope.rpartition("/")
    return key.lower() if f"{head}/".lower() == CATALOG_SCOPE.lower() and key else None


def seen_catalogs(call: Call) -> Select[tuple[str]] | None:
    """Select the catalogs that the caller may look into; None: all of them."""
    caller = principal(call)
    if allows(EM_READ, caller):
        return None
    return store.catalogs_of(caller.object_id, MAY[Task.VIEW])


@dataclass(frozen=True, slots=True)
class RoleChecks:
    """Makes the checks that endpoints ask for when the token alone does not suffice."""

    database: Database

    def anywhere(self, task: Task) -> RoleCheck:
        """Check for a role in any catalog: lists then show what is in those catalogs."""

        async def check(_: Call, caller: Principal) -> bool:
            async with self.database.reading() as conn:
                return await store.holds_anywhere(conn, caller.object_id, MAY[task])

        return check

    def on(self, task: Task, find: FindCatalog) -> RoleCheck:
        """Check for a role in the catalog of the object that the call is about."""

        async def check(call: Call, caller: Principal) -> bool:
            async with self.database.reading() as conn:
                catalog_id = await find(conn, call)
                if catalog_id is None:
                    return False
                return await store.holds(conn, caller.object_id, MAY[task], catalog_id)

        return check
