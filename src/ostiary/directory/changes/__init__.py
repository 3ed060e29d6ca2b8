"""Use cases of the directory that run in the caller's transaction.

Each takes a batch, is idempotent, writes its audit records in the same transaction, and tells what
it changed. None checks who may: that is decided where the request comes in.
"""

from __future__ import annotations

from ostiary.directory.changes.applications import (
    add_applications,
    add_secrets,
    add_service_principals,
    delete_applications,
    remove_secrets,
    update_applications,
    update_service_principals,
)
from ostiary.directory.changes.grants import grant_roles, revoke_roles
from ostiary.directory.changes.groups import add_groups, update_groups
from ostiary.directory.changes.links import (
    add_members,
    add_owners,
    add_sponsors,
    remove_members,
    remove_owners,
    remove_sponsors,
)
from ostiary.directory.changes.people import (
    add_users,
    revoke_sign_in_sessions,
    set_account_enabled,
    set_licenses,
    set_managers,
    update_users,
)
from ostiary.directory.changes.storing import delete_objects, restore_objects
from ostiary.directory.changes.well_known import ensure_well_known

__all__ = [
    "add_applications",
    "add_groups",
    "add_members",
    "add_owners",
    "add_secrets",
    "add_service_principals",
    "add_sponsors",
    "add_users",
    "delete_applications",
    "delete_objects",
    "ensure_well_known",
    "grant_roles",
    "remove_members",
    "remove_owners",
    "remove_secrets",
    "remove_sponsors",
    "restore_objects",
    "revoke_roles",
    "revoke_sign_in_sessions",
    "set_account_enabled",
    "set_licenses",
    "set_managers",
    "update_applications",
    "update_groups",
    "update_service_principals",
    "update_users",
]
