"""A whole organisation that is played: people, approvers, administrators, an extension, the clock.

``Stories`` is a state machine for Hypothesis. Each rule does one thing that can happen to requests,
or to those whom they are about, and may be refused; the promises hold whatever has happened.
"""

from __future__ import annotations

import asyncio
from typing import Any, ClassVar, Final

from hypothesis import HealthCheck, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)
from hypothesis.stateful import run_state_machine_as_test as run_machine

from ostiary.directory import changes
from ostiary.directory.objects import Kind
from ostiary.extensions.signing import Signer
from tests.entitlement import promises
from tests.entitlement.house import (
    APPROVER,
    SUBJECT,
    policy,
)
from tests.entitlement.inhabitants import ADMINISTRATOR
from tests.entitlement.terms import OFFERS, RULES, terms
from tests.entitlement.world import PEOPLE, Opening, World
from tests.support.callers import person

WHO: Final = st.sampled_from(PEOPLE)
OFFER: Final = st.sampled_from(OFFERS)
NUMBERS: Final = st.integers(0, 7)
RESULT: Final = st.sampled_from(["Approve", "Approve", "Deny"])
TURNS: Final[dict[str, tuple[Any, Any]]] = {
    "department": ("Law", "Sales"),
    "job_title": (None, "Head"),
    "account_enabled": (True, False),
    "city": (None, "Bern"),
}
"""What may change of somebody, from the first to the second and back."""


