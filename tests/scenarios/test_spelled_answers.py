"""Answers about requests under every documented path, and in every documented spelling."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from itertools import product
from typing import Any

import httpx
import pytest
import pytest_asyncio

from ostiary.server.composition import Server
from tests.extensions.endpoints import Call, ScriptedEndpoint
from tests.scenarios import bodies
from tests.scenarios.access import Offer
from tests.scenarios.api import Json
from tests.scenarios.bodies import CREATED
from tests.scenarios.house import BASE, House

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.parametrize("server", ["memory"], indirect=True),
]

ROOTS = ("/v1.0", "/beta")
EM = "identityGovernance/entitlementManagement"
PLAIN = "microsoft.graph.accessPackageAssignmentRequestCallbackData"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def kept(server: Server, http: httpx.AsyncClient) -> AsyncIterator[tuple[House, Offer]]:
    """A package that can be asked for again and again, as long as every request is denied."""
    async with ScriptedEndpoint() as endpoint:
        house = House(server, http, endpoint)
        yield house, await house.make_offer(CREATED)


@pytest.fixture
def offer(house: House, kept: tuple[House, Offer]) -> Offer:
    """That package; its extension calls the endpoint of the house."""
    house.endpoint = kept[0].endpoint
    return kept[1]


@pytest.mark.parametrize(
    "path",
    [
        f"{root}/{EM}/{requests}{key}/{action}"
        for root, requests, key, action in product(
            ROOTS,
            ("assignmentRequests", "accessPackageAssignmentRequests"),
            ("/{}", "('{}')"),
            ("resume", "microsoft.graph.resume"),
        )
    ]
    + [f"/beta/{EM.lower()}/accesspackageassignmentrequests/{{}}/Resume/"],
)
async def test_every_path_of_a_request_resumes_it(house: House, offer: Offer, path: str) -> None:
    request, call = await house.park(offer)

    await house.admin.post(path.format(request), bodies.answer(call, state="denied"), status=204)

    assert (await house.access().state_of(request))[0] == "denied"


async def test_the_path_that_a_callout_carries_resumes_its_request(
    house: House, offer: Offer
) -> None:
    request, call = await house.park(offer)
    told = call.json()
    assert told["CallbackUri"] == f"{BASE}/beta{told['CallbackUriPath']}"

    answer = bodies.answer(call, state="denied")
    await house.admin.post(told["CallbackUri"], answer, status=204)

    assert await house.answers(request) == [("accepted", None)]


def answered(call: Call, **members: Any) -> Json:
    """Give the documented answer with other members beside ``data``."""
    body = {**bodies.answer(call), **members}
    return {name: value for name, value in body.items() if value is not None}


def typed(call: Call, name: str, value: str) -> Json:
    """Give the documented answer with its type under another name or spelling."""
    body = bodies.answer(call)
    data = {k: v for k, v in body["data"].items() if k != "@odata.type"}
    return {**body, "data": {name: value, **data}}


ANSWERS: dict[str, Callable[[Call], Json]] = {
    "as documented": bodies.answer,
    "type with #": lambda call: typed(call, "@odata.type", f"#{PLAIN}"),
    "escaped type": lambda call: typed(call, "@@odata.type", PLAIN),
    "doubled namespace": lambda call: typed(call, "@odata.type", f"microsoft.graph.{PLAIN}"),
    "no type": lambda call: bodies.answer(call, **{"@odata.type": None}),
    "PascalCase stage": lambda call: bodies.answer(call, stage="AssignmentRequestCreated"),
    "no stage": lambda call: bodies.answer(call, stage=None),
    "no instance id": lambda call: bodies.answer(call, customExtensionStageInstanceId=None),
    "no detail": lambda call: bodies.answer(call, customExtensionStageInstanceDetail=None),
    "instance id in capitals": lambda call: bodies.answer(
        call,
        customExtensionStageInstanceId=call.json()["CustomExtensionStageInstanceId"].upper(),
    ),
    "nothing but data": lambda call: answered(call, source=None, type=None),
    "type of another stage": lambda call: answered(
        call, type="microsoft.graph.accessPackageCustomExtensionStage.assignmentRequestGranted"
    ),
    "wrapped in value": lambda call: {"value": bodies.answer(call)},
    "PascalCase": lambda call: {
        "Source": "a",
        "Type": "b",
        "Data": {"CustomExtensionStageInstanceId": call.json()["CustomExtensionStageInstanceId"]},
    },
}


@pytest.mark.parametrize("case", ANSWERS)
async def test_every_spelling_of_an_answer_resumes_a_request(house: House, case: str) -> None:
    request, call = await house.park(await house.make_offer(CREATED))

    path = house.access().resume_path(request)
    await house.admin.post(path, ANSWERS[case](call), status=204)
    await house.settle()

    assert (await house.access().state_of(request))[0] == "delivered"


@pytest.mark.parametrize("spelling", ["denied", "Denied", "DENIED"])
@pytest.mark.parametrize("stage", [CREATED, "AssignmentRequestCreated", None])
async def test_every_spelling_of_a_denial_denies(
    house: House, offer: Offer, spelling: str, stage: str | None
) -> None:
    request, call = await house.park(offer)

    await house.access().resume(call, state=spelling, stage=stage)

    assert await house.access().state_of(request) == ("denied", "DeniedByCustomExtension")
