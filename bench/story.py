"""The story that is measured, as a client tells it: a package whose requests call out and wait."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
import msgspec

from bench.world import tenant_of
from ostiary.audit.events import SYSTEM
from ostiary.directory import changes
from ostiary.directory.model import User
from ostiary.identity.ports import Client
from ostiary.server.issuing import development_issuer
from ostiary.storage.database import Database
from ostiary.storage.ids import new_id

MANAGEMENT = "/v1.0/identityGovernance/entitlementManagement"
REQUEST_TYPE = "#microsoft.graph.accessPackageAssignmentRequestWorkflowExtension"


@dataclass
class Setting:
    """What the story happens in, and the people who have not yet asked for anything."""

    headers: dict[str, str]
    package: str
    policy: str
    people: list[str] = field(default_factory=list)

    def take(self, number: int) -> list[str]:
        """Take so many people who have not asked yet."""
        taken, self.people = self.people[:number], self.people[number:]
        return taken


async def prepare(
    url: str,
    data_dir: Path,
    database_url: str,
    endpoint_port: int,
    *,
    people: int,
    calls: int = 1,
) -> Setting:
    """Make the people, the package, the extension and a policy that calls out so many times."""
    tenant = tenant_of(url)
    issuer = development_issuer(data_dir, tenant_id=tenant, base_urls=[url])
    client = Client(app_id=new_id(), object_id=new_id())
    roles = ["EntitlementManagement.ReadWrite.All", "Group.ReadWrite.All"]
    token = issuer.for_app(client, roles=roles, now=datetime.now(UTC)).token
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    ids = await add_people(database_url, people)
    async with aiohttp.ClientSession(headers=headers) as session:
        package, policy = await _make_package(session, url, endpoint_port, calls)
    return Setting(headers, package, policy, ids)


async def add_people(database_url: str, number: int) -> list[str]:
    """Make so many people whose names nobody else has; give their ids."""
    database = await Database.open(database_url)
    mark = new_id()[:8]
    drafts = [
        User(
            id=new_id(),
            display_name=f"Person {n}",
            user_principal_name=f"p{n}-{mark}@bench.example",
            account_enabled=True,
            mail_nickname=f"p{n}-{mark}",
        )
        for n in range(number)
    ]
    async with database.transaction() as conn:
        made = await changes.add_users(conn, drafts, now=datetime.now(UTC), actor=SYSTEM)
    await database.close()
    return [user.id for user in made]


async def another(url: str, setting: Setting, endpoint_port: int) -> Setting:
    """Make another package with an extension of its own, for the same people."""
    async with aiohttp.ClientSession(headers=setting.headers) as session:
        package, policy = await _make_package(session, url, endpoint_port, 1)
    return Setting(setting.headers, package, policy, list(setting.people))


async def _make_package(
    session: aiohttp.ClientSession, url: str, endpoint_port: int, calls: int
) -> tuple[str, str]:
    async def post(path: str, body: dict[str, Any]) -> str:
        async with session.post(f"{url}{path}", json=body) as reply:
            answer = await reply.json()
            if reply.status != 201:
                raise RuntimeError(f"POST {path}: {answer}")
            return str(answer["id"])

    catalog = await post(f"{MANAGEMENT}/catalogs", {"displayName": f"Bench {new_id()}"})
    extension = await post(
        f"{MANAGEMENT}/catalogs/{catalog}/customWorkflowExtensions",
        {
            "@odata.type": REQUEST_TYPE,
            "displayName": "Only says 202",
            "endpointConfiguration": {
                "@odata.type": "#microsoft.graph.httpRequestEndpoint",
                "targetUrl": f"http://127.0.0.1:{endpoint_port}/hook",
            },
            "authenticationConfiguration": {
                "@odata.type": "#microsoft.graph.azureAdPopTokenAuthentication"
            },
            "callbackConfiguration": {
                "@odata.type": "#microsoft.graph.customExtensionCallbackConfiguration",
                "durationBeforeTimeout": "P1D",
            },
            "clientConfiguration": {"timeoutInMilliseconds": 2000, "maximumRetries": 1},
        },
    )
    package = await post(
        f"{MANAGEMENT}/accessPackages", {"displayName": "Bench", "catalog": {"id": catalog}}
    )
    policy = await post(
        f"{MANAGEMENT}/assignmentPolicies",
        {
            "displayName": "Calls out",
            "accessPackage": {"id": package},
            "allowedTargetScope": "notSpecified",
            "customExtensionStageSettings": [
                {
                    "stage": "assignmentRequestCreated",
                    "customExtension": {"@odata.type": REQUEST_TYPE, "id": extension},
                }
            ]
            * calls,
        },
    )
    return package, policy


class _Made(msgspec.Struct):
    id: str


async def request(session: aiohttp.ClientSession, url: str, setting: Setting, person: str) -> str:
    """Ask for access for a person; give the request's id."""
    body = {
        "requestType": "adminAdd",
        "assignment": {
            "targetId": person,
            "assignmentPolicyId": setting.policy,
            "accessPackageId": setting.package,
        },
    }
    place = f"{url}{MANAGEMENT}/assignmentRequests"
    async with session.post(place, json=body, headers=setting.headers) as reply:
        if reply.status != 201:
            raise RuntimeError(await reply.text())
        return msgspec.json.decode(await reply.read(), type=_Made).id


async def resume(
    session: aiohttp.ClientSession, url: str, setting: Setting, name: str, instance: str
) -> None:
    """Answer for a request."""
    body = {
        "source": "bench",
        "type": "microsoft.graph.accessPackageCustomExtensionStage.assignmentRequestCreated",
        "data": {
            "@odata.type": "microsoft.graph.accessPackageAssignmentRequestCallbackData",
            "stage": "assignmentRequestCreated",
            "customExtensionStageInstanceId": instance,
            "customExtensionStageInstanceDetail": "fine",
        },
    }
    place = f"{url}{MANAGEMENT}/assignmentRequests/{name}/resume"
    async with session.post(place, json=body, headers=setting.headers) as reply:
        if reply.status != 204:
            raise RuntimeError(await reply.text())


async def all_ended(session: aiohttp.ClientSession, url: str, setting: Setting) -> None:
    """Return when every request has been delivered, so that the next round begins in quiet."""
    while await _count(session, url, setting, "state ne 'delivered'") > 0:
        await asyncio.sleep(0.01)


async def _count(session: aiohttp.ClientSession, url: str, setting: Setting, condition: str) -> int:
    place = f"{url}{MANAGEMENT}/assignmentRequests/$count"
    params = {"$filter": condition}
    async with session.get(place, params=params, headers=setting.headers) as reply:
        return int(await reply.text())
