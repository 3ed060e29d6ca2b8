"""Making tokens of the development issuer, for people and for applications."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import NAMESPACE_URL, UUID, uuid5

from ostiary.cli.issuing import issuer
from ostiary.cli.problems import Failed, Misused, nearest
from ostiary.directory.clients import DirectoryClients
from ostiary.identity.catalogue import DIRECTORY_ROLES, PERMISSIONS, directory_role
from ostiary.identity.issuer import DevelopmentIssuer, IssuedToken
from ostiary.identity.ports import Client, Clients
from ostiary.server.deployment import Deployment

EVERY_SCOPE: Final = (
    "Application.ReadWrite.All",
    "AppRoleAssignment.ReadWrite.All",
    "AuditLog.Read.All",
    "Directory.Read.All",
    "EntitlementManagement.ReadWrite.All",
    "Group.ReadWrite.All",
    "LifecycleWorkflows.ReadWrite.All",
    "RoleManagement.ReadWrite.Directory",
    "User.ReadWrite.All",
)
"""Scopes that open every operation; what a person may do then is up to roles and relations."""


@dataclass(frozen=True, slots=True)
class Mint:
    """An issuer, with those whom it gives tokens."""

    issuer: DevelopmentIssuer
    clients: Clients
    now: Callable[[], datetime]

    @classmethod
    def of(cls, deployment: Deployment) -> Mint:
        """Give that of a deployment.

        :raises Failed: the issuer is off there.
        """
        now = deployment.clock.now
        return cls(issuer(deployment), DirectoryClients(deployment.database, now), now)

    async def for_person(
        self, who: str, *, scopes: Sequence[str], roles: Sequence[str]
    ) -> IssuedToken:
        """Make a token for a person who exists, by object id or user principal name.

        :raises Misused: a scope or a role is none.
        :raises Failed: nobody has that name.
        """
        _check_scopes(scopes)
        templates = [_template(role) for role in roles]
        person = await self.clients.person(who)
        if person is None:
            raise Failed(
                f"There is no person {who!r} in this directory. Name one by user principal name or "
                "object id; GET /v1.0/users lists them."
            )
        return self.issuer.for_user(
            person, now=self.now(), scopes=scopes or EVERY_SCOPE, directory_roles=templates
        )

    async def for_application(self, app_id: str, *, roles: Sequence[str]) -> IssuedToken:
        """Make a token for an application: with the roles given, or else those it was granted.

        :raises Misused: a role is none.
        :raises Failed: nobody registered it and no role is given.
        """
        check_app_roles(roles)
        name = _normal(app_id)
        client = await self.clients.client(name)
        if client is None and not roles:
            raise Failed(
                f"No application {app_id!r} is registered: register it (ostiary app add --app-id "
                f"{app_id} --secret SECRET --role ROLE), or say with --role what its token may do."
            )
        client = client or _unregistered(name, self.issuer.tenant_id)
        return self.issuer.for_app(client, now=self.now(), roles=tuple(roles) or None)


def _unregistered(app_id: str, tenant_id: str) -> Client:
    """Give an application that nobody registered an object id of its own, always the same."""
    object_id = str(uuid5(NAMESPACE_URL, f"{tenant_id}/applications/{app_id}"))
    return Client(app_id=app_id, object_id=object_id)


def _normal(app_id: str) -> str:
    try:
        return str(UUID(app_id))
    except ValueError:
        return app_id


def _template(role: str) -> str:
    found = directory_role(role)
    if found is None:
        known = sorted(DIRECTORY_ROLES.values())
        raise Misused(
            f"{role!r} is no directory role.{nearest(role, known)} There are: {', '.join(known)}."
        )
    return found


def _check_scopes(scopes: Sequence[str]) -> None:
    known = sorted(p.name for p in PERMISSIONS.values() if p.delegated_id)
    for scope in scopes:
        if scope not in known:
            raise Misused(f"{scope!r} is no scope.{nearest(scope, known)}")


def check_app_roles(roles: Sequence[str]) -> None:
    """Let pass what application roles there are.

    :raises Misused: one is none.
    """
    known = sorted(p.name for p in PERMISSIONS.values() if p.application_id)
    for role in roles:
        if role not in known:
            raise Misused(f"{role!r} is no application role.{nearest(role, known)}")
