"""Who may have tokens: the directory's answer to ``identity``, and how clients are registered."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.audit.events import SYSTEM, Actor
from ostiary.directory import changes, store
from ostiary.directory.applications import Grant, guid, new_secret
from ostiary.directory.errors import DirectoryError, ObjectNotFound
from ostiary.directory.model import Application, PasswordCredential, ServicePrincipal
from ostiary.directory.service import finding
from ostiary.identity.catalogue import GRAPH_APP_ID, PERMISSIONS
from ostiary.identity.ports import Client, Subject
from ostiary.identity.secrets import hash_secret, is_secret
from ostiary.storage.database import Database
from ostiary.storage.ids import new_id


@dataclass(frozen=True, slots=True)
class DirectoryClients:
    """The port ``identity.ports.Clients`` over the directory; ``now`` decides what has expired."""

    database: Database
    now: Callable[[], datetime]

    async def client(self, app_id: str) -> Client | None:
        """Give the application with this client id; None when there is none or it is disabled."""
        async with self.database.reading() as conn:
            acting = await store.service_principals_by_app_id(conn, {app_id, GRAPH_APP_ID})
            principal = acting.get(app_id)
            if principal is None or not principal.account_enabled:
                return None
            return Client(
                app_id=principal.app_id or app_id,
                object_id=principal.id,
                display_name=principal.display_name,
                secret_hashes=await _valid_hashes(conn, app_id, self.now()),
                app_roles=await _permissions(conn, principal, acting.get(GRAPH_APP_ID)),
            )

    async def person(self, id_or_upn: str) -> Subject | None:
        """Give the person with this id or name; None when there is none or it may not sign in."""
        async with self.database.reading() as conn:
            try:
                user = await finding.user(conn, id_or_upn)
            except ObjectNotFound:
                return None
        if not user.account_enabled:
            return None
        return Subject(
            object_id=user.id,
            display_name=user.display_name,
            user_principal_name=user.user_principal_name,
        )


async def _valid_hashes(conn: AsyncConnection, app_id: str, now: datetime) -> tuple[str, ...]:
    registered = (await store.applications_by_app_id(conn, [app_id])).get(app_id)
    if registered is None:
        return ()
    kept = (await store.secrets(conn, [registered.id]))[registered.id]
    return tuple(s.secret_hash for s in kept if s.start_date_time <= now < s.end_date_time)


async def _permissions(
    conn: AsyncConnection, principal: ServicePrincipal, graph: ServicePrincipal | None
) -> frozenset[str]:
    """Give the names of the roles of Microsoft Graph that a service principal holds."""
    if graph is None:
        return frozenset()
    names = {role.id: role.value or "" for role in graph.app_roles if role.is_enabled}
    held = (await store.granted_to(conn, [principal.id]))[principal.id]
    return frozenset(
        names[grant.app_role_id]
        for grant in held
        if grant.resource_id == graph.id and grant.app_role_id in names
    )


async def register_app(
    conn: AsyncConnection,
    app_id: str,
    display_name: str,
    secret: str,
    roles: Sequence[str],
    *,
    now: datetime,
    actor: Actor = SYSTEM,
) -> ServicePrincipal:
    """Register a client with a secret and permissions, or complete one that is registered.

    ``roles`` are names of application permissions, such as ``EntitlementManagement.ReadWrite.All``.
    A secret that the client has already is not added again.

    :raises DirectoryError: the appId is no GUID, or a role is no application permission.
    """
    app_id = guid(app_id, "appId", "Application")
    role_ids = [_role_id(name) for name in roles]
    await changes.ensure_well_known(conn, now=now)
    application, principal = await _registered(conn, app_id, display_name, now=now, actor=actor)
    await _add_secret(conn, application.id, secret, now=now, actor=actor)
    graph = (await store.service_principals_by_app_id(conn, [GRAPH_APP_ID]))[GRAPH_APP_ID]
    grants = [Grant(principal.id, graph.id, role_id) for role_id in role_ids]
    await changes.grant_roles(conn, grants, now=now, actor=actor)
    return principal


def _role_id(name: str) -> str:
    known = {permission.name.lower(): permission for permission in PERMISSIONS.values()}
    found = known.get(name.lower())
    if found is None or found.application_id is None:
        offered = ", ".join(sorted(p.name for p in PERMISSIONS.values() if p.application_id))
        raise DirectoryError(
            f"'{name}' is not an application permission; there are: {offered}.", target="roles"
        )
    return found.application_id


async def _registered(
    conn: AsyncConnection, app_id: str, display_name: str, *, now: datetime, actor: Actor
) -> tuple[Application, ServicePrincipal]:
    application = (await store.applications_by_app_id(conn, [app_id])).get(app_id)
    if application is None:
        draft = [Application(app_id=app_id, display_name=display_name)]
        (application,) = await changes.add_applications(conn, draft, now=now, actor=actor)
    principal = (await store.service_principals_by_app_id(conn, [app_id])).get(app_id)
    if principal is None:
        of = [application]
        (principal,) = await changes.add_service_principals(conn, of, now=now, actor=actor)
    return application, principal


async def _add_secret(
    conn: AsyncConnection, application_id: str, text: str, *, now: datetime, actor: Actor
) -> None:
    kept = (await store.secrets(conn, [application_id]))[application_id]
    hashes = [secret.secret_hash for secret in kept if secret.end_date_time > now]
    if await asyncio.to_thread(is_secret, text, hashes):
        return
    secret = new_secret(
        PasswordCredential(display_name="Registered on the command line"),
        key_id=new_id(),
        application_id=application_id,
        text=text,
        secret_hash=await asyncio.to_thread(hash_secret, text),
        now=now,
    )
    await changes.add_secrets(conn, [secret], now=now, actor=actor)
