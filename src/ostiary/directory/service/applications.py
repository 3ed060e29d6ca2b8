"""Use cases of the API about applications: registrations, secrets, principals, roles."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from ostiary.audit.events import Actor
from ostiary.directory import applications, changes, store
from ostiary.directory.applications import Grant
from ostiary.directory.errors import (
    AlreadyGranted,
    DirectoryError,
    InvalidValue,
    NoSuchApplication,
    ObjectNotFound,
    PrincipalExists,
)
from ostiary.directory.model import (
    Application,
    AppRoleAssignment,
    PasswordCredential,
    ServicePrincipal,
)
from ostiary.directory.objects import Kind
from ostiary.directory.service import finding
from ostiary.identity.secrets import hash_secret, new_secret
from ostiary.storage.database import Database
from ostiary.storage.ids import new_id


@dataclass(frozen=True, slots=True)
class Applications:
    """Applications and service principals; each is named by id or appId."""

    database: Database

    async def create(self, draft: Application, *, now: datetime, actor: Actor) -> Application:
        """Register an application.

        :raises DirectoryError: a property is missing or wrong.
        """
        async with self.database.transaction() as conn:
            return (await changes.add_applications(conn, [draft], now=now, actor=actor))[0]

    async def update(
        self,
        key: str,
        change: Callable[[Application], Application],
        *,
        now: datetime,
        actor: Actor,
    ) -> Application:
        """Change an application and, with it, its service principal.

        :raises ObjectNotFound: there is no such application.
        :raises DirectoryError: a property may not change, or not to its new value.
        """
        async with self.database.transaction() as conn:
            before = await finding.application(conn, key, lock=True)
            after = change(before)
            await changes.update_applications(conn, [(before, after)], now=now, actor=actor)
            return after

    async def delete(self, key: str, *, now: datetime, actor: Actor) -> None:
        """Delete an application and its service principal.

        :raises ObjectNotFound: there is no such application.
        """
        async with self.database.transaction() as conn:
            found = await finding.application(conn, key)
            await changes.delete_applications(conn, [found.id], now=now, actor=actor)

    async def add_password(
        self, key: str, asked: PasswordCredential, *, now: datetime, actor: Actor
    ) -> PasswordCredential:
        """Make a secret for an application and give it with its text, this once.

        :raises ObjectNotFound: there is no such application.
        :raises InvalidValue: it would never be valid.
        """
        text = new_secret()
        hashed = await asyncio.to_thread(hash_secret, text)  # slow on purpose
        async with self.database.transaction() as conn:
            found = await finding.application(conn, key)
            secret = applications.new_secret(
                asked,
                key_id=new_id(),
                application_id=found.id,
                text=text,
                secret_hash=hashed,
                now=now,
            )
            await changes.add_secrets(conn, [secret], now=now, actor=actor)
            return applications.credential(secret, text=text)

    async def remove_password(self, key: str, key_id: str, *, now: datetime, actor: Actor) -> None:
        """Remove a secret of an application.

        :raises ObjectNotFound: there is no such application.
        :raises DirectoryError: it has no such secret.
        """
        async with self.database.transaction() as conn:
            found = await finding.application(conn, key)
            removed = await changes.remove_secrets(conn, found.id, [key_id], now=now, actor=actor)
            if not removed:
                raise DirectoryError(
                    f"No password credential found with keyId '{key_id}'.", target="keyId"
                )

    async def create_principal(
        self, draft: ServicePrincipal, *, now: datetime, actor: Actor
    ) -> ServicePrincipal:
        """Let a registered application act in this directory.

        :raises NoSuchApplication: no application has the appId.
        :raises PrincipalExists: it does so already.
        """
        app_id = applications.guid(draft.app_id, "appId", "ServicePrincipal")
        async with self.database.transaction() as conn:
            if await store.service_principals_by_app_id(conn, [app_id]):
                raise PrincipalExists(app_id)
            registered = await store.applications_by_app_id(conn, [app_id])
            if app_id not in registered:
                raise NoSuchApplication(app_id)
            of = [registered[app_id]]
            return (await changes.add_service_principals(conn, of, now=now, actor=actor))[0]

    async def update_principal(
        self,
        key: str,
        change: Callable[[ServicePrincipal], ServicePrincipal],
        *,
        now: datetime,
        actor: Actor,
    ) -> ServicePrincipal:
        """Change a service principal.

        :raises ObjectNotFound: there is no such service principal.
        :raises DirectoryError: it would belong to another application.
        """
        async with self.database.transaction() as conn:
            before = await finding.service_principal(conn, key, lock=True)
            after = applications.principal_changed(before, change(before))
            pairs = [(before, after)]
            await changes.update_service_principals(conn, pairs, now=now, actor=actor)
            return after

    async def delete_principal(self, key: str, *, now: datetime, actor: Actor) -> None:
        """Delete a service principal: its application acts here no more.

        :raises ObjectNotFound: there is no such service principal.
        """
        async with self.database.transaction() as conn:
            found = await finding.service_principal(conn, key)
            kind = Kind.SERVICE_PRINCIPAL
            await changes.delete_objects(conn, kind, [found.id], now=now, actor=actor)

    async def grant(
        self, grant: Grant, *, of: str, now: datetime, actor: Actor
    ) -> AppRoleAssignment:
        """Give an object a role; ``of`` is the principal or the resource below which it is done.

        :raises ObjectNotFound: one of the two does not exist.
        :raises AlreadyGranted: it holds the role already.
        :raises InvalidValue: ``of`` is neither of the two, or there is no such role for it.
        """
        async with self.database.transaction() as conn:
            above = await finding.any_object(conn, of)
            if above.id not in (grant.principal_id, grant.resource_id):
                raise InvalidValue(
                    "principalId", "AppRoleAssignment", "it must be the object of the URL"
                )
            given = await changes.grant_roles(conn, [grant], now=now, actor=actor)
            if not given:
                raise AlreadyGranted()
            return given[0]

    async def revoke(self, assignment_id: str, *, of: str, now: datetime, actor: Actor) -> None:
        """Take a role away; ``of`` is the principal or the resource below which it is done.

        :raises ObjectNotFound: that object has no such assignment.
        """
        async with self.database.transaction() as conn:
            held = (await store.grants(conn, [assignment_id])).get(assignment_id)
            above = await finding.any_object(conn, of)
            if held is None or above.id not in (held.principal_id, held.resource_id):
                raise ObjectNotFound(assignment_id)
            await changes.revoke_roles(conn, [assignment_id], now=now, actor=actor)
