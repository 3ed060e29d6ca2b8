"""The service principals that every directory has: Microsoft Graph with its permissions, and ours.

A permission is granted to an application by giving its service principal an app role of the one
called Microsoft Graph; the ids of those roles are published.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final
from uuid import UUID, uuid5

import msgspec
from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.audit.events import SYSTEM
from ostiary.audit.store import record
from ostiary.directory import store
from ostiary.directory.changes import records
from ostiary.directory.changes.storing import store_differences
from ostiary.directory.model import AppRole, ServicePrincipal
from ostiary.identity.catalogue import APP_ROLE_NAMES, APPLICATIONS, GRAPH_APP_ID

_NAMESPACE: Final = UUID("4d5f0c5e-5d6b-4f7e-9d53-8a2c1f6f7b10")


async def ensure_well_known(conn: AsyncConnection, *, now: datetime) -> None:
    """Create what is missing, and bring the roles of what is there up to date."""
    wanted = {app_id: _principal(app_id, name, now) for app_id, name in APPLICATIONS.items()}
    found = await store.service_principals_by_app_id(conn, wanted)
    missing = [principal for app_id, principal in wanted.items() if app_id not in found]
    added = await store.insert_missing(conn, [store.values_of(p) for p in missing])
    events = [
        records.ADD_SERVICE_PRINCIPAL.record(SYSTEM, records.wire_target(principal))
        for principal in missing
        if principal.id in added
    ]
    await record(conn, events, now=now)
    current = [
        (old, msgspec.structs.replace(old, app_roles=wanted[app_id].app_roles))
        for app_id, old in found.items()
    ]
    phrase = records.UPDATE_SERVICE_PRINCIPAL
    await store_differences(conn, current, phrase, now=now, actor=SYSTEM)


def _principal(app_id: str, name: str, now: datetime) -> ServicePrincipal:
    return ServicePrincipal(
        id=str(uuid5(_NAMESPACE, app_id)),
        account_enabled=True,
        app_display_name=name,
        app_id=app_id,
        app_roles=_permissions() if app_id == GRAPH_APP_ID else [],
        created_date_time=now,
        display_name=name,
        service_principal_type="Application",
    )


def _permissions() -> list[AppRole]:
    return [
        AppRole(
            id=role_id,
            allowed_member_types=["Application"],
            display_name=name,
            origin="Application",
            value=name,
        )
        for role_id, name in APP_ROLE_NAMES.items()
    ]
