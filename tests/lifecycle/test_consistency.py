"""Whatever happens in whatever order, the numbers of every level are the sums of the level below.

Steps are taken at random: people are activated, single pieces of work are done or crash, answers
come, deadlines pass, runs are canceled, repeated and held back, versions and switches change. After
each step the rows are counted again, from the bottom up.
"""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from joserfc.jwk import RSAKey

from ostiary.durable import queue
from ostiary.extensions.caller import Caller
from ostiary.extensions.egress import EgressPolicy
from ostiary.extensions.signing import OutboundIssuer, Signer
from ostiary.lifecycle import names, tables
from ostiary.lifecycle.tallies import ENDED, Status
from ostiary.lifecycle.tasks.registry import Registry, built_in
from ostiary.lifecycle.work import handlers
from tests.extensions.endpoints import ScriptedEndpoint
from tests.lifecycle.counting import check_everything, rows_of
from tests.lifecycle.house import CUSTOM, ENABLE, ROOT, House, failing, task, workflow
from tests.support.clocks import FixedClock
from tests.support.databases import opened_in_memory

SIGNER = Signer(
    OutboundIssuer(
        RSAKey.generate_key(2048), issuer="http://127.0.0.1:8080/outbound", tenant_id="tenant"
    )
)
HANDLERS = {handler.kind: handler for handler in handlers(Registry(built_in()))}

steps = st.one_of(
    st.tuples(st.just("activate"), st.integers(0, 6)),
    st.tuples(st.sampled_from(sorted(HANDLERS)), st.integers(0, 3)),
    st.tuples(st.just("crash"), st.integers(0, 3)),
    st.tuples(st.just("settle"), st.just(0)),
    st.tuples(st.just("completed"), st.integers(0, 9)),
    st.tuples(st.just("failed"), st.integers(0, 9)),
    st.tuples(st.just("wait"), st.integers(1, 6)),
    st.tuples(st.just("cancel"), st.integers(0, 3)),
    st.tuples(st.just("version"), st.integers(0, 3)),
    st.tuples(st.just("switch"), st.integers(0, 1)),
    st.tuples(st.just("repeat"), st.integers(0, 15)),
    st.tuples(st.just("preview"), st.integers(0, 3)),
    st.tuples(st.just("limit"), st.integers(0, 3)),
    st.tuples(st.just("clear"), st.just(0)),
)


def limit(number: int) -> dict[str, Any]:
    """Give the settings of a workflow with a limit of so many people; none for 0."""
    if not number:
        return {"quarantineConfiguration": None}
    kind = "#microsoft.graph.identityGovernance.countBasedQuarantineCondition"
    condition = {"@odata.type": kind, "threshold": number}
    return {"quarantineConfiguration": {"matchMode": "any", "conditions": [condition]}}


