"""Use cases of the roles of entitlement management."""

from __future__ import annotations

from dataclasses import dataclass

from ostiary.audit.events import Target
from ostiary.audit.store import record
from ostiary.directory import store as directory
from ostiary.entitlement.errors import NotThere, OperationNotAllowed
from ostiary.entitlement.model.roles import UnifiedRoleAssignment
from ostiary.entitlement.roles import (
    CATALOG_SCOPE,
    DEFINITIONS,
    SERVICE_SCOPE,
    Role,
    catalog_in,
    catalog_scope,
)
from ostiary.entitlement.service.acts import Act
from ostiary.entitlement.store import catalogs as catalog_store
from ostiary.entitlement.store import roles as store
from ostiary.graph.errors import InvalidModel
from ostiary.storage.database import Database
from ostiary.storage.ids import new_id


@dataclass(frozen=True, slots=True)
class Roles:
    """What can be done to role assignments."""

    database: Database

    async def assign(self, draft: UnifiedRoleAssignment, act: Act) -> UnifiedRoleAssignment:
        """Give somebody a role in a catalog, or in the whole service.

        :raises InvalidModel: principal, role or scope is missing or does not exist.
        :raises OperationNotAllowed: the principal has the role there.
        """
        role = _role(draft)
        scope = draft.app_scope_id or draft.directory_scope_id or ""
        catalog_id = _catalog(role, scope)
        principal_id = (draft.principal_id or "").lower()
        made = UnifiedRoleAssignment(
            id=new_id(),
            principal_id=principal_id,
            role_definition_id=role.value,
            app_scope_id=catalog_scope(catalog_id) if catalog_id else SERVICE_SCOPE,
        )
        async with self.database.transaction() as conn:
            if principal_id not in await directory.references(conn, [principal_id]):
                raise InvalidModel(
                    "'principalId' must be the id of a user, a group or a service principal.",
                    target="principalId",
                )
            if catalog_id and await catalog_store.catalog(conn, catalog_id, lock=True) is None:
                raise InvalidModel(f"There is no catalog '{catalog_id}'.", target="appScopeId")
            if not await store.insert_assignment(conn, made, catalog_id=catalog_id, now=act.now):
                raise OperationNotAllowed("The principal already has this role there.")
            event = act.event(
                "Add Entitlement Management role assignment", "Assign", *_targets(made)
            )
            await record(conn, [event], now=act.now)
        return made

    async def revoke(self, key: str, act: Act) -> None:
        """Take a role away.

        :raises NotThere: there is no such assignment.
        """
        async with self.database.transaction() as conn:
            existing = await store.assignment(conn, key)
            if existing is None:
                raise NotThere("roleAssignment", key)
            await store.delete_assignments(conn, [key])
            event = act.event(
                "Remove Entitlement Management role assignment", "Unassign", *_targets(existing)
            )
            await record(conn, [event], now=act.now)


def _role(draft: UnifiedRoleAssignment) -> Role:
    nested = draft.role_definition.id if draft.role_definition else None
    named = (draft.role_definition_id or nested or "").lower()
    if named not in {role.value for role in Role}:
        raise InvalidModel(
            "'roleDefinitionId' must be one of "
            + ", ".join(f"'{role.value}' ({DEFINITIONS[role].name})" for role in Role)
            + ".",
            target="roleDefinitionId",
        )
    return Role(named)


def _catalog(role: Role, scope: str) -> str | None:
    """Give the catalog of a scope that fits a role; None for the whole service."""
    if role is Role.CATALOG_CREATOR:
        if scope != SERVICE_SCOPE:
            raise InvalidModel("'appScopeId' must be '/' for this role.", target="appScopeId")
        return None
    catalog_id = catalog_in(scope)
    if catalog_id is None:
        raise InvalidModel(
            f"'appScopeId' must be '{CATALOG_SCOPE}{{catalogId}}' for this role.",
            target="appScopeId",
        )
    return catalog_id


def _targets(assignment: UnifiedRoleAssignment) -> tuple[Target, Target]:
    role = Role(assignment.role_definition_id or "")
    return (
        Target(id=role.value, type="Role", display_name=DEFINITIONS[role].name),
        Target(id=assignment.principal_id or "", type="DirectoryObject"),
    )
