"""Answers about tasks that count early, count once, or do not count.

Each refusal is in its own words, leaves everything as it was, and is in the ledger.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import pytest

from ostiary.directory.seed import person_id
from ostiary.identity.catalogue import LIFECYCLE_WORKFLOWS_ADMINISTRATOR
from ostiary.storage.ids import new_id
from tests.extensions.endpoints import Call
from tests.scenarios import bodies
from tests.scenarios.api import Api, Json, Refusal
from tests.scenarios.house import (
    MANAGE_ACCESS,
    MANAGE_WORKFLOWS,
    READ_WORKFLOWS,
    STRANGER,
    TRUSTED,
    House,
)
from tests.scenarios.workflows import Workflows

pytestmark = pytest.mark.asyncio(loop_scope="module")

MEGAN = person_id("megan")
DENIED = "Authorization_RequestDenied"
NOT_IN_PROGRESS = "taskProcessingResultNotInProgress"


@dataclass(frozen=True, slots=True)
class Parked:
    """A task that was called out, and what its answers are about."""

    house: House
    workflow: str
    call: Call

    @property
    def result(self) -> str:
        """The id of the task's result."""
        return str(self.call.json()["data"]["taskProcessingResult"]["id"])

    @property
    def path(self) -> str:
        """Where it is resumed."""
        return self.house.workflows().resume_path(self.call)

    async def status(self) -> str:
        """Give how the task stands."""
        return (await self.house.workflows().results_of(self.workflow))["Order"]


async def park(house: House, *, wait: str | None = "PT30M") -> Parked:
    """Call out for a task of a new workflow; it waits unless there is no ``wait``."""
    flows = house.workflows()
    extension = await flows.make_task_extension(
        house.endpoint.url, wait=wait, apps=[TRUSTED.app_id]
    )
    workflow = await flows.make_workflow(house.name("onboard"), bodies.custom_task(extension))
    await flows.activate(workflow, MEGAN)
    await house.settle()
    return Parked(house, workflow, house.calls[-1])


async def refused(
    parked: Parked, by: Api, body: Json, *, status: int, path: str | None = None
) -> tuple[Refusal, str | None]:
    """Answer in vain: nothing is stored or moved but a line in the ledger, whose code is given."""
    house, flows = parked.house, parked.house.workflows()
    whole, lines = await flows.whole(parked.call), await house.answers(parked.result)

    async with house.untouched():
        error = await by.refused(path or parked.path, body, status=status)

    assert await flows.whole(parked.call) == whole
    ((result, code),) = (await house.answers(parked.result))[len(lines) :]
    assert result == "refused"
    return error, code


async def test_an_answer_before_the_endpoint_has_replied_counts(house: House) -> None:
    async def call_back_at_once(call: Call) -> None:
        await house.workflows().resume(call)

    house.endpoint.on_call = call_back_at_once
    parked = await park(house)

    assert await parked.status() == "completed"
    assert await house.answers(parked.result) == [("accepted", None)]
    assert len(house.calls) == 1


async def test_the_same_answer_again_is_accepted_and_changes_nothing(house: House) -> None:
    parked, flows = await park(house), house.workflows()
    await flows.resume(parked.call)

    async with house.untouched():
        await flows.resume(parked.call)
    await house.settle()
    whole = await flows.whole(parked.call)
    async with house.untouched():
        await flows.resume(parked.call)
        await flows.resume(parked.call, {"data": {"operationStatus": "COMPLETED"}})

    assert await flows.whole(parked.call) == whole
    answers = await house.answers(parked.result)
    assert answers == [("accepted", None), *[("repeated", None)] * 3]


Before = Callable[[Parked], Awaitable[None]]


async def nothing(parked: Parked) -> None:
    """Go straight to the answer."""


async def completed(parked: Parked) -> None:
    """Complete the task."""
    await parked.house.workflows().resume(parked.call)


async def failed(parked: Parked) -> None:
    """Fail the task."""
    await parked.house.workflows().resume(parked.call, bodies.FAILED)


async def deadline_reached(parked: Parked) -> None:
    """Let the deadline come while no worker looks."""
    await parked.house.pass_by(minutes=30)


async def timed_out(parked: Parked) -> None:
    """Let the deadline pass, and the worker see it."""
    await parked.house.advance(minutes=30)


async def canceled(parked: Parked) -> None:
    """Cancel the run."""
    flows = parked.house.workflows()
    run = await flows.run_of(parked.workflow)
    scope = {"@odata.type": f"{bodies.GOVERNANCE}cancelRunsScope", "runs": [{"id": run["id"]}]}
    path = f"{flows.names.workflows}/workflows/{parked.workflow}/cancelProcessing"
    await flows.api.post(path, {"scope": scope}, status=204)
    await parked.house.settle()


@dataclass(frozen=True, kw_only=True)
class Case:
    """An answer that does not count: what came before it, what it is, what is said of it."""

    says: str
    in_ledger: str
    before: Before = nothing
    body: Json
    wait: str | None = "PT30M"


