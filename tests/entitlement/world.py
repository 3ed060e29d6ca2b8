"""The organisation that stories are about: its people, its packages, its extension, its server."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from contextlib import AsyncExitStack
from typing import Any, ClassVar, Final

from ostiary.extensions.caller import Caller
from ostiary.extensions.egress import EgressPolicy
from ostiary.extensions.signing import Signer
from ostiary.storage.database import Database
from tests.entitlement import promises
from tests.entitlement.house import (
    EM,
    House,
    extension,
)
from tests.entitlement.terms import OFFERS, Places, terms
from tests.entitlement.test_api_separation import exclude, exclude_group
from tests.extensions.endpoints import ScriptedEndpoint
from tests.support.clocks import FixedClock

Opening = Callable[[AsyncExitStack], Any]  # awaited: a new database

PEOPLE: Final = ("ann", "bob")


class World:
    """One organisation, everybody in it, and its server, which may be built again."""

    opening: ClassVar[Any]  # an ``Opening``; kept as a static method
    signer: ClassVar[Signer]

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.stack = AsyncExitStack()
        self.clock = FixedClock()
        self.requests: list[str] = []
        self.at_rest = False
        self.run(self.move_in())
        self.rows: promises.Rows = self.run(promises.read(self.database))

    def run(self, step: Any) -> Any:
        return self.runner.run(step)

    async def move_in(self) -> None:
        self.database: Database = await type(self).opening(self.stack)
        self.endpoint = await self.stack.enter_async_context(ScriptedEndpoint())
        self.house = await self.build()
        await self.house.start()
        house = self.house
        self.people = {name: await house.person(name, department="Law") for name in PEOPLE}
        boss, catalog = await house.person("boss"), await house.catalog()
        body = extension(self.endpoint.url, wait="PT1H")
        path = f"catalogs/{catalog}/customWorkflowExtensions"
        self.places = Places(
            boss=boss,
            extension=(await house.post(path, body))["id"],
            crew=await house.group("crew"),
            outcasts=await house.group("outcasts"),
        )
        self.groups: dict[str, str] = {}
        self.offers: dict[str, tuple[str, str]] = {}
        for name in OFFERS:
            group = await house.group(name)
            package = await house.package(catalog, group, name=name)
            said = terms(name, self.places, "department", is_edited=False)
            self.offers[name] = (package, await house.policy(package, **said))
            self.groups[package] = group
        await self.keep_apart()
        await house.settle()

    async def keep_apart(self) -> None:
        """Nobody gets what is checked beside what is plain, or that beside what is approved.

        Outcasts do not get what is plain either.
        """
        keys = {name: package for name, (package, _) in self.offers.items()}
        packages = {keys["checked"]: keys["plain"], keys["plain"]: keys["approved"]}
        for package, other in packages.items():
            await exclude(self.house, package, other)
        await exclude_group(self.house, keys["plain"], self.places.outcasts)
        groups = {keys["plain"]: self.places.outcasts}
        self.apart = promises.Apart(packages=packages, groups=groups)

    async def build(self) -> House:
        """Make the server, as it is after any start."""
        caller = Caller(
            signer=type(self).signer, clock=self.clock, egress=EgressPolicy(loopback=True)
        )
        self.stack.push_async_callback(caller.close)
        return House(self.database, self.clock, caller, self.endpoint)

    async def send(
        self, method: str, path: str, body: Any = None, *, by: dict[str, str] | None = None
    ) -> Any:
        """Send what may well be refused, but never fails; give what comes back, if it was taken."""
        url = path if path.startswith("/") else f"{EM}/{path}"
        reply = await self.house.api.request(method, url, json=body, headers=by)
        assert reply.status_code < 500, reply.text
        self.at_rest = False
        return reply.json() if reply.content and reply.status_code < 300 else None

    async def ask_for(self, body: Any, *, by: dict[str, str] | None = None) -> None:
        made = await self.send("POST", "assignmentRequests", body, by=by)
        self.requests += [made["id"]] if made else []

    # what there is, in an order that is the same whenever a story is told again

    @property
    def held(self) -> list[promises.Row]:
        """What people have."""
        given = [one for one in self.rows.assignments.values() if one["given_at"]]
        return sorted((one for one in given if one["holder_key"]), key=self.order)

    @property
    def undecided(self) -> list[promises.Row]:
        """The decisions that somebody is asked for."""
        ordered = sorted(self.rows.stages, key=lambda stage: int(stage["position"]))
        return self.sorted(s for s in ordered if s["status"] == "InProgress")

    @property
    def asked(self) -> list[promises.Row]:
        """What the extension was asked and may answer, the open questions first."""
        of_requests = {r["id"] for r in self.rows.requests}
        calls = [c for c in self.rows.callouts.values() if c["owner_id"] in of_requests]
        found = self.sorted((c for c in calls if c["waits"]), by="owner_id")
        return sorted(found, key=lambda call: call["outcome"] is not None)

    def sorted(
        self, found: Iterable[promises.Row], *, by: str = "request_id"
    ) -> list[promises.Row]:
        """Put what belongs to requests into their order."""
        order = {r["id"]: (r["created_at"], *self.order(r)) for r in self.rows.requests}
        return sorted(found, key=lambda one: order[one[by]])

    def order(self, one: promises.Row) -> tuple[str, str]:
        """Say whom and which package something is about."""
        people = {key: name for name, key in self.people.items()}
        packages = {key: name for name, (key, _) in self.offers.items()}
        return people[one["target_id"]], packages[one["package_id"]]
