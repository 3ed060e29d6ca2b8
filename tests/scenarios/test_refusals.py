"""Answers about requests that count early, count once, or do not count.

Each refusal is in its own words, leaves everything as it was, and is in the ledger.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import pytest

from ostiary.directory.seed import person_id
from ostiary.entitlement.roles import Role, catalog_scope
from ostiary.identity.catalogue import IDENTITY_GOVERNANCE_ADMINISTRATOR
from ostiary.storage.ids import new_id
from tests.extensions.endpoints import Call
from tests.scenarios import bodies
from tests.scenarios.access import Access
from tests.scenarios.api import Api, Json, Refusal
from tests.scenarios.bodies import APPROVED, CREATED, GRANTED
from tests.scenarios.house import MANAGE_ACCESS, MANAGE_WORKFLOWS, READ_ACCESS, STRANGER, House

pytestmark = pytest.mark.asyncio(loop_scope="module")

MEGAN, NESTOR = person_id("megan"), person_id("nestor")
DENIED = "Authorization_RequestDenied"
CLOSED = "CustomExtensionStageInstanceClosed"


async def refused(house: House, by: Api, request: str, body: Json, *, status: int) -> Refusal:
    """Answer in vain: make sure that nothing is stored or moved but a line in the ledger."""
    access = house.access()
    whole, lines = await access.whole(request), await house.answers(request)

    async with house.untouched():
        error = await by.refused(access.resume_path(request), body, status=status)

    assert await access.whole(request) == whole
    (line,) = (await house.answers(request))[len(lines) :]
    assert line == ("refused", error.code)
    return error


async def test_an_answer_before_the_endpoint_has_replied_counts(house: House) -> None:
    access, offer = house.access(), await house.make_offer(CREATED)

    async def call_back_at_once(call: Call) -> None:
        await access.resume(call)

    house.endpoint.on_call = call_back_at_once
    request, _ = await house.park(offer)

    assert await access.state_of(request) == ("delivered", "FulfilledNotificationTriggered")
    assert await access.instances_of(request) == [("callbackReceived", "This user is all verified")]
    assert await house.answers(request) == [("accepted", None)]
    assert len(house.calls) == 1


async def test_an_answer_counts_though_the_endpoint_then_says_that_it_failed(house: House) -> None:
    access, offer = house.access(), await house.make_offer(CREATED)

    async def call_back_at_once(call: Call) -> None:
        await access.resume(call, state="denied")

    house.endpoint.on_call = call_back_at_once
    house.endpoint.always(500)
    request, _ = await house.park(offer)

    assert await access.state_of(request) == ("denied", "DeniedByCustomExtension")
    ((instance, _),) = await access.instances_of(request)
    assert instance == "callbackReceived"


async def test_the_same_answer_again_is_accepted_and_changes_nothing(house: House) -> None:
    access, offer = house.access(), await house.make_offer(CREATED, approver=NESTOR)
    request = await house.asker("megan").ask(offer)
    await house.settle()
    (call,) = house.calls
    await access.resume(call)

    async with house.untouched():
        await access.resume(call)
    await house.settle()
    whole = await access.whole(request)
    async with house.untouched():
        await access.resume(call)
        await access.resume(call, stage="AssignmentRequestCreated")
        await access.resume(call, stage=None, customExtensionStageInstanceId=None)

    assert await access.whole(request) == whole
    answers = await house.answers(request)
    assert answers == [("accepted", None), *[("repeated", None)] * 4]


async def test_the_same_denial_again_is_accepted_and_changes_nothing(house: House) -> None:
    access = house.access()
    request, call = await house.park(await house.make_offer(CREATED))
    await access.resume(call, state="denied")
    await house.settle()

    async with house.untouched():
        await access.resume(call, state="DENIED")

    assert await house.answers(request) == [("accepted", None), ("repeated", None)]


async def test_the_same_answer_by_another_caller_is_no_repeat(house: House) -> None:
    request, call = await house.park(await house.make_offer(CREATED))
    await house.access().resume(call)

    other = house.governor("grady").api
    error = await refused(house, other, request, bodies.answer(call), status=400)

    assert error.code == "CustomExtensionStageInstanceAnswered"


Before = Callable[[House, str, Call], Awaitable[None]]


async def nothing(house: House, request: str, call: Call) -> None:
    """Go straight to the answer."""


async def answered(house: House, request: str, call: Call) -> None:
    """Let the request go on."""
    await house.access().resume(call)


async def answered_and_done(house: House, request: str, call: Call) -> None:
    """Let the request go on to its end."""
    await house.access().resume(call)
    await house.settle()


async def denied(house: House, request: str, call: Call) -> None:
    """End the request."""
    await house.access().resume(call, state="denied")


async def deadline_reached(house: House, request: str, call: Call) -> None:
    """Let the deadline come while no worker looks."""
    await house.pass_by(hours=1)


async def timed_out(house: House, request: str, call: Call) -> None:
    """Let the deadline pass, and the worker see it."""
    await house.advance(hours=1)


async def canceled(house: House, request: str, call: Call) -> None:
    """Cancel the request."""
    grady = house.governor("grady")
    await grady.api.call("POST", f"{grady.request_path(request)}/cancel", status=204)


@dataclass(frozen=True, kw_only=True)
class Case:
    """An answer that does not count: what came before it, what it is, what is said of it."""

    body: Callable[[Call], Json]
    code: str
    says: str
    before: Before = nothing
    stage: str = CREATED
    wait: str | None = "PT1H"


def denial(call: Call) -> Json:
    """Deny."""
    return bodies.answer(call, state="denied")


def instance(text: str) -> Callable[[Call], Json]:
    """Answer to another instance."""
    return lambda call: bodies.answer(call, customExtensionStageInstanceId=text)


CASES = {
    "contradicting": Case(
        before=answered,
        body=denial,
        code="CustomExtensionStageInstanceAnswered",
        says="already been answered with 'continue'; the first answer stands",
    ),
    "contradicting later": Case(
        before=answered_and_done,
        body=denial,
        code="CustomExtensionStageInstanceAnswered",
        says="already been answered with 'continue'; the first answer stands",
    ),
    "contradicting a denial": Case(
        before=denied,
        body=bodies.answer,
        code="CustomExtensionStageInstanceAnswered",
        says="already been answered with 'deny'; the first answer stands",
    ),
    "on the deadline": Case(
        before=deadline_reached, body=bodies.answer, code=CLOSED, says="timed out at 2026-"
    ),
    "after the time-out": Case(
        before=timed_out, body=bodies.answer, code=CLOSED, says="timed out at 2026-"
    ),
    "after a cancel": Case(before=canceled, body=bodies.answer, code=CLOSED, says="was canceled"),
    "wrong stage": Case(
        body=lambda call: bodies.answer(call, stage=GRANTED),
        code="CustomExtensionStageMismatch",
        says="belongs to the stage 'assignmentRequestCreated'",
    ),
    "wrong instance": Case(
        body=instance("11111111-2222-4333-8444-555555555555"),
        code="InvalidCustomExtensionStageInstance",
        says="No callout instance with the id that the answer names belongs to this object",
    ),
    "no id of an instance": Case(
        body=instance("the first one"),
        code="InvalidCustomExtensionStageInstance",
        says="No callout instance with the id that the answer names belongs to this object",
    ),
    "denied where it cannot be": Case(
        stage=GRANTED,
        body=denial,
        code="StateNotAllowedAtStage",
        says="cannot be denied or canceled at the stage 'assignmentRequestGranted'",
    ),
    "not awaited": Case(
        wait=None,
        body=bodies.answer,
        code="RequestNotWaitingForCallback",
        says="the callout does not await one",
    ),
}


@pytest.mark.parametrize("case", CASES)
async def test_an_answer_that_does_not_count_is_refused_in_its_own_words(
    house: House, case: str
) -> None:
    told = CASES[case]
    request, call = await house.park(await house.make_offer(told.stage, wait=told.wait))
    await told.before(house, request, call)

    error = await refused(house, house.admin, request, told.body(call), status=400)

    assert error.code == told.code
    assert told.says in error.message


async def test_an_answer_to_another_requests_instance_is_refused_for_both(house: House) -> None:
    offer = await house.make_offer(CREATED)
    first, _ = await house.park(offer, "megan")
    second, call = await house.park(offer, "joni")

    error = await refused(house, house.admin, first, bodies.answer(call), status=400)

    assert error.code == "InvalidCustomExtensionStageInstance"
    assert await house.answers(second) == []


async def test_an_answer_before_anything_was_called_is_refused(house: House) -> None:
    offer = await house.make_offer(APPROVED, approver=NESTOR)
    request = await house.asker("megan").ask(offer)
    await house.settle()

    body = {"data": {"stage": APPROVED}}
    error = await refused(house, house.admin, request, body, status=400)

    assert error.code == "RequestNotWaitingForCallback"


async def test_an_answer_to_an_unknown_request_is_not_found_and_is_in_the_ledger(
    house: House,
) -> None:
    nobody = new_id()
    _, call = await house.park(await house.make_offer(CREATED))

    async with house.untouched():
        path = house.access().resume_path(nobody)
        error = await house.admin.refused(path, bodies.answer(call), status=404)

    assert error.code == "ResourceNotFound"
    assert nobody in error.message
    ((result, _),) = await house.answers(nobody)
    assert result == "refused"


CALLERS: dict[str, tuple[Callable[[House], Api], str]] = {
    "application without a permission": (lambda house: house.app(client=STRANGER), MANAGE_ACCESS),
    "application that may read": (
        lambda house: house.app(READ_ACCESS, client=STRANGER),
        MANAGE_ACCESS,
    ),
    "application of the other governor": (
        lambda house: house.app(MANAGE_WORKFLOWS, client=STRANGER),
        MANAGE_ACCESS,
    ),
    "person without a directory role": (
        lambda house: house.person("megan", MANAGE_ACCESS),
        "Identity Governance Administrator",
    ),
    "person without a scope": (
        lambda house: house.person(
            "grady", READ_ACCESS, directory_roles=[IDENTITY_GOVERNANCE_ADMINISTRATOR]
        ),
        MANAGE_ACCESS,
    ),
}
"""Who may not, and the permission or role that would do."""


@pytest.mark.parametrize("who", CALLERS)
async def test_a_caller_who_may_not_answer_is_refused_and_noted(house: House, who: str) -> None:
    make, would_do = CALLERS[who]
    request, call = await house.park(await house.make_offer(CREATED))

    error = await refused(house, make(house), request, bodies.answer(call), status=403)

    assert error.code == DENIED
    assert would_do in error.message
    await house.access().resume(call)


async def test_a_role_in_the_catalog_lets_answer_and_one_in_another_does_not(
    house: House,
) -> None:
    offer = await house.make_offer(CREATED)
    request, call = await house.park(offer, "joni")
    isaiah = house.person("isaiah", MANAGE_ACCESS)
    await give_role(house, "isaiah", await house.access().make_catalog())

    error = await refused(house, isaiah, request, bodies.answer(call), status=403)
    assert error.code == DENIED

    await give_role(house, "isaiah", offer.catalog)
    await Access(isaiah).resume(call)
    assert await house.answers(request) == [("refused", DENIED), ("accepted", None)]


async def give_role(house: House, alias: str, catalog: str) -> None:
    """Make somebody the assignment manager of a catalog."""
    body = {
        "principalId": person_id(alias),
        "roleDefinitionId": Role.ASSIGNMENT_MANAGER.value,
        "appScopeId": catalog_scope(catalog),
    }
    path = "/v1.0/roleManagement/entitlementManagement/roleAssignments"
    await house.admin.post(path, body)
