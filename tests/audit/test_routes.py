from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from ostiary.audit.events import Actor, AuditEvent, Target
from ostiary.audit.routes import resources
from ostiary.audit.store import record
from ostiary.graph.app import GraphApp
from ostiary.graph.engine import Engine
from ostiary.graph.errors import Forbidden
from ostiary.graph.resources import Call
from ostiary.storage.database import Database
from tests.support.clocks import FixedClock

ALICE = Actor(kind="user", id="a1", display_name="Alice", user_principal_name="alice@example.org")
ROBOT = Actor(kind="app", id="sp1", display_name="Robot", app_id="app1")
EVENTS = [
    AuditEvent(
        activity="Create access package",
        category="EntitlementManagement",
        service="Entitlement Management",
        operation="Add",
        actor=ALICE,
        targets=(Target("p1", "AccessPackage", "VPN"),),
        correlation_id="c1",
    ),
    AuditEvent(
        activity="Resume task",
        category="WorkflowManagement",
        service="Lifecycle Workflows",
        actor=ROBOT,
        result="failure",
        reason="too late",
        correlation_id="c2",
    ),
]


@dataclass(frozen=True)
class Anybody:
    object_id: str = "a1"
    app_id: str | None = None


class Believing:
    async def authenticate(self, headers: Mapping[str, str]) -> Anybody:
        return Anybody()


async def allow(_: Call) -> None: ...


async def refuse(_: Call) -> None:
    raise Forbidden


def client(database: Database, clock: FixedClock, *, read: Any = allow) -> httpx.AsyncClient:
    engine = Engine(
        roots=[resources(read=read)],
        database=database,
        clock=clock,
        authenticator=Believing(),
    )
    transport = httpx.ASGITransport(GraphApp(engine=engine))
    return httpx.AsyncClient(transport=transport, base_url="http://localhost/v1.0")


@pytest.fixture
async def api(database: Database, clock: FixedClock) -> AsyncIterator[httpx.AsyncClient]:
    for event in EVENTS:
        async with database.transaction() as conn:
            await record(conn, [event], now=clock.advance(minutes=1))
    async with client(database, clock) as http:
        yield http


async def found(api: httpx.AsyncClient, filter_: str) -> list[str]:
    reply = await api.get("/auditLogs/directoryAudits", params={"$filter": filter_})
    assert reply.status_code == 200, reply.text
    return [audit["activityDisplayName"] for audit in reply.json()["value"]]


async def test_records_read_as_graph_writes_them(api: httpx.AsyncClient) -> None:
    (newest, oldest) = (await api.get("/auditLogs/directoryAudits")).json()["value"]

    assert newest["initiatedBy"]["app"]["servicePrincipalId"] == "sp1"
    assert newest["initiatedBy"]["user"] is None
    assert (newest["result"], newest["resultReason"]) == ("failure", "too late")
    assert oldest["activityDateTime"].startswith("2026-01-05T09:01:00")
    assert oldest["initiatedBy"]["user"]["userPrincipalName"] == "alice@example.org"
    assert oldest["targetResources"][0]["displayName"] == "VPN"
    assert (await api.get(f"/auditLogs/directoryAudits/{oldest['id']}")).json()["id"] == oldest[
        "id"
    ]


@pytest.mark.parametrize(
    "filter_",
    [
        "activityDateTime le 2026-01-05T09:01:00Z",
        "activityDateTime eq 2026-01-05T09:01:00Z",
        "activityDisplayName eq 'Create access package'",
        "startswith(activityDisplayName,'Create')",
        "correlationId eq 'c1'",
        "loggedByService eq 'Entitlement Management'",
        "result eq 'success'",
        "category eq 'EntitlementManagement'",
        "initiatedBy/user/id eq 'a1'",
        "initiatedBy/user/displayName eq 'Alice'",
        "startswith(initiatedBy/user/userPrincipalName,'alice@')",
    ],
)
async def test_the_published_filters_find_what_a_person_did(
    api: httpx.AsyncClient, filter_: str
) -> None:
    assert await found(api, filter_) == ["Create access package"]


@pytest.mark.parametrize(
    "filter_",
    [
        "activityDateTime ge 2026-01-05T09:02:00Z",
        "initiatedBy/app/appId eq 'app1'",
        "initiatedBy/app/displayName eq 'Robot'",
        "result eq 'failure'",
    ],
)
async def test_the_published_filters_find_what_an_application_did(
    api: httpx.AsyncClient, filter_: str
) -> None:
    assert await found(api, filter_) == ["Resume task"]


async def test_the_log_is_read_by_those_who_may(memory: Database, clock: FixedClock) -> None:
    async with client(memory, clock, read=refuse) as http:
        assert (await http.get("/auditLogs/directoryAudits")).status_code == 403


@pytest.mark.parametrize("method", ["POST", "PATCH", "DELETE"])
async def test_the_log_cannot_be_written(memory: Database, clock: FixedClock, method: str) -> None:
    async with client(memory, clock) as http:
        path = "/auditLogs/directoryAudits" + ("" if method == "POST" else "/x")
        reply = await http.request(method, path, json={})

    assert reply.status_code == 405


async def test_records_are_found_by_their_targets(api: httpx.AsyncClient) -> None:
    everything = (await api.get("/auditLogs/directoryAudits")).json()["value"]
    wanted = everything[-1]["targetResources"][0]
    expression = f"targetResources/any(t: t/id eq '{wanted['id']}')"

    found = (await api.get("/auditLogs/directoryAudits", params={"$filter": expression})).json()

    assert everything[-1]["id"] in [record["id"] for record in found["value"]]
    assert all(
        wanted["id"] in [t["id"] for t in record["targetResources"]] for record in found["value"]
    )
