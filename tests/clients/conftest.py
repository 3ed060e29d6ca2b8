"""A server in a process of its own with a small organisation, and the Graph SDK pointed at it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from azure.core.credentials import AccessToken
from kiota_authentication_azure.azure_identity_authentication_provider import (
    AzureIdentityAuthenticationProvider,
)
from msgraph.graph_request_adapter import GraphRequestAdapter
from msgraph.graph_service_client import GraphServiceClient
from msgraph_core import GraphClientFactory

from ostiary.directory import seed
from ostiary.storage.database import Database
from tests.support.servers import RunningServer

EVERYTHING = (
    "EntitlementManagement.ReadWrite.All",
    "LifecycleWorkflows.ReadWrite.All",
    "Directory.ReadWrite.All",
    "AuditLog.Read.All",
)


class GivenToken:
    """The credential of somebody who has a token already."""

    def __init__(self, token: str) -> None:
        self._token = token

    def get_token(self, *_: str, **__: object) -> AccessToken:
        """Give the token, whatever it is for."""
        return AccessToken(self._token, int(datetime.now(UTC).timestamp()) + 3600)

    def close(self) -> None:
        """Nothing is open."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A running server with the small organisation."""
    data_dir: Path = tmp_path_factory.mktemp("server")
    running = RunningServer(data_dir).start()
    asyncio.run(staff(data_dir))
    yield running
    running.stop()


async def staff(data_dir: Path) -> None:
    """Put the small organisation into the database of a server that runs."""
    database = await Database.open(f"sqlite:///{data_dir / 'ostiary.db'}")
    async with database.transaction() as conn:
        await seed.small_organisation(conn, datetime.now(UTC))
    await database.close()


@asynccontextmanager
async def sdk(server: RunningServer, token: str) -> AsyncIterator[GraphServiceClient]:
    """Give the published SDK with nothing changed but the base URL."""
    provider = AzureIdentityAuthenticationProvider(
        GivenToken(token), scopes=["https://graph.microsoft.com/.default"], allowed_hosts=[]
    )
    client = GraphClientFactory.create_with_default_middleware()
    adapter = GraphRequestAdapter(provider, client)
    adapter.base_url = f"{server.url}/v1.0"
    try:
        yield GraphServiceClient(request_adapter=adapter)
    finally:
        # The SDK's middleware stands before the transport and does not pass the closing on.
        await client._transport.transport.aclose()
        await client.aclose()


@pytest.fixture
async def graph(server: RunningServer) -> AsyncIterator[GraphServiceClient]:
    """The SDK as an application with every permission."""
    async with sdk(server, server.app_token(EVERYTHING)) as client:
        yield client
