"""Where Logic Apps are: a table from ``SUBSCRIPTION/GROUP/NAME`` to a URL that operators keep."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import RowMapping, delete, select
from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.extensions.endpoints import LogicAppName, logic_app, resolve
from ostiary.extensions.model import CustomExtensionEndpointConfiguration
from ostiary.extensions.tables import logic_apps
from ostiary.extensions.targets import BadURL, parse
from ostiary.graph.errors import InvalidModel
from ostiary.storage.batches import among
from ostiary.storage.upserts import insert


@dataclass(frozen=True, slots=True, kw_only=True)
class LogicApp:
    """A Logic App, and the URL at which it is called."""

    name: LogicAppName
    url: str
    modified_at: datetime


async def register(conn: AsyncConnection, name: LogicAppName, url: str, *, now: datetime) -> None:
    """Say where a Logic App is, over what was said before.

    :raises InvalidModel: the URL cannot be called, or a name is too long to be one.
    """
    try:
        parse(url)
    except BadURL as error:
        raise InvalidModel(f"The URL {error}.", target="url") from None
    if len(name.key) > 255:
        raise InvalidModel("The names of the Logic App are too long together.", target="name")
    values = {
        "subscription_id": name.subscription,
        "resource_group": name.group,
        "name": name.name,
        "url": url,
        "modified_at": now,
    }
    statement = insert(conn, logic_apps).values(key=name.key, **values)
    await conn.execute(statement.on_conflict_do_update(index_elements=["key"], set_=values))


async def unregister(conn: AsyncConnection, name: LogicAppName) -> bool:
    """Forget where a Logic App is; false if it was not known."""
    result = await conn.execute(delete(logic_apps).where(logic_apps.c.key == name.key))
    return result.rowcount > 0


async def listed(conn: AsyncConnection) -> list[LogicApp]:
    """Give all that is known, by name."""
    rows = await conn.execute(select(logic_apps).order_by(logic_apps.c.key))
    return [_logic_app(row) for row in rows.mappings()]


async def resolved(
    conn: AsyncConnection,
    endpoints: Sequence[CustomExtensionEndpointConfiguration],
    *,
    template: str | None = None,
) -> list[str | None]:
    """Give the URL of each endpoint, in one query; ``None``: nobody has said where it is."""
    named = {name.key for name in map(logic_app, endpoints) if name is not None}
    registered = await _urls(conn, named)
    return [resolve(e, registered=registered, template=template) for e in endpoints]


async def _urls(conn: AsyncConnection, keys: Collection[str]) -> dict[str, str]:
    if not keys:
        return {}
    statement = select(logic_apps.c.key, logic_apps.c.url).where(among(logic_apps.c.key, keys))
    return {key: url for key, url in await conn.execute(statement)}


def _logic_app(row: RowMapping) -> LogicApp:
    name = LogicAppName(row["subscription_id"], row["resource_group"], row["name"])
    return LogicApp(name=name, url=row["url"], modified_at=row["modified_at"])
