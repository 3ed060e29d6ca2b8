"""A whole server in this process, its clock in hand, and everybody who calls it."""

from __future__ import annotations

from collections.abc import Callable, Collection
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count

import httpx

from ostiary.directory.seed import person_id
from ostiary.durable import timetravel
from ostiary.durable.clock import SimulatedClock
from ostiary.extensions import ledger
from ostiary.identity.catalogue import IDENTITY_GOVERNANCE_ADMINISTRATOR
from ostiary.identity.ports import Client, Subject
from ostiary.server.composition import Server
from ostiary.storage.database import Database
from tests.extensions.endpoints import Call, ScriptedEndpoint
from tests.scenarios import bodies
from tests.scenarios.access import Access, Offer
from tests.scenarios.api import Api
from tests.scenarios.bodies import extension
from tests.scenarios.names import V1, Names
from tests.scenarios.snapshots import untouched
from tests.scenarios.workflows import Workflows

BASE = "http://127.0.0.1:8080"
MANAGE_ACCESS = "EntitlementManagement.ReadWrite.All"
READ_ACCESS = "EntitlementManagement.Read.All"
ASK = "EntitlementMgmt-SubjectAccess.ReadWrite"
MANAGE_WORKFLOWS = "LifecycleWorkflows.ReadWrite.All"
READ_WORKFLOWS = "LifecycleWorkflows.Read.All"
EVERYTHING = (MANAGE_ACCESS, MANAGE_WORKFLOWS, "Directory.ReadWrite.All", "AuditLog.Read.All")
ADMINISTRATOR = Client(
    app_id="7b6f1f0e-38a1-4c0e-9d0a-0c1d2e3f4a5b",
    object_id="0d9c7f9c-5c0a-4c9e-8f62-3c7a3a4b5c6d",
)

TRUSTED = Client(
    app_id="6a3f8f52-6c1e-4d0c-8f5a-1f3f2d0c9b11",
    object_id="b7f7a8b4-9a51-4a6f-9d1e-5a0c2b7f4d21",
)
"""An application that extensions may name; by itself it may do nothing."""

STRANGER = Client(
    app_id="9e2c5d0a-1d7f-4f0b-8a3c-5b6d7e8f9a0b",
    object_id="4c3b2a19-0f8e-4d7c-8b6a-594837261504",
)
"""An application that owns nothing and is named nowhere."""

_NUMBERS = count(1)


@dataclass(repr=False)
class House:
    """The server of a test module, with an endpoint of this test's own."""

    server: Server
    http: httpx.AsyncClient
    endpoint: ScriptedEndpoint
    _tokens: dict[tuple[str, datetime], str] = field(default_factory=dict)

    @property
    def database(self) -> Database:
        """Where everything is kept."""
        return self.server.database

    @property
    def clock(self) -> SimulatedClock:
        """The clock, which stands still."""
        assert isinstance(self.server.clock, SimulatedClock)
        return self.server.clock

    @property
    def calls(self) -> list[Call]:
        """What the endpoint got."""
        return self.endpoint.calls

    # who calls

    def app(self, *roles: str, client: Client = ADMINISTRATOR) -> Api:
        """Give an application with these permissions."""
        issuer = self.server.issuer
        assert issuer is not None

        def make(now: datetime) -> str:
            return issuer.for_app(client, roles=roles, now=now).token

        return self._caller(f"app {client} {roles}", make)

    def person(self, alias: str, *scopes: str, directory_roles: Collection[str] = ()) -> Api:
        """Give somebody of the small organisation."""
        return self.person_with_id(person_id(alias), *scopes, directory_roles=directory_roles)

    def person_with_id(self, id: str, *scopes: str, directory_roles: Collection[str] = ()) -> Api:
        """Give anybody in the directory."""
        issuer = self.server.issuer
        assert issuer is not None
        subject = Subject(object_id=id)

        def make(now: datetime) -> str:
            return issuer.for_user(
                subject, scopes=scopes, directory_roles=directory_roles, now=now
            ).token

        return self._caller(f"person {id} {scopes} {directory_roles}", make)

    def _caller(self, who: str, make: Callable[[datetime], str]) -> Api:
        def token() -> str:
            now = self.clock.now()
            if (who, now) not in self._tokens:
                self._tokens[who, now] = make(now)
            return self._tokens[who, now]

        return Api(self.http, token)

    @property
    def admin(self) -> Api:
        """An application that may do everything."""
        return self.app(*EVERYTHING)

    def access(self, names: Names = V1) -> Access:
        """Give entitlement management to the administrator."""
        return Access(self.admin, names)

    def workflows(self, names: Names = V1) -> Workflows:
        """Give lifecycle workflows to the administrator."""
        return Workflows(self.admin, names)

    def asker(self, alias: str, names: Names = V1) -> Access:
        """Give entitlement management to somebody who asks for themselves."""
        return Access(self.person(alias, ASK), names)

    def asker_with_id(self, id: str, names: Names = V1) -> Access:
        """Give entitlement management to anybody who asks for themselves."""
        return Access(self.person_with_id(id, ASK), names)

    def approver(self, alias: str, names: Names = V1) -> Access:
        """Give entitlement management to somebody who is asked to decide."""
        return Access(self.person(alias, MANAGE_ACCESS), names)

    def governor(self, alias: str) -> Access:
        """Give entitlement management to a person who administers it."""
        roles = [IDENTITY_GOVERNANCE_ADMINISTRATOR]
        return Access(self.person(alias, MANAGE_ACCESS, directory_roles=roles))

    # what happens

    async def settle(self) -> None:
        """Do everything that is due."""
        await self.server.worker.settle()

    async def advance(self, **duration: float) -> None:
        """Move the clock, and do everything that becomes due on the way."""
        to = self.clock.now() + timedelta(**duration)
        await timetravel.advance(self.clock, self.server.worker, to=to)

    async def pass_by(self, **duration: float) -> None:
        """Move the clock while no worker runs."""
        await self.clock.move_to(self.clock.now() + timedelta(**duration))

    def untouched(self) -> AbstractAsyncContextManager[None]:
        """Make sure that a block stores nothing and moves nothing, but for the ledger."""
        return untouched(self.database)

    # what there is

    def name(self, noun: str) -> str:
        """Give a name that nothing else has."""
        return f"{noun} {next(_NUMBERS)}"

    async def make_group(self) -> str:
        """Create a group; give its id."""
        body = bodies.group(self.name("group"))
        return str((await self.admin.post("/v1.0/groups", body))["id"])

    async def members(self, group: str) -> set[str]:
        """Give the members of a group."""
        found = await self.admin.values(f"/v1.0/groups/{group}/members?$select=id")
        return {one["id"] for one in found}

    async def make_offer(
        self, *stages: str, wait: str | None = "PT1H", approver: str = "", names: Names = V1
    ) -> Offer:
        """Offer a group; at each of the stages the endpoint is called by one extension."""
        calls = extension(self.endpoint.url, wait=wait)
        return await self.access(names).make_offer(
            await self.make_group(), *((stage, calls) for stage in stages), approver=approver
        )

    async def park(self, offer: Offer, alias: str = "megan") -> tuple[str, Call]:
        """Assign a package whose first extension is waited for; give the request and the call."""
        request = await self.access().request_add(offer, person_id(alias))
        await self.settle()
        return request, self.calls[-1]

    async def answers(self, owner: str) -> list[tuple[str, str | None]]:
        """Give the answers in the ledger about a request or a task: result and code."""
        async with self.database.reading() as conn:
            entries = await ledger.read(conn, [owner])
        return [(one.result, one.label) for one in entries if one.direction == "in"]
