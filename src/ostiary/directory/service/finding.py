"""Finding the one object that a request is about, by any key that the API lets it be named by."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.directory import model, store
from ostiary.directory.errors import ObjectNotFound
from ostiary.directory.objects import Reference


async def user(conn: AsyncConnection, key: str, *, lock: bool = False) -> model.User:
    """Find a user by id or userPrincipalName; ``lock`` before changing it.

    :raises ObjectNotFound: there is none.
    """
    object_id = key.lower()
    if "@" in key:
        named = await store.people_by_principal_name(conn, [key])
        object_id = named[key].id if key in named else object_id
    found = await store.users(conn, [object_id], lock=lock)
    if object_id not in found:
        raise ObjectNotFound(key)
    return found[object_id]


async def group(conn: AsyncConnection, key: str, *, lock: bool = False) -> model.Group:
    """Find a group by id; ``lock`` before changing it.

    :raises ObjectNotFound: there is none.
    """
    found = await store.wire_groups(conn, [key.lower()], lock=lock)
    if key.lower() not in found:
        raise ObjectNotFound(key)
    return found[key.lower()]


async def application(conn: AsyncConnection, key: str, *, lock: bool = False) -> model.Application:
    """Find an application by id or appId; ``lock`` before changing it.

    :raises ObjectNotFound: there is none.
    """
    named = await store.applications_by_app_id(conn, [key])
    object_id = named[key].id if key in named else key.lower()
    found = await store.applications(conn, [object_id], lock=lock)
    if object_id not in found:
        raise ObjectNotFound(key)
    return found[object_id]


async def service_principal(
    conn: AsyncConnection, key: str, *, lock: bool = False
) -> model.ServicePrincipal:
    """Find a service principal by id or appId; ``lock`` before changing it.

    :raises ObjectNotFound: there is none.
    """
    named = await store.service_principals_by_app_id(conn, [key])
    object_id = named[key].id if key in named else key.lower()
    found = await store.service_principals(conn, [object_id], lock=lock)
    if object_id not in found:
        raise ObjectNotFound(key)
    return found[object_id]


async def any_object(conn: AsyncConnection, key: str) -> Reference:
    """Find an object of any kind by id, a user by name, or a service principal by appId.

    :raises ObjectNotFound: there is none.
    """
    if found := await store.references(conn, [key.lower()]):
        return found[key.lower()]
    if named := await store.people_by_principal_name(conn, [key]):
        return named[key]
    if acting := await store.service_principals_by_app_id(conn, [key]):
        return (await store.references(conn, [acting[key].id]))[acting[key].id]
    raise ObjectNotFound(key)