ANSWERED = "CustomExtensionStageInstanceAnswered"
CLOSED = "CustomExtensionStageInstanceClosed"
CASES = {
    "contradicting": Case(
        before=completed,
        body=bodies.FAILED,
        says="already been answered with 'completed'; the first answer stands",
        in_ledger=ANSWERED,
    ),
    "contradicting a failure": Case(
        before=failed,
        body=bodies.COMPLETED,
        says="already been answered with 'failed'; the first answer stands",
        in_ledger=ANSWERED,
    ),
    "on the deadline": Case(
        before=deadline_reached,
        body=bodies.COMPLETED,
        says="timed out at 2026-",
        in_ledger=CLOSED,
    ),
    "after the time-out": Case(
        before=timed_out, body=bodies.COMPLETED, says="timed out at 2026-", in_ledger=CLOSED
    ),
    "after a cancel": Case(
        before=canceled, body=bodies.COMPLETED, says="was canceled", in_ledger=CLOSED
    ),
    "not awaited": Case(
        wait=None,
        body=bodies.COMPLETED,
        says="the callout does not await one",
        in_ledger="RequestNotWaitingForCallback",
    ),
}


@pytest.mark.parametrize("case", CASES)
async def test_an_answer_that_does_not_count_is_refused_in_its_own_words(
    house: House, case: str
) -> None:
    told = CASES[case]
    parked = await park(house, wait=told.wait)
    await told.before(parked)

    error, code = await refused(parked, house.admin, told.body, status=400)

    assert error.code == NOT_IN_PROGRESS
    assert told.says in error.message
    assert code == told.in_ledger


@pytest.mark.parametrize("wrong", ["workflow", "task"])
@pytest.mark.parametrize("exists", [True, False], ids=["another one's", "nobody's"])
async def test_ids_that_do_not_belong_together_are_not_found(
    house: House, wrong: str, exists: bool
) -> None:
    parked = await park(house)
    other = await park(house)
    told, stranger = parked.call.json()["data"], other.call.json()["data"]
    id = stranger[wrong]["id"] if exists else new_id()
    path = parked.path.replace(told[wrong]["id"], id)

    error, code = await refused(parked, house.admin, bodies.COMPLETED, status=404, path=path)

    assert error.code == code == "ResourceNotFound"
    assert parked.result in error.message
    assert await house.answers(other.result) == []


async def test_an_answer_to_an_unknown_result_is_not_found_and_is_in_the_ledger(
    house: House,
) -> None:
    parked, nobody = await park(house), new_id()
    path = parked.path.replace(parked.result, nobody)

    async with house.untouched():
        error = await house.admin.refused(path, bodies.COMPLETED, status=404)

    assert error.code == "ResourceNotFound"
    assert nobody in error.message
    assert await house.answers(nobody) == [("refused", "ResourceNotFound")]
    assert await house.answers(parked.result) == []


CALLERS: dict[str, tuple[Callable[[House], Api], str]] = {
    "application without a permission": (
        lambda house: house.app(client=STRANGER),
        MANAGE_WORKFLOWS,
    ),
    "application that may read": (
        lambda house: house.app(READ_WORKFLOWS, client=STRANGER),
        MANAGE_WORKFLOWS,
    ),
    "application of the other governor": (
        lambda house: house.app(MANAGE_ACCESS, client=STRANGER),
        MANAGE_WORKFLOWS,
    ),
    "person without a directory role": (
        lambda house: house.person("megan", MANAGE_WORKFLOWS),
        "Lifecycle Workflows Administrator",
    ),
    "person without a scope": (
        lambda house: house.person(
            "grady", READ_WORKFLOWS, directory_roles=[LIFECYCLE_WORKFLOWS_ADMINISTRATOR]
        ),
        MANAGE_WORKFLOWS,
    ),
}
"""Who may not, and the permission or role that would do."""


@pytest.mark.parametrize("who", CALLERS)
async def test_a_caller_who_may_not_answer_is_refused_and_noted(house: House, who: str) -> None:
    make, would_do = CALLERS[who]
    parked = await park(house)

    error, code = await refused(parked, make(house), bodies.COMPLETED, status=403)

    assert error.code == code == DENIED
    assert would_do in error.message
    await Workflows(house.app(client=TRUSTED)).resume(parked.call)
    assert await parked.status() == "completed"


async def test_a_trusted_application_is_refused_in_the_same_words_as_any_other(
    house: House,
) -> None:
    parked, trusted = await park(house), house.app(client=TRUSTED)
    await Workflows(trusted).resume(parked.call)

    error, code = await refused(parked, trusted, bodies.FAILED, status=400)

    assert (error.code, code) == (NOT_IN_PROGRESS, ANSWERED)


async def test_an_application_is_trusted_by_its_own_extension_only(house: House) -> None:
    flows = house.workflows()
    extension = await flows.make_task_extension(house.endpoint.url, apps=[STRANGER.app_id])
    workflow = await flows.make_workflow(house.name("onboard"), bodies.custom_task(extension))
    await flows.activate(workflow, MEGAN)
    await house.settle()
    parked = Parked(house, workflow, house.calls[-1])

    error, _ = await refused(parked, house.app(client=TRUSTED), bodies.COMPLETED, status=403)

    assert error.code == DENIED
