"""The connectivity test when an extension is created."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from ostiary.audit.tables import audit_records
from ostiary.extensions import ledger
from ostiary.extensions.caller import Caller
from ostiary.extensions.connection import OWNER_KIND, Connection
from ostiary.identity.catalogue import ENTITLEMENT_MANAGEMENT_APP_ID
from ostiary.storage.database import Database
from tests.entitlement.house import GRAPH, House, extension
from tests.extensions.endpoints import ScriptedEndpoint
from tests.support.clocks import FixedClock


@pytest.fixture
async def trying(
    memory: Database, clock: FixedClock, caller: Caller, endpoint: ScriptedEndpoint
) -> AsyncIterator[House]:
    """A deployment that tries new endpoints, and tells how that went."""
    async for house in _house(memory, clock, caller, endpoint):
        yield house


@pytest.fixture
async def strict(
    memory: Database, clock: FixedClock, caller: Caller, endpoint: ScriptedEndpoint
) -> AsyncIterator[House]:
    """A deployment that refuses extensions whose endpoints do not answer."""
    async for house in _house(memory, clock, caller, endpoint, refuse_unreachable=True):
        yield house


async def _house(
    database: Database,
    clock: FixedClock,
    caller: Caller,
    endpoint: ScriptedEndpoint,
    **settings: Any,
) -> AsyncIterator[House]:
    connection = Connection(database, clock, caller, app_id=ENTITLEMENT_MANAGEMENT_APP_ID)
    house = House(database, clock, caller, endpoint, connection=connection, **settings)
    await house.start()
    yield house
    await house.close()


async def told_of_tests(house: House) -> list[tuple[str, str | None]]:
    """Give what the audit log tells of tests."""
    test = audit_records.c.activity_display_name == "Test custom extension"
    async with house.database.reading() as conn:
        rows = (await conn.execute(audit_records.select().where(test))).mappings().all()
    return [(row["result"], row["result_reason"]) for row in rows]


async def test_a_new_extension_is_called_once_to_try_it(trying: House) -> None:
    catalog = await trying.catalog("General things")

    made = await trying.extension(catalog)

    (call,) = trying.endpoint.calls
    told = call.json()
    assert told["Stage"] == "CustomExtensionConnectionTest"
    assert told["AccessPackageCatalog"] == {"Id": catalog, "DisplayName": "General things"}
    assert call.headers["authorization"].startswith("PoP ")
    assert await told_of_tests(trying) == [("success", None)]
    async with trying.database.reading() as conn:
        (entry,) = await ledger.read(conn, [made])
    assert (entry.owner_kind, entry.result, entry.status) == (OWNER_KIND, "taken", 202)


async def test_an_endpoint_that_fails_the_test_is_told_of_and_the_extension_made(
    trying: House,
) -> None:
    trying.endpoint.always(500)
    catalog = await trying.catalog()

    made = await trying.extension(catalog)

    assert (await trying.get(f"catalogs/{catalog}/customWorkflowExtensions/{made}"))["id"] == made
    ((result, reason),) = await told_of_tests(trying)
    assert result == "failure"
    assert "could not be called" in str(reason)


async def test_where_the_settings_insist_such_an_extension_is_refused(strict: House) -> None:
    strict.endpoint.always(500)
    catalog = await strict.catalog()
    path = f"catalogs/{catalog}/customWorkflowExtensions"

    code, message, target = await strict.refused("POST", path, extension(strict.endpoint.url))

    assert (code, target) == ("ConnectivityTestFailed", "endpointConfiguration")
    assert "http_5xx" in message
    assert await strict.values(path) == []
    strict.endpoint.always(202)
    await strict.extension(catalog)
    unknown = "00000000-0000-4000-8000-000000000000"
    await strict.refused(
        "POST",
        f"catalogs/{unknown}/customWorkflowExtensions",
        extension(strict.endpoint.url),
        status=404,
    )
    assert len(strict.endpoint.calls) == 2


async def test_a_logic_app_that_nobody_can_find_is_not_tried(trying: House) -> None:
    body = extension("unused")
    body["endpointConfiguration"] = {
        "@odata.type": f"{GRAPH}logicAppTriggerEndpointConfiguration",
        "subscriptionId": "38ab2ccc-3747-4567-b36b-9478f5602f0d",
        "resourceGroupName": "test",
        "logicAppWorkflowName": "elm-extension-email",
    }
    catalog = await trying.catalog()

    await trying.post(f"catalogs/{catalog}/customWorkflowExtensions", body)

    assert trying.endpoint.calls == []


async def test_changing_an_extension_does_not_try_it_again(trying: House) -> None:
    catalog = await trying.catalog()
    made = await trying.extension(catalog)

    path = f"catalogs/{catalog}/customWorkflowExtensions/{made}"
    await trying.call("PATCH", path, {"description": "new"}, status=200)

    assert len(trying.endpoint.calls) == 1
