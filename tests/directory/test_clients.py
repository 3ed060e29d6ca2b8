"""Who may ask for tokens, and how clients are registered, on both databases."""

from __future__ import annotations

import pytest

from ostiary.directory import changes, store
from ostiary.directory.clients import DirectoryClients, register_app
from ostiary.directory.errors import DirectoryError
from ostiary.directory.objects import Kind
from ostiary.directory.seed import person_id
from ostiary.identity.catalogue import APP_ROLE_NAMES, GRAPH_APP_ID
from ostiary.identity.ports import Client, Clients
from ostiary.identity.secrets import is_secret
from ostiary.storage.database import Database
from tests.directory.conftest import ADMINISTRATOR
from tests.support.clocks import FixedClock

APP_ID = "0F2A9C56-1111-4222-8333-444455556666"
ROLES = ("EntitlementManagement.ReadWrite.All", "lifecycleworkflows.readwrite.all")


@pytest.fixture
def clients(staffed: Database, clock: FixedClock) -> DirectoryClients:
    """The directory as the development issuer asks it."""
    return DirectoryClients(staffed, clock.now)


async def _register(database: Database, clock: FixedClock, *, text: str = "s3cret") -> None:
    async with database.transaction() as conn:
        await register_app(conn, APP_ID, "Script", text, ROLES, now=clock.now())


async def _known(clients: DirectoryClients) -> Client:
    found = await clients.client(APP_ID.lower())
    assert found is not None
    return found


def test_the_directory_is_what_identity_asks_for(clients: DirectoryClients) -> None:
    port: Clients = clients

    assert port is clients


async def test_a_registered_client_has_its_secret_and_its_permissions(
    staffed: Database, clients: DirectoryClients, clock: FixedClock
) -> None:
    await _register(staffed, clock)

    found = await _known(clients)

    assert found.app_roles == {
        "EntitlementManagement.ReadWrite.All",
        "LifecycleWorkflows.ReadWrite.All",
    }
    assert is_secret("s3cret", found.secret_hashes)
    assert not is_secret("S3cret", found.secret_hashes)


async def test_registering_twice_changes_nothing(
    staffed: Database, clients: DirectoryClients, clock: FixedClock
) -> None:
    await _register(staffed, clock)
    once = await _known(clients)

    await _register(staffed, clock)

    assert await _known(clients) == once


async def test_another_secret_is_added_beside_the_first(
    staffed: Database, clients: DirectoryClients, clock: FixedClock
) -> None:
    await _register(staffed, clock)

    await _register(staffed, clock, text="an0ther")

    hashes = (await _known(clients)).secret_hashes
    assert is_secret("s3cret", hashes)
    assert is_secret("an0ther", hashes)


async def test_a_secret_is_no_good_from_its_end_on(
    staffed: Database, clients: DirectoryClients, clock: FixedClock
) -> None:
    await _register(staffed, clock)

    clock.advance(days=730)

    assert (await _known(clients)).secret_hashes == ()


async def test_a_client_whose_principal_is_gone_is_none(
    staffed: Database, clients: DirectoryClients, clock: FixedClock
) -> None:
    await _register(staffed, clock)
    found = await _known(clients)
    async with staffed.transaction() as conn:
        await changes.delete_objects(
            conn,
            Kind.SERVICE_PRINCIPAL,
            [found.object_id],
            now=clock.now(),
            actor=ADMINISTRATOR,
        )

    assert await clients.client(APP_ID) is None


async def test_an_unknown_role_is_refused_by_name(staffed: Database, clock: FixedClock) -> None:
    with pytest.raises(DirectoryError, match=r"'Nothing.All' is not an application permission"):
        async with staffed.transaction() as conn:
            await register_app(conn, APP_ID, "Script", "s", ["Nothing.All"], now=clock.now())


@pytest.mark.parametrize(
    "name", [person_id("adele"), person_id("adele").upper(), "Adele@Contoso.example"]
)
async def test_a_person_is_found_by_id_and_by_name(clients: DirectoryClients, name: str) -> None:
    found = await clients.person(name)

    assert found is not None
    assert found.object_id == person_id("adele")
    assert found.user_principal_name == "adele@contoso.example"


@pytest.mark.parametrize("name", ["nobody@contoso.example", "adele", ""])
async def test_nobody_is_found_by_what_is_nobodys(clients: DirectoryClients, name: str) -> None:
    assert await clients.person(name) is None


async def test_who_may_not_sign_in_gets_no_token(
    staffed: Database, clients: DirectoryClients, clock: FixedClock
) -> None:
    async with staffed.transaction() as conn:
        ids = [person_id("adele")]
        now = clock.now()
        await changes.set_account_enabled(conn, ids, False, now=now, actor=ADMINISTRATOR)

    assert await clients.person("adele@contoso.example") is None


async def test_every_directory_has_microsoft_graph_with_its_permissions(
    staffed: Database, clock: FixedClock
) -> None:
    async with staffed.transaction() as conn:
        await changes.ensure_well_known(conn, now=clock.now())
        found = await store.service_principals_by_app_id(conn, [GRAPH_APP_ID])

    roles = {role.id: role.value for role in found[GRAPH_APP_ID].app_roles}
    assert roles == APP_ROLE_NAMES
