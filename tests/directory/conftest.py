"""A small organisation on both databases, and its API with callers of any rights."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from typing import Any

import httpx
import pytest

from ostiary.audit.events import Actor
from ostiary.directory import seed
from ostiary.directory.routes import resources
from ostiary.directory.service import Directory
from ostiary.directory.tenant import Tenant
from ostiary.graph.app import GraphApp
from ostiary.graph.engine import Engine
from ostiary.graph.errors import Unauthenticated
from ostiary.identity.catalogue import GLOBAL_ADMINISTRATOR
from ostiary.identity.principals import Principal
from ostiary.storage.database import Database
from tests.support.clocks import FixedClock

TENANT = Tenant(
    id="5a9f3f1e-6f3a-4b5e-8f63-2f0f2d0c9b11",
    display_name="Contoso",
    domains=("contoso.example", "contoso.test"),
)
ADMINISTRATOR = Actor(kind="user", id=seed.person_id("grady"), display_name="Grady Archie")


class NamedCallers:
    """Believes whatever the Authorization header says of the caller, as JSON."""

    async def authenticate(self, headers: Mapping[str, str]) -> Principal:
        """Give the caller."""
        if "authorization" not in headers:
            raise Unauthenticated
        claims: dict[str, Any] = json.loads(headers["authorization"])
        return Principal(
            kind=claims["kind"],
            tenant_id=TENANT.id,
            object_id=claims["id"],
            app_id=None,
            scopes=frozenset(claims.get("scopes", ())),
            roles=frozenset(claims.get("roles", ())),
            directory_roles=frozenset(claims.get("directory_roles", ())),
        )


def application(*roles: str) -> dict[str, str]:
    """Give the headers of an application with these permissions."""
    claims = {"kind": "application", "id": "an-application", "roles": roles}
    return {"Authorization": json.dumps(claims)}


def person(alias: str, *scopes: str, admin: bool = False) -> dict[str, str]:
    """Give the headers of a person of the small organisation, with these scopes."""
    claims = {
        "kind": "delegated",
        "id": seed.person_id(alias),
        "scopes": scopes,
        "directory_roles": [GLOBAL_ADMINISTRATOR] if admin else [],
    }
    return {"Authorization": json.dumps(claims)}


EVERYTHING = application(
    "Directory.ReadWrite.All", "AppRoleAssignment.ReadWrite.All", "GroupMember.ReadWrite.All"
)


@pytest.fixture
async def staffed(database: Database, clock: FixedClock) -> Database:
    """A database with the small organisation, on SQLite and on PostgreSQL."""
    async with database.transaction() as conn:
        await seed.small_organisation(conn, clock.now())
    return database


@pytest.fixture
async def api(memory: Database, clock: FixedClock) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the API of the small organisation, with every permission by default."""
    async with memory.transaction() as conn:
        await seed.small_organisation(conn, clock.now())
    async with _client(memory, clock) as client:
        yield client


@pytest.fixture
async def api_on_both(staffed: Database, clock: FixedClock) -> AsyncIterator[httpx.AsyncClient]:
    """As ``api``, on SQLite and on PostgreSQL, for what the databases could do differently."""
    async with _client(staffed, clock) as client:
        yield client


def _client(database: Database, clock: FixedClock) -> httpx.AsyncClient:
    engine = Engine(
        roots=resources(Directory(database), TENANT),
        database=database,
        clock=clock,
        authenticator=NamedCallers(),
    )
    transport = httpx.ASGITransport(GraphApp(engine=engine))
    return httpx.AsyncClient(
        transport=transport, base_url="http://localhost/v1.0", headers=EVERYTHING
    )
