"""Resources that catalogs may take in, for tests: applications with roles, and sites."""

from __future__ import annotations

from typing import Any

from ostiary.directory import changes, model, store
from ostiary.directory.model import AppRole
from tests.entitlement.house import House
from tests.entitlement.inhabitants import ADMINISTRATOR
from tests.entitlement.origins import SITE
from tests.support.callers import application

SALES = "6d1f6f5e-0d0c-4d6e-9a4c-2f8b2f6e1a01"
READER = "6d1f6f5e-0d0c-4d6e-9a4c-2f8b2f6e1a02"
WRITE = "EntitlementManagement.ReadWrite.All"
RESOURCE = {"originId": SITE, "originSystem": "SharePointOnline"}
PLACE = {"originId": "https://contoso.example/", "displayName": "Main", "isDefault": True}


def everything() -> dict[str, str]:
    """Give the headers of an application that may take in anything."""
    permissions = (WRITE, "Group.ReadWrite.All", "Application.ReadWrite.All")
    return application(*permissions, "Sites.FullControl.All", id=ADMINISTRATOR.id)


def role(
    id: str, name: str, *, kinds: tuple[str, ...] = ("User",), enabled: bool = True
) -> AppRole:
    return AppRole(
        id=id,
        display_name=name,
        value=name.replace(" ", ""),
        allowed_member_types=list(kinds),
        is_enabled=enabled,
    )


async def register(house: House, *roles: AppRole, name: str = "CRM") -> tuple[str, str]:
    """Register an application with these roles; give it and its service principal."""
    house.api.headers.update(everything())
    async with house.database.transaction() as conn:
        about: dict[str, Any] = {"now": house.clock.now(), "actor": ADMINISTRATOR}
        draft = model.Application(display_name=name, app_roles=list(roles))
        (made,) = await changes.add_applications(conn, [draft], **about)
        (acting,) = await changes.add_service_principals(conn, [made], **about)
    return made.id, acting.id


async def granted(house: House, who: str) -> set[str]:
    """Give the app roles that somebody holds."""
    async with house.database.reading() as conn:
        held = (await store.granted_to(conn, [who]))[who]
    return {one.app_role_id for one in held}


def of_application(principal: str) -> dict[str, str]:
    return {"originId": principal, "originSystem": "AadApplication"}


def request(type_: str, catalog: str, resource: Any, **more: Any) -> dict[str, Any]:
    return {"requestType": type_, "catalog": {"id": catalog}, "resource": resource, **more}


async def resource_of(house: House, catalog: str) -> dict[str, Any]:
    (found,) = await house.values(f"catalogs/{catalog}/resources?$expand=roles,scopes")
    return dict(found)
