"""The scene: a server on an empty database, a small organisation, an extension endpoint, a clock.

Everything runs in this process and speaks over HTTP on loopback, as it would between machines.
"""

from __future__ import annotations

import secrets
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import aiohttp
from pydantic_settings import PydanticBaseSettingsSource

from ostiary.cli.demo import endpoint as endpoints
from ostiary.cli.demo.client import Client
from ostiary.cli.demo.endpoint import Credentials, Endpoint
from ostiary.cli.demo.show import Show, stage_console
from ostiary.cli.minting import Mint
from ostiary.cli.problems import Misused
from ostiary.cli.running import Running, running
from ostiary.directory.clients import register_app
from ostiary.directory.seed import DOMAIN, small_organisation
from ostiary.server.composition import Server
from ostiary.settings import ClockKind, Settings

MONDAY: Final = "2026-01-05T09:00:00Z"
ENDPOINT_APP_ID: Final = "6f5d3c1e-52b7-4a59-9c0f-1d8e0b7a4c21"
ENDPOINT_ROLES: Final = ("EntitlementManagement.ReadWrite.All",)
"""What it needs to resume requests; to resume tasks, the extension itself names it."""
ADMINISTRATOR: Final = "grady"
ADMINISTRATOR_ROLES: Final = (
    "Identity Governance Administrator",
    "Lifecycle Workflows Administrator",
    "Groups Administrator",
)


class DemoSettings(Settings):
    """Settings that the environment does not change: the demonstration touches no other data."""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[Any],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Take what is given, and nothing else."""
        return (init_settings,)


@dataclass(slots=True)
class Stage:
    """The scene, with everybody on it."""

    running: Running
    endpoint: Endpoint
    http: aiohttp.ClientSession
    mint: Mint
    show: Show
    _clients: dict[str, Client] = field(default_factory=dict)

    @property
    def url(self) -> str:
        """Where the server is."""
        return self.running.url

    def client(self, alias: str) -> Client:
        """Give the client of a person of the organisation; Grady has administrator's roles."""
        if alias not in self._clients:
            roles = ADMINISTRATOR_ROLES if alias == ADMINISTRATOR else ()
            name = alias.capitalize()
            self._clients[alias] = Client(name, self.url, self.http, self._token(alias, roles))
        return self._clients[alias]

    async def advance(self, duration: str) -> str:
        """Move the clock, as ``ostiary clock advance`` does; give where it stands then."""
        body = {"duration": duration}
        moved = await self.client(ADMINISTRATOR).post("/ostiary/clock/advance", body, expected=200)
        return str(moved["now"])

    def _token(self, alias: str, roles: tuple[str, ...]) -> Any:
        """Make tokens as ``ostiary token`` does: a fresh one each time, because time moves."""

        async def token() -> str:
            who = f"{alias}@{DOMAIN}"
            issued = await self.mint.for_person(who, scopes=(), roles=roles)
            return issued.token

        return token


@asynccontextmanager
async def opened(data_dir: Path | None, *, port: int) -> AsyncIterator[Stage]:
    """Set the scene while the block runs.

    :raises Misused: the data directory holds something already.
    """
    with _directory(data_dir) as directory:
        settings = DemoSettings(
            data_dir=directory, port=port, clock=ClockKind.SIMULATED, clock_start=MONDAY
        )
        async with running(settings) as server, aiohttp.ClientSession() as http:
            credentials = await _furnish(server.server, server.url)
            now = server.server.clock.now
            async with endpoints.opened(
                server.url, credentials=credentials, http=http, now=now
            ) as endpoint:
                mint = Mint.of(server.server)
                yield Stage(server, endpoint, http, mint, Show(stage_console(), now))


async def _furnish(server: Server, url: str) -> Credentials:
    """Fill the directory, and register the endpoint as ``ostiary app add`` does."""
    secret = secrets.token_urlsafe(24)
    async with server.database.transaction() as conn:
        now = server.clock.now()
        await small_organisation(conn, now)
        await register_app(
            conn, ENDPOINT_APP_ID, "Extension endpoint", secret, ENDPOINT_ROLES, now=now
        )
    return Credentials(f"{url}/{server.tenant_id}/oauth2/v2.0/token", ENDPOINT_APP_ID, secret)


@contextmanager
def _directory(chosen: Path | None) -> Iterator[Path]:
    """Give an empty directory: the chosen one, which stays, or one that goes afterwards."""
    if chosen is None:
        with tempfile.TemporaryDirectory(prefix="ostiary-demo-") as name:
            yield Path(name)
        return
    if chosen.exists() and any(chosen.iterdir()):
        raise Misused(f"The demo wants a directory of its own, and {chosen} is not empty.")
    yield chosen
