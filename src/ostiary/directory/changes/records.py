"""Audit records of the directory, in the words of the published audit log."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ostiary.audit.events import Actor, AuditEvent, Change, Target
from ostiary.directory.changed import spelled
from ostiary.directory.model import DirectoryObject
from ostiary.directory.objects import Kind, Reference
from ostiary.directory.store import Values

SERVICE = "Core Directory"

CATEGORIES: Mapping[Kind, str] = {
    Kind.USER: "UserManagement",
    Kind.GROUP: "GroupManagement",
    Kind.APPLICATION: "ApplicationManagement",
    Kind.SERVICE_PRINCIPAL: "ApplicationManagement",
}


@dataclass(frozen=True, slots=True)
class Phrase:
    """A kind of record: the fixed name of the activity, its operation and its category."""

    activity: str
    operation: str
    category: str

    def record(self, actor: Actor, *targets: Target) -> AuditEvent:
        """Say that ``actor`` did it to ``targets``."""
        return AuditEvent(
            activity=self.activity,
            category=self.category,
            service=SERVICE,
            operation=self.operation,
            actor=actor,
            targets=targets,
        )


ADD_USER = Phrase("Add user", "Add", "UserManagement")
UPDATE_USER = Phrase("Update user", "Update", "UserManagement")
DELETE_USER = Phrase("Delete user", "Delete", "UserManagement")
ENABLE_ACCOUNT = Phrase("Enable account", "Update", "UserManagement")
DISABLE_ACCOUNT = Phrase("Disable account", "Update", "UserManagement")
SET_MANAGER = Phrase("Set user manager", "Assign", "UserManagement")
ADD_SPONSOR = Phrase("Add user sponsor", "Assign", "UserManagement")
REMOVE_SPONSOR = Phrase("Remove user sponsor", "Unassign", "UserManagement")
REVOKE_SESSIONS = Phrase("Update StsRefreshTokenValidFrom Timestamp", "Update", "UserManagement")
CHANGE_LICENSES = Phrase("Change user license", "Update", "UserManagement")

ADD_GROUP = Phrase("Add group", "Add", "GroupManagement")
UPDATE_GROUP = Phrase("Update group", "Update", "GroupManagement")
DELETE_GROUP = Phrase("Delete group", "Delete", "GroupManagement")
ADD_MEMBER = Phrase("Add member to group", "Assign", "GroupManagement")
REMOVE_MEMBER = Phrase("Remove member from group", "Unassign", "GroupManagement")
ADD_GROUP_OWNER = Phrase("Add owner to group", "Assign", "GroupManagement")
REMOVE_GROUP_OWNER = Phrase("Remove owner from group", "Unassign", "GroupManagement")

ADD_APPLICATION = Phrase("Add application", "Add", "ApplicationManagement")
UPDATE_APPLICATION = Phrase("Update application", "Update", "ApplicationManagement")
DELETE_APPLICATION = Phrase("Delete application", "Delete", "ApplicationManagement")
CHANGE_SECRETS = Phrase(
    "Update application – Certificates and secrets management", "Update", "ApplicationManagement"
)
ADD_APPLICATION_OWNER = Phrase("Add owner to application", "Assign", "ApplicationManagement")
REMOVE_APPLICATION_OWNER = Phrase(
    "Remove owner from application", "Unassign", "ApplicationManagement"
)
ADD_SERVICE_PRINCIPAL = Phrase("Add service principal", "Add", "ApplicationManagement")
UPDATE_SERVICE_PRINCIPAL = Phrase("Update service principal", "Update", "ApplicationManagement")
DELETE_SERVICE_PRINCIPAL = Phrase("Remove service principal", "Delete", "ApplicationManagement")

RESTORE: Mapping[Kind, Phrase] = {
    Kind.USER: Phrase("Restore user", "Update", "UserManagement"),
    Kind.GROUP: Phrase("Restore group", "Update", "GroupManagement"),
    Kind.APPLICATION: Phrase("Restore application", "Update", "ApplicationManagement"),
    Kind.SERVICE_PRINCIPAL: Phrase("Restore service principal", "Update", "ApplicationManagement"),
}
DELETE: Mapping[Kind, Phrase] = {
    Kind.USER: DELETE_USER,
    Kind.GROUP: DELETE_GROUP,
    Kind.APPLICATION: DELETE_APPLICATION,
    Kind.SERVICE_PRINCIPAL: DELETE_SERVICE_PRINCIPAL,
}


def role_phrase(kind: Kind, *, granted: bool) -> Phrase:
    """Give the phrase for a role that an object of ``kind`` gets or loses."""
    holder = {Kind.USER: "user", Kind.GROUP: "group"}.get(kind, "service principal")
    category = CATEGORIES[kind]
    if granted:
        return Phrase(f"Add app role assignment to {holder}", "Assign", category)
    return Phrase(f"Remove app role assignment from {holder}", "Unassign", category)


def target(reference: Reference, changes: tuple[Change, ...] = ()) -> Target:
    """Name an object in a record."""
    return Target(
        id=reference.id,
        type=reference.kind.noun,
        display_name=reference.display_name,
        user_principal_name=reference.user_principal_name,
        changes=changes,
    )


def wire_target(entity: DirectoryObject, changes: tuple[Change, ...] = ()) -> Target:
    """Name an object in a record, from its wire type."""
    return Target(
        id=entity.id,
        type=type(entity).__name__,
        display_name=getattr(entity, "display_name", None),
        user_principal_name=getattr(entity, "user_principal_name", None),
        changes=changes,
    )


def change_of(name: str, old: object, new: object) -> Change:
    """Tell of one property; instants become text."""
    return Change(spelled(name), _jsonable(old), _jsonable(new))


def changes_of(before: Values, after: Values) -> tuple[Change, ...]:
    """Tell of each column of ``after`` that had another value in ``before``."""
    return tuple(
        change_of(name, before.get(name), value)
        for name, value in after.items()
        if name != "unique_name"
    )


def _jsonable(value: Any) -> Any:  # any column value
    return value.isoformat() if isinstance(value, datetime) else value
