"""Everything that a workflow needs, on one database: the API, a worker, people, an endpoint."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC
from typing import Any

import httpx

from ostiary.audit.events import Actor
from ostiary.directory import changes, model, store
from ostiary.durable.worker import Worker
from ostiary.extensions.caller import Caller
from ostiary.extensions.egress import EgressPolicy
from ostiary.extensions.owners import Owners
from ostiary.extensions.plans import Addresses
from ostiary.extensions.resumes import Resumes
from ostiary.extensions.work import CalloutWork
from ostiary.graph.app import GraphApp
from ostiary.graph.engine import Engine
from ostiary.graph.resources import Singleton
from ostiary.lifecycle.letters import TEMPLATES
from ostiary.lifecycle.owner import TaskResultOwner
from ostiary.lifecycle.routes import resources
from ostiary.lifecycle.service import Lifecycle
from ostiary.lifecycle.tasks.port import Task
from ostiary.lifecycle.tasks.registry import Registry, built_in
from ostiary.lifecycle.work import handlers
from ostiary.mail import store as mail_store
from ostiary.mail.letters import Sender
from ostiary.mail.mails import Mail
from ostiary.mail.store import Filters
from ostiary.mail.templates import Templates
from ostiary.mail.work import MailWork
from ostiary.storage.database import Database
from ostiary.storage.ids import new_id
from tests.extensions.endpoints import ScriptedEndpoint
from tests.support.callers import NamedCallers
from tests.support.clocks import FixedClock

ROOT = "/v1.0/identityGovernance/lifecycleWorkflows"
BASE = "http://127.0.0.1:8080"
ADMINISTRATOR = Actor(kind="app", id="00000000-0000-4000-8000-00000000aaaa", app_id="an-app")
EVERYTHING = ("LifecycleWorkflows.ReadWrite.All",)

ENABLE = "6fc52c9d-398b-4305-9763-15f42c1676fc"
DISABLE = "1dfdfcc7-52fa-4c2e-bf3a-e3919cc12950"
DELETE = "8d18588d-9ad3-4c0f-99d0-ec215f0e3dff"
ADD_TO_GROUPS = "22085229-5809-45e8-97fd-270d28d66910"
REMOVE_FROM_GROUPS = "1953a66c-751c-45e5-8bfe-01462c70da3c"
REMOVE_FROM_ALL_GROUPS = "b3a31406-2a15-4c9a-b25b-a658fa5f07fc"
CUSTOM = "4262b724-8dba-4fad-afc3-43fcbb497a0e"
WELCOME = "70b29d51-b59a-4773-9280-8841dfd3f2ea"

ADD_TO_TEAMS = "e440ed8d-25a1-4618-84ce-091ed5be5594"

SENDER = Sender(name="Contoso", address="no-reply@contoso.example")
ON_DEMAND = {"@odata.type": "#microsoft.graph.identityGovernance.onDemandExecutionOnly"}


def application(*roles: str, **claims: str) -> dict[str, str]:
    """Give the headers of an application with these permissions."""
    usual = {"kind": "application", "id": ADMINISTRATOR.id, "app_id": "an-app", "roles": roles}
    return {"Authorization": json.dumps({**usual, **claims})}


def person(*scopes: str, directory_roles: Sequence[str] = ()) -> dict[str, str]:
    """Give the headers of a person."""
    claims = {
        "kind": "delegated",
        "id": new_id(),
        "scopes": scopes,
        "directory_roles": directory_roles,
    }
    return {"Authorization": json.dumps(claims)}


def task(definition: str, name: str, *, go_on: bool = False, **arguments: str) -> dict[str, Any]:
    """Give a task as a request has it."""
    return {
        "taskDefinitionId": definition,
        "displayName": name,
        "continueOnError": go_on,
        "arguments": [{"name": n, "value": v} for n, v in arguments.items()],
    }


def failing(name: str, *, go_on: bool = False) -> dict[str, Any]:
    """Give a task that fails for everybody: nothing here carries it out."""
    return task(ADD_TO_TEAMS, name, go_on=go_on, teamID="1baa57fa-3c4e-4526-ba5a-db47a9df95f0")


class House:
    """One deployment in one process."""

    def __init__(
        self,
        database: Database,
        clock: FixedClock,
        caller: Caller,
        endpoint: ScriptedEndpoint,
        tasks: Sequence[Task] | None = None,
    ) -> None:
        self.database = database
        self.clock = clock
        self.endpoint = endpoint
        owners = Owners([TaskResultOwner()])
        self.resumes = Resumes(database, clock, owners)
        egress = EgressPolicy(loopback=True)
        self.registry = Registry(built_in(domain="contoso.example") if tasks is None else tasks)
        self.lifecycle = Lifecycle.of(
            database, resumes=self.resumes, registry=self.registry, egress=egress
        )
        addresses = Addresses(base_url=BASE)
        self.callouts = CalloutWork(
            database, clock, owners, caller, addresses=addresses, node="test"
        )
        templates = Templates([TEMPLATES], zone=UTC)
        self.mail_work = MailWork(database, clock, templates, sender=SENDER)
        work = [
            *handlers(self.registry),
            *self.callouts.handlers(),
            *self.mail_work.handlers(),
        ]
        self.worker = Worker(database, clock, work, node="test")
        engine = Engine(
            roots=[Singleton(name="identityGovernance", children=(resources(self.lifecycle),))],
            database=database,
            clock=clock,
            authenticator=NamedCallers(),
        )
        self.api = httpx.AsyncClient(
            transport=httpx.ASGITransport(GraphApp(engine=engine)),
            base_url=BASE,
            headers=application(*EVERYTHING),
        )

    async def close(self) -> None:
        """Let go of everything."""
        await self.api.aclose()
        await self.resumes.close()
        await self.callouts.close()
        await self.mail_work.close()

    async def settle(self) -> None:
        """Do everything that is due."""
        await self.worker.settle()

    async def post(self, path: str, body: Any, *, status: int, **options: Any) -> Any:
        """POST below the container, and make sure of the status."""
        reply = await self.api.post(f"{ROOT}/{path}", json=body, **options)
        assert reply.status_code == status, reply.text
        return reply.json() if reply.content else None

    async def get(self, path: str, *, status: int = 200, **options: Any) -> Any:
        """GET below the container, and make sure of the status."""
        reply = await self.api.get(f"{ROOT}/{path}", **options)
        assert reply.status_code == status, reply.text
        return reply.json()

    async def values(self, path: str) -> list[Any]:
        """GET a collection below the container."""
        values: list[Any] = (await self.get(path))["value"]
        return values

    async def mails(self) -> list[Mail]:
        """Give the mails that were written, the oldest first."""
        async with self.database.reading() as conn:
            found = await mail_store.listed(conn, Filters(limit=500))
        return sorted(found, key=lambda mail: (mail.created_at, mail.template, mail.address or ""))

    async def people(self, *aliases: str, **properties: Any) -> list[str]:
        """Create people and give their ids."""
        drafts = [
            model.User(
                display_name=alias.title(),
                user_principal_name=f"{alias}@contoso.example",
                mail=f"{alias}@contoso.example",
                **properties,
            )
            for alias in aliases
        ]
        async with self.database.transaction() as conn:
            now = self.clock.now()
            made = await changes.add_users(conn, drafts, now=now, actor=ADMINISTRATOR)
        return [user.id for user in made]

    async def group(self, name: str, **properties: Any) -> str:
        """Create a security group and give its id."""
        usual: dict[str, Any] = {
            "display_name": name,
            "mail_nickname": name.lower(),
            "mail_enabled": False,
            "security_enabled": True,
        }
        async with self.database.transaction() as conn:
            made = await changes.add_groups(
                conn,
                [model.Group(**{**usual, **properties})],
                now=self.clock.now(),
                actor=ADMINISTRATOR,
            )
        return made[0].id

    async def join(self, group: str, *members: str) -> None:
        """Put members into a group."""
        async with self.database.transaction() as conn:
            pairs = [(group, member) for member in members]
            now = self.clock.now()
            await changes.add_members(conn, pairs, now=now, actor=ADMINISTRATOR)

    async def members(self, group: str) -> set[str]:
        """Give the members of a group."""
        async with self.database.reading() as conn:
            return (await store.group_members(conn, [group]))[group]

    async def extension(self, *, wait: str | None = "PT30M", **changes: Any) -> str:
        """Create a custom task extension that calls the endpoint; give its id."""
        body: dict[str, Any] = {
            "displayName": f"extension {new_id()}",
            "endpointConfiguration": {
                "@odata.type": "#microsoft.graph.httpRequestEndpoint",
                "targetUrl": self.endpoint.url,
            },
            "authenticationConfiguration": {
                "@odata.type": "#microsoft.graph.azureAdPopTokenAuthentication"
            },
            "clientConfiguration": {"maximumRetries": 0, "timeoutInMilliseconds": 2000},
        }
        if wait is not None:
            body["callbackConfiguration"] = callback(wait)
        made = await self.post("customTaskExtensions", {**body, **changes}, status=201)
        return str(made["id"])

    async def workflow(self, *tasks: dict[str, Any], **changes: Any) -> str:
        """Create an on-demand workflow with these tasks; give its id."""
        body = workflow(*tasks, **changes)
        made = await self.post("workflows", body, status=201)
        return str(made["id"])

    async def activate(self, workflow_id: str, *people: str) -> str:
        """Run a workflow for people, without doing its work; give the run's id."""
        before = {run["id"] for run in await self.values(f"workflows/{workflow_id}/runs")}
        body = {"subjects": [{"id": id} for id in people]}
        await self.post(f"workflows/{workflow_id}/activate", body, status=204)
        after = {run["id"] for run in await self.values(f"workflows/{workflow_id}/runs")}
        (new,) = after - before
        return str(new)


def callback(wait: str, *apps: str) -> dict[str, Any]:
    """Give a callback configuration as a request has it."""
    return {
        "@odata.type": (
            "#microsoft.graph.identityGovernance.customTaskExtensionCallbackConfiguration"
        ),
        "timeoutDuration": wait,
        "authorizedApps": [{"id": app} for app in apps],
    }


def workflow(*tasks: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """Give an on-demand workflow as a request has it."""
    usual = {
        "category": "joiner",
        "displayName": f"workflow {new_id()}",
        "executionConditions": ON_DEMAND,
        "tasks": list(tasks),
    }
    return {**usual, **changes}
