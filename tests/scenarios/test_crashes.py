"""``kill -9`` in the middle of both stories: after a restart they end as if nothing had happened.

To be at a certain point without waiting for it, a server runs without its worker there: then
nothing moves but what the test does.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from ostiary.directory.seed import group_id, person_id
from tests.extensions.endpoints import Call, ScriptedEndpoint
from tests.scenarios import bodies
from tests.scenarios.access import Access
from tests.scenarios.bodies import CREATED
from tests.scenarios.mortal import Mortal, Trace
from tests.scenarios.workflows import Workflows
from tests.support.servers import RunningServer
from tests.support.waiting import eventually

MEGAN = person_id("megan")
OFFERED, JOINED = group_id("IT administrators"), group_id("Finance team")
RESUMED = Trace(status="callbackReceived", outcome="resumed")


@dataclass
class Stories:
    """A request and a run of a workflow, each with one callout, on a server that dies."""

    mortal: Mortal
    endpoint: ScriptedEndpoint
    request: str = ""
    workflow: str = ""

    @property
    def access(self) -> Access:
        return Access(self.mortal.admin)

    @property
    def flows(self) -> Workflows:
        return Workflows(self.mortal.admin)

    async def begin(self) -> None:
        """Ask for a package, and run a workflow; both call out."""
        await self.mortal.staff()
        checks = bodies.extension(self.endpoint.url, retries=1)
        offer = await self.access.make_offer(OFFERED, (CREATED, checks))
        extension = await self.flows.make_task_extension(self.endpoint.url, retries=1)
        self.workflow = await self.flows.make_workflow(
            "Onboard", bodies.custom_task(extension), bodies.joining_task(JOINED)
        )
        self.request = await self.access.request_add(offer, MEGAN)
        await self.flows.activate(self.workflow, MEGAN)

    async def resume_request(self) -> None:
        """Answer the callout about the request."""
        await self.access.resume(self.calls(about="request")[-1])

    async def resume_task(self) -> None:
        """Answer the callout about the task."""
        await self.flows.resume(self.calls(about="task")[-1])

    def calls(self, *, about: str) -> list[Call]:
        """Give the calls about the request, or about the task."""
        return [call for call in self.endpoint.calls if _subject(call)[0] == about]

    def sent(self) -> Counter[str]:
        """Give how often each callout was sent; each went by one id, however often."""
        about = [_subject(call) for call in self.endpoint.calls]
        assert len(set(about)) == len({kind for kind, _ in about})
        return Counter(kind for kind, _ in about)

    async def end_well(self) -> None:
        """Make sure that both end as they do on a server that nobody kills."""
        await eventually(self._ended)
        assert await self.flows.results_of(self.workflow) == {
            "Order": "completed",
            "Join": "completed",
        }
        assert await self.access.assignment_state(self.request) == "delivered"
        for group in (OFFERED, JOINED):
            found = await self.mortal.admin.values(f"/v1.0/groups/{group}/members?$select=id")
            assert [one["id"] for one in found].count(MEGAN) == 1
        for owner in (self.request, _subject(self.calls(about="task")[0])[1]):
            assert await self.mortal.accepted_answers(owner) == 1
        assert await self.mortal.leftovers() == []

    async def _ended(self) -> bool:
        state, _ = await self.access.state_of(self.request)
        run = await self.flows.run_of(self.workflow)
        return (state, run["processingStatus"]) == ("delivered", "completed")


def _subject(call: Call) -> tuple[str, str]:
    """Say what a call is about, and the id by which its answer is awaited."""
    told = call.json()
    if "Stage" in told:
        return "request", told["CustomExtensionStageInstanceId"]
    return "task", told["data"]["taskProcessingResult"]["id"]


@pytest.fixture(params=["sqlite", "postgresql"])
async def stories(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Stories]:
    """Both stories, which have not begun, on a server that was not started."""
    async with AsyncExitStack() as stack:
        url = None
        if request.param == "postgresql":
            fresh = request.getfixturevalue("postgresql").fresh(tables=False)
            url = await stack.enter_async_context(fresh)
        server = RunningServer(tmp_path, database_url=url)
        stack.callback(server.stop)
        http = await stack.enter_async_context(httpx.AsyncClient(timeout=30))
        endpoint = await stack.enter_async_context(ScriptedEndpoint())
        path = url or f"sqlite:///{tmp_path / 'ostiary.db'}"
        yield Stories(Mortal(server, http, path), endpoint)


async def test_what_was_stored_or_on_its_way_is_sent_after_a_crash_under_the_same_id(
    stories: Stories,
) -> None:
    mortal, endpoint = stories.mortal, stories.endpoint
    await mortal.start(worker=False)
    await stories.begin()
    await mortal.kill()  # before anything has moved
    assert endpoint.calls == []

    endpoint.holds_its_replies()
    await mortal.start(OSTIARY_CALLOUT_CONCURRENCY="1")
    await endpoint.got(1)
    await mortal.stores(2)
    await mortal.kill()  # one is sent and nothing more is known of it, the other is only stored
    before = stories.sent()
    endpoint.releases()

    await mortal.start()
    await mortal.waits_for(2)
    assert stories.sent() - before == {"request": 1, "task": 1}
    await stories.resume_request()
    await stories.resume_task()

    await stories.end_well()
    assert await mortal.traces() == [RESUMED, RESUMED]


async def test_a_wait_and_an_answer_outlive_a_crash(stories: Stories) -> None:
    mortal = stories.mortal
    await mortal.start()
    await stories.begin()
    await mortal.waits_for(2)
    await mortal.kill()  # between the endpoint's acceptance and the resume
    before = stories.sent()

    await mortal.start(worker=False)
    await stories.resume_request()
    await stories.resume_task()
    await mortal.kill()  # between the resume and the delivery

    await mortal.start()
    await stories.end_well()
    await stories.resume_request()  # by an endpoint that lost the first reply in the crash
    assert stories.sent() == before
    assert await mortal.traces() == [RESUMED, RESUMED]
