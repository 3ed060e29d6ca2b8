"""Stored configuration: Logic Apps by name, extensions as they were given."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from ostiary.extensions import extension_store, registry
from ostiary.extensions.endpoints import LogicAppName
from ostiary.extensions.model import LogicAppTriggerEndpointConfiguration as LogicApp
from ostiary.graph.errors import InvalidModel
from tests.extensions.house import House
from tests.extensions.makers import make_extension

SOD_CHECK = LogicAppName("sub", "rg1", "sod-check")
NAMED = LogicApp(
    subscription_id="sub", resource_group_name="rg1", logic_app_workflow_name="sod-check"
)


async def test_the_registry_keeps_one_url_for_each_logic_app(house: House) -> None:
    now = house.clock.now()
    async with house.database.transaction() as conn:
        await registry.register(conn, SOD_CHECK, "https://a.test/", now=now)
        await registry.register(
            conn, LogicAppName("SUB", "RG1", "Sod-Check"), "https://b.test/", now=now
        )
        await registry.register(
            conn, LogicAppName("sub", "rg1", "other"), "https://c.test/", now=now
        )
        with pytest.raises(InvalidModel):
            await registry.register(conn, SOD_CHECK, "ftp://a.test/", now=now)

        listed = await registry.listed(conn)
        resolved = await registry.resolved(conn, [NAMED, LogicApp(url="https://d.test/")])
        forgotten = await registry.unregister(conn, SOD_CHECK)
        unknown = await registry.unregister(conn, SOD_CHECK)

    assert [(str(app.name), app.url) for app in listed] == [
        ("sub/rg1/other", "https://c.test/"),
        ("SUB/RG1/Sod-Check", "https://b.test/"),
    ]
    assert resolved == ["https://b.test/", "https://d.test/"]
    assert (forgotten, unknown) == (True, False)


async def test_an_extension_comes_back_as_it_was_stored(house: House) -> None:
    extension = make_extension(
        endpoint=NAMED, catalog_id="catalog-1", created_by="somebody", description="text"
    )
    launched = make_extension(display_name="Other", callback=None, client=None)
    changed = replace(extension, display_name="Sod-Check 2", modified_by="another")
    async with house.database.transaction() as conn:
        await extension_store.add(conn, extension)
        await extension_store.add(conn, launched)
        await extension_store.save(conn, changed)

        read = await extension_store.read(conn, [extension.id, launched.id, "unknown"])
        names = await extension_store.names(conn, [extension.kind])
        in_catalog = await extension_store.names(conn, [extension.kind], catalog_id="catalog-1")

    assert read == {extension.id: changed, launched.id: launched}
    assert names == {"sod-check 2": extension.id, "other": launched.id}
    assert in_catalog == {"sod-check 2": extension.id}
    assert (launched.wait, launched.timeout, launched.retries) == (None, timedelta(seconds=1), 1)
