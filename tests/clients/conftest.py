"""A server in a process of its own with a small organisation, and the Graph SDK pointed at it."""

from __future__ import annotations

import asyncio
import subprocess
import sys
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
from tests.clients.terraform import Provider
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


TERRAFORM = "0e60f18c-b2a0-4887-9da8-da2e30a39d99"
"""The client id with which Terraform signs in."""
TENANT_NAME = "common"
"""What the manual calls the tenant."""


@pytest.fixture(scope="module")
def secure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A running server that speaks TLS, which some clients insist on."""
    data_dir = tmp_path_factory.mktemp("secure")
    running = RunningServer(data_dir, options=("--tls",)).start()
    asyncio.run(staff(data_dir))
    yield running
    running.stop()


@pytest.fixture(scope="module")
def provider(secure: RunningServer) -> Iterator[Provider]:
    """The Terraform provider, signed in with a secret as the manual says."""
    roles = (
        "EntitlementManagement.ReadWrite.All",
        "Group.ReadWrite.All",
        "Application.ReadWrite.All",
        "Directory.Read.All",
    )
    granted = [part for role in roles for part in ("--role", role)]
    secret = ["--app-id", TERRAFORM, "--secret", "s3cret", "--name", "Terraform"]
    command = [sys.executable, "-c", "from ostiary.cli import main; main()", "app", "add"]
    subprocess.run(
        [*command, "--data-dir", str(secure.data_dir), *secret, *granted],
        check=True,
        capture_output=True,
    )
    configured = Provider.configure(
        secure.url.removeprefix("https://"),
        tenant_id=TENANT_NAME,
        client_id=TERRAFORM,
        client_secret="s3cret",
        trusts=secure.whereabouts.certificate_authority or "",
    )
    yield configured
    configured.client.close()
