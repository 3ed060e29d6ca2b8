"""Any sequence of what can happen to requests, and a crash at any moment, keeps the promises.

The machine plays people, approvers, administrators, an extension and the clock against a whole
deployment on a real database. ``STORY_EXAMPLES`` and ``STORY_STEPS`` make it run for long.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from contextlib import AsyncExitStack
from typing import Any, ClassVar

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from hypothesis.stateful import run_state_machine_as_test as run_machine

from ostiary.directory import changes
from ostiary.directory.model import User
from ostiary.extensions.caller import Caller
from ostiary.extensions.egress import EgressPolicy
from ostiary.extensions.signing import Signer
from ostiary.storage.database import Database
from tests.entitlement import promises
from tests.entitlement.house import (
    ADMINISTRATOR,
    APPROVER,
    EM,
    GRAPH,
    SUBJECT,
    House,
    calls,
    decision,
    extension,
    policy,
    user,
)
from tests.extensions.endpoints import ScriptedEndpoint
from tests.support.callers import person
from tests.support.clocks import FixedClock
from tests.support.databases import PostgreSQL, SQLiteFiles, opened

EXAMPLES = int(os.environ.get("STORY_EXAMPLES", "3"))
STEPS = int(os.environ.get("STORY_STEPS", "18"))
PEOPLE = ("ann", "bob")
OFFERS = ("plain", "checked", "approved", "ruled")
DEPARTMENTS = st.sampled_from(["Sales", "Law"])
NUMBERS = st.integers(0, 7)

Opening = Callable[[AsyncExitStack], Any]  # awaited: a new database


class Stories(RuleBasedStateMachine):
    """One organisation, everybody in it, and its server, which may crash."""

    opening: ClassVar[Any]  # an ``Opening``; kept as a static method
    signer: ClassVar[Signer]

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.stack = AsyncExitStack()
        self.clock = FixedClock()
        self.requests: list[str] = []
        self.outcomes: dict[str, str] = {}
        """How callouts have ended."""
        self.at_rest = False
        self.run(self.move_in())

    def run(self, step: Any) -> Any:
        return self.runner.run(step)

    async def move_in(self) -> None:
        self.database: Database = await type(self).opening(self.stack)
        self.endpoint = await self.stack.enter_async_context(ScriptedEndpoint())
        self.house = await self.build()
        await self.house.start()
        house = self.house
        self.people = {name: await house.person(name, department="Law") for name in PEOPLE}
        self.boss = await house.person("boss")
        catalog = await house.catalog()
        body = extension(self.endpoint.url, wait="PT1H")
        self.extension = (await house.post(f"catalogs/{catalog}/customWorkflowExtensions", body))[
            "id"
        ]
        self.groups = {}
        self.offers = {}
        for name in OFFERS:
            group = await house.group(name)
            package = await house.package(catalog, group, name=name)
            said = self.terms(name, "Sales", is_edited=False)
            self.offers[name] = (package, await house.policy(package, **said))
            self.groups[package] = group
        await house.settle()

    async def build(self) -> House:
        """Make the server, as it is after any start."""
        caller = Caller(
            signer=type(self).signer, clock=self.clock, egress=EgressPolicy(loopback=True)
        )
        self.stack.push_async_callback(caller.close)
        return House(self.database, self.clock, caller, self.endpoint)

    def terms(self, name: str, department: str, *, is_edited: bool) -> dict[str, Any]:
        """Give what is said by the policy of an offer, before or after it was edited."""
        called = calls(("assignmentRequestCreated", self.extension))
        match name:
            case "plain":
                days = 3 if is_edited else 20
                return {"expiration": {"type": "afterDuration", "duration": f"P{days}D"}}
            case "checked":
                granted = calls(("assignmentRequestGranted", self.extension))
                return {"customExtensionStageSettings": called + (granted if is_edited else [])}
            case "approved":
                stages = [decision(user(self.boss))] * (2 if is_edited else 1)
                approval = {"isApprovalRequiredForAdd": True, "stages": stages}
                return {"requestApprovalSettings": approval}
            case _:
                rule = f'user.department -eq "{department}"'
                target = {"@odata.type": f"{GRAPH}attributeRuleMembers", "membershipRule": rule}
                acts = {
                    "requestAccessForAllowedTargets": True,
                    "removeAccessWhenTargetLeavesAllowedTargets": True,
                    "gracePeriodBeforeAccessRemoval": "P2D" if is_edited else None,
                }
                return {
                    "allowedTargetScope": "specificDirectoryUsers",
                    "specificAllowedTargets": [target],
                    "automaticRequestSettings": acts,
                    "requestorSettings": None,
                    "customExtensionStageSettings": called if is_edited else [],
                }

    async def send(
        self, method: str, path: str, body: Any = None, *, by: dict[str, str] | None = None
    ) -> Any:
        """Send what may well be refused, but never fails; give what comes back, if it was taken."""
        url = path if path.startswith("/") else f"{EM}/{path}"
        reply = await self.house.api.request(method, url, json=body, headers=by)
        assert reply.status_code < 500, reply.text
        self.at_rest = False
        return reply.json() if reply.content and reply.status_code < 300 else None

    # what people do

    @rule(who=st.sampled_from(PEOPLE), offer=st.sampled_from(OFFERS), as_admin=st.booleans())
    def ask(self, who: str, offer: str, as_admin: bool) -> None:
        package, policy_ = self.offers[offer]
        assignment = {"accessPackageId": package, "assignmentPolicyId": policy_}
        if as_admin:
            body = {
                "requestType": "adminAdd",
                "assignment": {**assignment, "targetId": self.people[who]},
            }
            made = self.run(self.send("POST", "assignmentRequests", body))
        else:
            body = {"requestType": "userAdd", "assignment": assignment}
            by = person(self.people[who], SUBJECT)
            made = self.run(self.send("POST", "assignmentRequests", body, by=by))
        assert made is None or offer != "ruled"
        self.requests += [made["id"]] if made else []

    @precondition(lambda self: self.requests)
    @rule(number=NUMBERS, verb=st.sampled_from(["cancel", "reprocess"]))
    def administer(self, number: int, verb: str) -> None:
        request = self.requests[number % len(self.requests)]
        self.run(self.send("POST", f"assignmentRequests/{request}/{verb}"))

    @rule(number=NUMBERS)
    def remove(self, number: int) -> None:
        async def remove() -> None:
            held = (await self.send("GET", "assignments"))["value"]
            if held:
                key = held[number % len(held)]["id"]
                body = {"requestType": "adminRemove", "assignment": {"id": key}}
                await self.send("POST", "assignmentRequests", body)

        self.run(remove())

    @rule(result=st.sampled_from(["Approve", "Deny"]), number=NUMBERS)
    def decide(self, result: str, number: int) -> None:
        async def decide() -> None:
            by = person(self.boss, APPROVER)
            found = "accessPackageAssignmentApprovals"
            filter_ = "filterByCurrentUser(on='approver')?$expand=stages"
            approvals = (await self.send("GET", f"{found}/{filter_}", by=by))["value"]
            if approvals:
                one = approvals[number % len(approvals)]
                for stage in one["stages"]:
                    path = f"{found}/{one['id']}/stages/{stage['id']}"
                    body = {"reviewResult": result, "justification": "so"}
                    await self.send("PATCH", path, body, by=by)

        self.run(decide())

    # what the extension does

    @precondition(lambda self: self.endpoint.calls)
    @rule(number=NUMBERS, verdict=st.sampled_from([None, None, "denied", "canceled"]))
    def answer(self, number: int, verdict: str | None) -> None:
        newest_first = self.endpoint.calls[::-1]
        told = newest_first[number % len(newest_first)].json()
        if "CallbackUri" not in told:
            return
        data = {
            "@odata.type": "microsoft.graph.accessPackageAssignmentRequestCallbackData",
            "stage": told["Stage"],
            "customExtensionStageInstanceId": told["CustomExtensionStageInstanceId"],
            **({"state": verdict} if verdict else {}),
        }
        body = {"source": "machine", "type": "any", "data": data}
        self.run(self.send("POST", f"/beta{told['CallbackUriPath']}", body))

    @rule(status=st.sampled_from([202, 202, 500, None]))
    def behave(self, status: int | None) -> None:
        self.endpoint.always(status)

    # what changes

    @rule(offer=st.sampled_from(OFFERS), department=DEPARTMENTS, is_edited=st.booleans())
    def edit_policy(self, offer: str, department: str, is_edited: bool) -> None:
        package, key = self.offers[offer]
        body = policy(package, **self.terms(offer, department, is_edited=is_edited))
        self.run(self.send("PUT", f"assignmentPolicies/{key}", body))

    @rule(who=st.sampled_from(PEOPLE), department=DEPARTMENTS)
    def move(self, who: str, department: str) -> None:
        async def move() -> None:
            before = await self.house.user(self.people[who])
            fields = {name: getattr(before, name) for name in before.__struct_fields__}
            after = User(**{**fields, "department": department})
            async with self.database.transaction() as conn:
                now = self.clock.now()
                pairs = [(before, after)]
                await changes.update_users(conn, pairs, now=now, actor=ADMINISTRATOR)

        self.run(move())
        self.at_rest = False

    # what time and machines do

    @rule(hours=st.sampled_from([0, 1, 26, 60]))
    def let_time_pass(self, hours: int) -> None:
        self.clock.advance(hours=hours)
        self.run(self.house.settle())
        self.at_rest = True

    @rule(moments=st.integers(1, 120))
    def crash(self, moments: int) -> None:
        """Break the server off while it works, and start another in its place."""

        async def crash() -> None:
            life = asyncio.create_task(self.house.worker.run())
            for _ in range(moments):
                await asyncio.sleep(0)
            life.cancel()
            await asyncio.gather(life, return_exceptions=True)
            await self.house.close()
            self.house = await self.build()

        self.run(crash())
        self.at_rest = False

    # what is promised

    @invariant()
    def promises_are_kept(self) -> None:
        found = self.run(promises.at_any_time(self.database))
        if self.at_rest:
            now = self.clock.now()
            found += self.run(promises.at_rest(self.database, self.groups, now=now))
        assert found == []

    @invariant()
    def an_outcome_is_final(self) -> None:
        rows = self.run(promises.read(self.database))
        ended = {key: c["outcome"] for key, c in rows.callouts.items() if c["outcome"]}
        changed = {key for key, outcome in self.outcomes.items() if ended.get(key) != outcome}
        assert changed == set()
        self.outcomes = ended

    def teardown(self) -> None:
        try:
            self.endpoint.always(202)
            for hours in (1, 12, 72, 72, 1_000):  # retries, deadlines of people, everything
                self.let_time_pass(hours)
            self.promises_are_kept()
            rows = self.run(promises.read(self.database))
            open_ = [r["status"] for r in rows.requests if r["completed_at"] is None]
            assert open_ == []
        finally:
            self.run(self.house.close())
            self.run(self.stack.aclose())
            self.runner.close()


def check(opening_: Opening, signer_: Signer) -> None:
    class Machine(Stories):
        opening = staticmethod(opening_)
        signer = signer_

    run_machine(
        Machine,
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=STEPS,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


def test_any_story_keeps_the_promises_on_sqlite(sqlite_files: SQLiteFiles, signer: Signer) -> None:
    async def fresh(stack: AsyncExitStack) -> Database:
        return await stack.enter_async_context(opened(sqlite_files.fresh()))

    check(fresh, signer)


def test_any_story_keeps_the_promises_on_postgresql(postgresql: PostgreSQL, signer: Signer) -> None:
    async def fresh(stack: AsyncExitStack) -> Database:
        url = await stack.enter_async_context(postgresql.fresh())
        return await stack.enter_async_context(opened(url))

    check(fresh, signer)