class Stories(World, RuleBasedStateMachine):
    """What may happen in a world, whose server may crash."""

    broken: ClassVar[list[str]] = []
    """What was promised and did not hold, in any of the stories."""

    def __init__(self) -> None:
        self.outcomes: dict[str, str] = {}
        """How callouts have ended."""
        self.gone: set[str] = set()
        """Who is deleted."""
        super().__init__()

    @initialize(
        departments=st.tuples(*[st.sampled_from(TURNS["department"])] * len(PEOPLE)),
        held=st.sets(st.tuples(WHO, st.sampled_from(OFFERS[:3])), min_size=1),
        at_once=st.booleans(),
    )
    def begin(
        self, departments: tuple[str, ...], held: set[tuple[str, str]], at_once: bool
    ) -> None:
        """Some are in a department that has a package by rule, and some have asked before."""
        self.edit_policy("approved", RULES[0], is_edited=False, at_once=at_once)
        for who, department in zip(PEOPLE, departments, strict=True):
            self.run(self.house.change(self.people[who], department=department))
        for who, offer in sorted(held):
            is_decided = offer == "approved"
            wish = self.wish(who, offer, "userAdd" if is_decided else "adminAdd")
            by = person(self.people[who], SUBJECT) if is_decided else None
            self.run(self.ask_for(wish, by=by))
        self.let_time_pass(0)

    # what people do

    def wish(self, who: str, offer: str, type_: str) -> dict[str, Any]:
        package, policy_ = self.offers[offer]
        named = {"accessPackageId": package, "assignmentPolicyId": policy_}
        target = {"targetId": self.people[who]} if type_ == "adminAdd" else {}
        return {"requestType": type_, "assignment": {**named, **target}}

    @rule(wishes=st.sets(st.tuples(WHO, OFFER), min_size=1, max_size=4), as_admin=st.booleans())
    def ask(self, wishes: set[tuple[str, str]], as_admin: bool) -> None:
        """Some ask, or are assigned, unless an automatic policy is the only one that gives."""
        for who, offer in sorted(wishes):
            before = len(self.requests)
            wish = self.wish(who, offer, "adminAdd" if as_admin else "userAdd")
            by = None if as_admin else person(self.people[who], SUBJECT)
            self.run(self.ask_for(wish, by=by))
            assert offer != "ruled" or len(self.requests) == before

    @precondition(lambda self: self.requests)
    @rule(number=NUMBERS, verb=st.sampled_from(["cancel", "reprocess"]))
    def administer(self, number: int, verb: str) -> None:
        request = self.requests[-1 - number % len(self.requests)]
        self.run(self.send("POST", f"assignmentRequests/{request}/{verb}"))

    @precondition(lambda self: self.held)
    @rule(number=NUMBERS, verb=st.sampled_from(["adminRemove", "adminUpdate", "reprocess"]))
    def look_after(self, number: int, verb: str) -> None:
        """Up to two assignments are removed, begin anew, or are written again."""
        for one in self.held[number % len(self.held) :][:2]:
            if verb == "reprocess":
                self.run(self.send("POST", f"assignments/{one['id']}/reprocess"))
                continue
            anew = {"schedule": {"expiration": {"type": "notSpecified"}}}
            more = anew if verb == "adminUpdate" else {}
            body = {"requestType": verb, "assignment": {"id": one["id"]}, **more}
            self.run(self.ask_for(body))

    @precondition(lambda self: self.held)
    @rule(number=NUMBERS, verb=st.sampled_from(["userRemove", "userUpdate"]))
    def change_own(self, number: int, verb: str) -> None:
        one = self.held[number % len(self.held)]
        end = {"type": "afterDuration", "duration": "P9D"}
        more = {"schedule": {"expiration": end}} if verb == "userUpdate" else {}
        body = {"requestType": verb, "assignment": {"id": one["id"]}, **more}
        self.run(self.ask_for(body, by=person(one["target_id"], SUBJECT)))

    @precondition(lambda self: self.undecided)
    @rule(results=st.lists(RESULT, min_size=1, max_size=3), number=NUMBERS)
    def decide(self, results: list[str], number: int) -> None:
        """Something is decided; several decisions, perhaps about one request, come at once."""
        open_ = self.undecided[number % len(self.undecided) :]

        async def decide() -> None:
            both = zip(open_, results, strict=False)
            await asyncio.gather(*(self.send_decision(one, result) for one, result in both))

        self.run(decide())

    async def send_decision(self, stage: promises.Row, result: str) -> None:
        path = f"accessPackageAssignmentApprovals/{stage['request_id']}/stages/{stage['id']}"
        body = {"reviewResult": result, "justification": "so"}
        await self.send("PATCH", path, body, by=person(self.places.boss, APPROVER))

    # what the extension does

    @precondition(lambda self: self.asked)
    @rule(number=NUMBERS, verdict=st.sampled_from([None, None, "denied", "canceled"]))
    def answer(self, number: int, verdict: str | None) -> None:
        asked = self.asked
        one = asked[number % len(asked)]
        data = {
            "@odata.type": "microsoft.graph.accessPackageAssignmentRequestCallbackData",
            "stage": one["stage"],
            "customExtensionStageInstanceId": one["id"],
            **({"state": verdict} if verdict else {}),
        }
        body = {"source": "machine", "type": "any", "data": data}
        self.run(self.send("POST", f"assignmentRequests/{one['owner_id']}/resume", body))

    @rule(status=st.sampled_from([202, 202, 500, None]))
    def behave(self, status: int | None) -> None:
        self.endpoint.always(status)

    # what changes

    @rule(offer=OFFER, by=st.sampled_from(RULES), is_edited=st.booleans(), at_once=st.booleans())
    def edit_policy(self, offer: str, by: str, is_edited: bool, at_once: bool) -> None:
        package, key = self.offers[offer]
        said = terms(offer, self.places, by, is_edited=is_edited, at_once=at_once)
        self.run(self.send("PUT", f"assignmentPolicies/{key}", policy(package, **said)))

    @rule(who=WHO, what=st.sampled_from(tuple(TURNS)))
    def move(self, who: str, what: str) -> None:
        """Something changes of somebody in the directory, and later back."""
        key, (first, second) = self.people[who], TURNS[what]

        async def move() -> None:
            if key not in self.gone:
                is_first = getattr(await self.house.user(key), what) in (first, "")
                await self.house.change(key, **{what: second if is_first else first})

        self.later(move())

    @rule(who=WHO)
    def come_and_go(self, who: str) -> None:
        """Somebody is deleted, or comes back."""
        ids, by = [self.people[who]], ADMINISTRATOR

        async def come_and_go() -> None:
            async with self.database.transaction() as conn:
                now = self.clock.now()
                if self.gone.isdisjoint(ids):
                    await changes.delete_objects(conn, Kind.USER, ids, now=now, actor=by)
                else:
                    await changes.restore_objects(conn, ids, now=now, actor=by)

        self.later(come_and_go())
        self.gone.symmetric_difference_update(ids)

    @rule(who=WHO, group=st.sampled_from(["crew", "outcasts"]))
    def gather(self, who: str, group: str) -> None:
        """Somebody comes to a group that decides about access, or leaves it."""
        key, member = getattr(self.places, group), self.people[who]

        async def gather() -> None:
            if member not in self.gone:
                is_in = member in await self.house.members(key)
                await (self.house.leave if is_in else self.house.join)(key, member)

        self.later(gather())

    def later(self, step: Any) -> None:
        """Change the directory at an instant of its own."""
        self.clock.advance(seconds=1)
        self.run(step)
        self.at_rest = False

    # what time and machines do

    @rule()
    def settle(self) -> None:
        self.let_time_pass(0)

    @rule(hours=st.sampled_from([0, 1, 26, 60]))
    def let_time_pass(self, hours: int) -> None:
        self.clock.advance(hours=hours, seconds=1)
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
        self.rows = self.run(promises.read(self.database))
        found = self.run(promises.at_any_time(self.database, self.rows))
        if self.at_rest:
            rest = promises.at_rest(
                self.database, self.rows, self.groups, self.apart, now=self.clock.now()
            )
            found += self.run(rest)
        found += self.changed_outcomes()
        type(self).broken.extend(found)
        assert not found, found

    def changed_outcomes(self) -> list[str]:
        """An outcome is final."""
        before, self.outcomes = (
            self.outcomes,
            {key: c["outcome"] for key, c in self.rows.callouts.items() if c["outcome"]},
        )
        return [
            f"callout {key} was '{outcome}' before"
            for key, outcome in before.items()
            if self.outcomes.get(key) != outcome
        ]

    def teardown(self) -> None:
        try:
            self.endpoint.always(202)
            for hours in (1, 12, 72, 72, 1_000):  # retries, deadlines of people, everything
                self.let_time_pass(hours)
                self.promises_are_kept()
            open_ = [r["status"] for r in self.rows.requests if r["completed_at"] is None]
            assert not open_, open_
        finally:
            self.run(self.house.close())
            self.run(self.stack.aclose())
            self.runner.close()


def play(
    opening_: Opening,
    signer_: Signer,
    *,
    examples: int,
    steps: int,
    kind: type[Stories] = Stories,
    seed_: int | None = None,
    **more: Any,
) -> None:
    """Play stories on the databases that ``opening_`` gives; ``more`` is for Hypothesis."""

    class Played(kind):  # type: ignore[misc, valid-type]  # a class that is given
        opening = staticmethod(opening_)
        signer = signer_

    run_machine(
        Played if seed_ is None else seed(seed_)(Played),
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            **more,
        ),
    )
