"""``appRoleAssignments`` below whoever holds a role, ``appRoleAssignedTo`` below what gives it."""

from __future__ import annotations

from ostiary.directory import sources
from ostiary.directory.applications import DEFAULT_ACCESS, Grant, guid
from ostiary.directory.model import AppRoleAssignment
from ostiary.directory.service import Directory
from ostiary.directory.store import GRANTS
from ostiary.graph.resources import Call, Endpoint, EntitySet
from ostiary.identity import matrix
from ostiary.identity.permissions import requires
from ostiary.identity.principals import principal

_READ = requires(matrix.APP_ROLES_READ)
_WRITE = requires(matrix.APP_ROLES_WRITE)


def grants_below(parent: str, directory: Directory) -> EntitySet:
    """Declare ``appRoleAssignments`` of the set ``parent``: roles that its objects hold."""
    return _grants("appRoleAssignments", parent, directory, side="principal_id")


def grants_of(parent: str, directory: Directory) -> EntitySet:
    """Declare ``appRoleAssignedTo`` of the set ``parent``: who holds roles of its objects."""
    return _grants("appRoleAssignedTo", parent, directory, side="resource_id")


def _grants(name: str, parent: str, directory: Directory, *, side: str) -> EntitySet:
    async def create(call: Call) -> AppRoleAssignment:
        """POST …/appRoleAssignments, …/appRoleAssignedTo"""
        grant = _asked(call.create(AppRoleAssignment))
        return await directory.applications.grant(
            grant, of=call.key(parent), now=call.now, actor=principal(call).actor()
        )

    async def delete(call: Call) -> None:
        """DELETE …/appRoleAssignments/{id}, …/appRoleAssignedTo/{id}"""
        await directory.applications.revoke(
            call.key(name), of=call.key(parent), now=call.now, actor=principal(call).actor()
        )

    return EntitySet(
        name=name,
        source=sources.APP_ROLE_ASSIGNMENTS,
        read=_READ,
        within=GRANTS.c[side],
        create=Endpoint(_WRITE, create),
        delete=Endpoint(_WRITE, delete),
    )


def _asked(body: AppRoleAssignment) -> Grant:
    """Read the role that a body asks for.

    :raises DirectoryError: an id is missing or no GUID.
    """
    resource = "AppRoleAssignment"
    return Grant(
        principal_id=guid(body.principal_id, "principalId", resource),
        resource_id=guid(body.resource_id, "resourceId", resource),
        app_role_id=guid(body.app_role_id or DEFAULT_ACCESS, "appRoleId", resource),
    )
