"""Whatever changes in whatever order, each change is acted on once, by who people are by then."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from hypothesis import given, settings
from hypothesis import strategies as st

from ostiary.directory import changes
from ostiary.extensions.caller import Caller
from ostiary.extensions.egress import EgressPolicy
from ostiary.lifecycle import tables
from tests.extensions.endpoints import ScriptedEndpoint
from tests.lifecycle.counting import check_everything, rows_of
from tests.lifecycle.house import ADD_TO_GROUPS, ADMINISTRATOR, House, task
from tests.lifecycle.schedules import NS, change, conditions, patch, wait
from tests.lifecycle.test_consistency import SIGNER
from tests.support.clocks import FixedClock
from tests.support.databases import opened_in_memory

PEOPLE = 3

steps = st.tuples(
    st.sampled_from(["title", "move", "join", "leave", "switch", "tick"]),
    st.integers(0, PEOPLE - 1),
)


@dataclass
class Expected:
    """The same in a few lines: who waits for the next tick, and how often whom was it done for."""

    is_on: bool = True
    sellers: set[int] = field(default_factory=lambda: set(range(PEOPLE)))
    members: set[int] = field(default_factory=set)
    renamed: set[int] = field(default_factory=set)
    joined: set[int] = field(default_factory=set)
    done: Counter[tuple[str, int]] = field(default_factory=Counter)

    def take(self, kind: str, who: int) -> None:
        match kind:
            case "title" if self.is_on:
                self.renamed.add(who)
            case "move":
                self.sellers ^= {who}
            case "join":
                if self.is_on and who not in self.members:
                    self.joined.add(who)
                self.members.add(who)
            case "leave":
                self.members.discard(who)
            case "switch":
                self.is_on = not self.is_on
                self.renamed, self.joined = set(), set()
            case "tick":
                self.done.update(("renamed", one) for one in self.renamed & self.sellers)
                self.done.update(("joined", one) for one in self.joined & self.members)
                self.renamed, self.joined = set(), set()


class Story:
    """Two workflows and the people that they are about."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.titles = 0
        self.is_on = True

    async def begin(self) -> None:
        """Make the people, and a workflow for each kind of change."""
        house = self.house
        aliases = [f"person{i}" for i in range(PEOPLE)]
        self.people = await house.people(*aliases, department="Sales")
        self.departments = ["Sales"] * PEOPLE
        self.group = await house.group("Watched")
        target = await house.group("Target")
        named = conditions("attributeChangeTrigger", triggerAttributes=[{"name": "jobTitle"}])
        joined = conditions("membershipChangeTrigger", changeType="add")
        groups = [{"id": self.group}]
        joined["scope"] = {"@odata.type": f"{NS}groupBasedSubjectSet", "groups": groups}
        self.workflows = {
            await house.workflow(
                task(ADD_TO_GROUPS, "Join", groupID=target),
                category="mover",
                executionConditions=wanted,
                isSchedulingEnabled=True,
            ): name
            for name, wanted in (("renamed", named), ("joined", joined))
        }

    async def take(self, kind: str, who: int) -> None:
        """Take one step."""
        house, person = self.house, self.people[who]
        match kind:
            case "title":
                self.titles += 1
                await change(house, person, job_title=f"Title {self.titles}")
            case "move":
                other = "Legal" if self.departments[who] == "Sales" else "Sales"
                self.departments[who] = other
                await change(house, person, department=other)
            case "join":
                await house.join(self.group, person)
            case "leave":
                async with house.database.transaction() as conn:
                    pairs, now = [(self.group, person)], house.clock.now()
                    await changes.remove_members(conn, pairs, now=now, actor=ADMINISTRATOR)
            case "switch":
                self.is_on = not self.is_on
                for id in self.workflows:
                    await patch(house, f"workflows/{id}", {"isSchedulingEnabled": self.is_on})
            case "tick":
                await wait(house, hours=3)

    async def done(self) -> Counter[tuple[str, int]]:
        """Count what was done for whom."""
        rows = await rows_of(self.house.database, tables.user_processing_results)
        assert {row["processing_status"] for row in rows} <= {"completed"}
        return Counter(
            (self.workflows[row["workflow_id"]], self.people.index(row["subject_id"]))
            for row in rows
        )


@settings(max_examples=15, deadline=None)
@given(script=st.lists(steps, min_size=4, max_size=20))
async def test_each_change_is_acted_on_once(script: list[tuple[str, int]]) -> None:
    clock = FixedClock()
    caller = Caller(signer=SIGNER, clock=clock, egress=EgressPolicy(loopback=True))
    async with opened_in_memory() as database, ScriptedEndpoint() as endpoint:
        house = House(database, clock, caller, endpoint)
        story, expected = Story(house), Expected()
        await story.begin()
        try:
            for kind, who in [*script, ("tick", 0), ("tick", 0)]:
                await story.take(kind, who)
                expected.take(kind, who)
            assert await story.done() == expected.done
            await check_everything(database)
        finally:
            await house.close()
            await caller.close()