class Story:
    """A workflow to which things happen."""

    def __init__(self, house: House) -> None:
        self.house = house

    async def begin(self) -> None:
        """Make people, an extension, and a workflow that uses it."""
        self.people = await self.house.people(*(f"person{i}" for i in range(4)))
        self.extension = await self.house.extension(wait="PT5M")
        self.workflow = await self.house.workflow(*self.tasks(0), displayName="story")

    def tasks(self, number: int) -> list[dict[str, Any]]:
        """Give the tasks of one of four versions."""
        call = task(CUSTOM, "Call", go_on=number % 2 == 1, customTaskExtensionID=self.extension)
        versions = [
            [task(ENABLE, "Enable"), call, task(ENABLE, "Again")],
            [call, failing("Fail", go_on=True), task(ENABLE, "Enable")],
            [{**call, "isEnabled": False}],
            [task(ENABLE, "Enable"), failing("Fail"), call],
        ]
        return versions[number]

    async def take(self, kind: str, number: int) -> None:
        """Take one step; one that is not possible now is refused and changes nothing."""
        house, path = self.house, f"{ROOT}/workflows/{self.workflow}"
        match kind:
            case "activate":
                people = self.people[: number % 4 + 1]
                body: Any = {"subjects": [{"id": person} for person in people]}
                await house.api.post(f"{path}/activate", json=body)
            case "settle":
                await house.settle()
            case "completed" | "failed":
                await self.answer(kind, number)
            case "wait":
                house.clock.advance(minutes=number)
                await house.settle()
            case "cancel":
                if runs := await rows_of(self.house.database, tables.runs):
                    run = {"id": runs[number % len(runs)]["id"]}
                    await house.api.post(
                        f"{path}/cancelProcessing", json={"scope": {"runs": [run]}}
                    )
            case "version":
                draft = workflow(*self.tasks(number), displayName="story")
                await house.post(f"workflows/{self.workflow}/createNewVersion", draft, status=200)
            case "switch":
                await house.api.patch(path, json={"isEnabled": bool(number)})
            case "repeat":
                await self.repeat(number)
            case "preview":
                body = {"subjects": [{"id": person} for person in self.people[: number + 1]]}
                await house.api.post(f"{path}/previewWorkflow", json=body)
            case "limit":
                await house.api.patch(path, json={"settings": limit(number)})
            case "clear":
                await house.post(f"workflows/{self.workflow}/clearQuarantine", None, status=200)
            case "crash":
                await self.work(names.TASK_RUN, number, crash=True)
                await self.work(names.TASK_NEXT, number, crash=True)
            case _:
                await self.work(kind, number)

    async def repeat(self, number: int) -> None:
        """Repeat one of the runs: everybody or those who failed, everything or what failed."""
        runs = await rows_of(self.house.database, tables.runs)
        scope = {
            "@odata.type": "#microsoft.graph.identityGovernance.activateRunScope",
            "run": {"id": runs[number // 4 % len(runs)]["id"]},
            "userScope": "failedUsers" if number % 2 else "allUsers",
            "taskScope": "failedTasks" if number // 2 % 2 else "allTasks",
        }
        path = f"{ROOT}/workflows/{self.workflow}/activateWithScope"
        reply = await self.house.api.post(path, json={"scope": scope})
        assert reply.status_code < 500, reply.text

    async def answer(self, verdict: str, number: int) -> None:
        """Answer one of the tasks that wait."""
        results = await rows_of(self.house.database, tables.task_processing_results)
        if not results:
            return
        row = results[number % len(results)]
        path = f"runs/{row['run_id']}/taskProcessingResults/{row['id']}/resume"
        body = {"data": {"operationStatus": verdict}}
        await self.house.api.post(f"{ROOT}/workflows/{self.workflow}/{path}", json=body)

    async def work(self, kind: str, number: int, *, crash: bool = False) -> None:
        """Do a few pieces of work of one kind and nothing else; or crash just before the commit."""
        now = self.house.clock.now()
        try:
            async with self.house.database.transaction() as conn:
                items = await queue.pick(conn, kind=kind, limit=number + 1, now=now)
                if not items:
                    return
                await HANDLERS[kind].handle(conn, items, now)
                await queue.done(conn, items)
                if crash:
                    raise InterruptedError
        except InterruptedError:
            pass


@settings(max_examples=30, deadline=None)
@given(script=st.lists(steps, min_size=3, max_size=25))
async def test_numbers_are_sums_and_every_run_can_end(script: list[tuple[str, int]]) -> None:
    clock = FixedClock()
    caller = Caller(signer=SIGNER, clock=clock, egress=EgressPolicy(loopback=True))
    async with opened_in_memory() as database, ScriptedEndpoint() as endpoint:
        house = House(database, clock, caller, endpoint)
        story = Story(house)
        await story.begin()
        await story.take("activate", 3)
        try:
            for kind, number in script:
                await story.take(kind, number)
                await check_everything(database)
            for _ in range(8):
                await story.take("wait", 6)
            await check_everything(database)
            for run in await rows_of(database, tables.runs):
                assert Status(run["processing_status"]) in {*ENDED, Status.QUARANTINED}
        finally:
            await house.close()
            await caller.close()
