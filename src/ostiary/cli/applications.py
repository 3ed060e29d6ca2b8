"""``ostiary app``: clients with a secret, for tokens by client credentials."""

from __future__ import annotations

import sys
from typing import Annotated, Any

from cyclopts import App, Parameter
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.cli.minting import check_app_roles
from ostiary.cli.opening import opened, run
from ostiary.cli.options import HERE, Place
from ostiary.cli.output import note, print_json, print_rows
from ostiary.cli.problems import Misused
from ostiary.directory import store
from ostiary.directory.clients import register_app
from ostiary.directory.objects import Kind
from ostiary.directory.tables import directory_objects
from ostiary.graph.values import write_instant_or_none
from ostiary.identity.catalogue import APP_ROLE_NAMES, GRAPH_APP_ID
from ostiary.settings import Settings

app = App(name="app")

_STANDARD_INPUT = "-"

_EXAMPLES = """
Examples:

  ID=0e60f18c-b2a0-4887-9da8-da2e30a39d99
  ostiary app add --app-id $ID --secret s3cret --name "SoD check" \\
      --role EntitlementManagement.ReadWrite.All
  printf %s "$SECRET" | ostiary app add --app-id $ID --secret -
      keeps the secret out of the list of processes

A token is then had with ClientSecretCredential, or with:

  curl URL/TENANT/oauth2/v2.0/token -d grant_type=client_credentials \\
      -d client_id=$ID -d client_secret=SECRET \\
      -d scope=https://graph.microsoft.com/.default
"""


@app.command(help_epilogue=_EXAMPLES)
def add(
    *,
    app_id: Annotated[str, Parameter(help="The client id, a GUID.")],
    secret: Annotated[
        str,
        Parameter(allow_leading_hyphen=True, help="Its secret; - reads it from standard input."),
    ],
    role: Annotated[
        tuple[str, ...],
        Parameter(
            negative_iterable="",
            show_default=False,
            help="An application permission to grant, as LifecycleWorkflows.Resume.All; "
            "repeatable.",
        ),
    ] = (),
    name: Annotated[str | None, Parameter(help="Its display name.")] = None,
    place: Place = HERE,
) -> None:
    """Register an application with a secret and permissions.

    One that is registered already gets the secret and the roles that it lacks.
    """
    text = sys.stdin.readline().rstrip("\r\n") if secret == _STANDARD_INPUT else secret
    if not text:
        raise Misused("The secret is empty: give --secret TEXT, or --secret - and a line of input.")
    check_app_roles(role)
    added = run(_add(place.settings(), app_id, name or app_id, text, role))
    if place.as_json:
        print_json(added)
    else:
        note(f"{added['appId']} can get tokens; its service principal is {added['objectId']}.")


@app.command(name="list", help_epilogue="Example:\n\n  ostiary app list --json")
def list_(*, place: Place = HERE) -> None:
    """List the registered applications and the permissions that they were granted."""
    rows = run(_list(place.settings()))
    if place.as_json:
        print_json(rows)
        return
    columns = {"appId": "APP ID", "displayName": "NAME", "roles": "ROLES", "secrets": "SECRETS"}
    hint = "No application is registered: ostiary app add --app-id GUID --secret SECRET"
    print_rows(rows, columns, empty=hint)


async def _add(
    settings: Settings, app_id: str, name: str, secret: str, roles: tuple[str, ...]
) -> dict[str, Any]:
    async with opened(settings, make=True) as server, server.database.transaction() as conn:
        now = server.clock.now()
        made = await register_app(conn, app_id, name, secret, roles, now=now)
        return {"appId": made.app_id, "objectId": made.id, "roles": list(roles)}


async def _list(settings: Settings) -> list[dict[str, Any]]:
    async with opened(settings) as server, server.database.reading() as conn:
        found = await store.applications(conn, await _ids(conn))
        app_ids = [one.app_id or "" for one in found.values()]
        roles = await _roles(conn, app_ids)
        rows = [
            {
                "appId": one.app_id,
                "displayName": one.display_name,
                "created": write_instant_or_none(one.created_date_time),
                "roles": roles.get(one.app_id or "", []),
                "secrets": [f"{secret.hint}..." for secret in one.password_credentials],
            }
            for one in found.values()
        ]
    return sorted(rows, key=lambda row: (row["displayName"], row["appId"]))


async def _ids(conn: AsyncConnection) -> list[str]:
    objects = directory_objects.c
    registered = (objects.kind == Kind.APPLICATION.value) & objects.deleted_date_time.is_(None)
    return list((await conn.execute(select(objects.id).where(registered))).scalars())


async def _roles(conn: AsyncConnection, app_ids: list[str]) -> dict[str, list[str]]:
    """Give the names of the permissions of each application, by appId."""
    acting = await store.service_principals_by_app_id(conn, [*app_ids, GRAPH_APP_ID])
    graph = acting.pop(GRAPH_APP_ID, None)
    held = await store.granted_to(conn, [principal.id for principal in acting.values()])
    return {
        app_id: sorted(
            APP_ROLE_NAMES[grant.app_role_id]
            for grant in held[principal.id]
            if graph and grant.resource_id == graph.id and grant.app_role_id in APP_ROLE_NAMES
        )
        for app_id, principal in acting.items()
    }
