"""Resuming a request: who may, when, and how tolerantly it is read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from ostiary.audit.tables import audit_records
from ostiary.entitlement.roles import Role
from ostiary.extensions import ledger
from ostiary.storage.ids import new_id
from tests.entitlement.house import BETA, EM, ROLES, House, calls
from tests.extensions.endpoints import Call
from tests.support.callers import application, person

CREATED = "assignmentRequestCreated"
WRITE = "EntitlementManagement.ReadWrite.All"


@dataclass
class Parked:
    """A request that waits for an answer."""

    house: House
    catalog: str
    request: str
    call: Call

    @property
    def instance(self) -> str:
        return str(self.call.json()["CustomExtensionStageInstanceId"])

    async def resume(self, body: Any, *, status: int, **options: Any) -> Any:
        path = f"assignmentRequests/{self.request}/resume"
        return await self.house.post(path, body, status=status, **options)

    async def refused(self, body: Any, *, status: int = 400, **options: Any) -> tuple[Any, ...]:
        path = f"assignmentRequests/{self.request}/resume"
        return await self.house.refused("POST", path, body, status=status, **options)

    async def still_waits(self) -> bool:
        return await self.house.standing(self.request) == ("submitted", "WaitingForCallback")

    def body(self, **data: Any) -> dict[str, Any]:
        usual = {
            "@odata.type": "microsoft.graph.accessPackageAssignmentRequestCallbackData",
            "stage": CREATED,
            "customExtensionStageInstanceId": self.instance,
            "customExtensionStageInstanceDetail": "This user is all verified",
        }
        prefix = "microsoft.graph.accessPackageCustomExtensionStage."
        return {
            "source": "Contoso.SodCheckProcess",
            "type": prefix + CREATED,
            "data": {**usual, **data},
        }


async def park(house: House) -> Parked:
    alice = await house.person("alice")
    catalog = await house.catalog()
    package = await house.package(catalog, await house.group("sales"))
    extension = await house.extension(catalog)
    policy = await house.policy(package, customExtensionStageSettings=calls((CREATED, extension)))
    request = await house.ask(alice, package, policy)
    await house.settle()
    return Parked(house, catalog, request, house.endpoint.calls[0])


@pytest.mark.parametrize(
    "root",
    [
        f"{EM}/assignmentRequests",
        f"{EM}/accessPackageAssignmentRequests",
        f"{BETA}/assignmentRequests",
        f"{BETA}/accessPackageAssignmentRequests",
        f"{EM}/ASSIGNMENTREQUESTS",
    ],
)
async def test_every_documented_path_resumes(cottage: House, root: str) -> None:
    parked = await park(cottage)

    await cottage.post(f"{root}/{parked.request}/resume", parked.body(), status=204)

    found = await cottage.get(f"assignmentRequests/{parked.request}")
    (instance,) = found["customExtensionCalloutInstances"]
    assert instance["id"] == parked.instance
    assert instance["status"] == "callbackReceived"
    assert instance["detail"] == "This user is all verified"


@pytest.mark.parametrize(
    "data",
    [
        {"@odata.type": "#microsoft.graph.accessPackageAssignmentRequestCallbackData"},
        {
            "@odata.type": (
                "microsoft.graph.microsoft.graph.accessPackageAssignmentRequestCallbackData"
            )
        },
        {"@odata.type": None},
        {"stage": "AssignmentRequestCreated"},
        {"stage": None},
        {"customExtensionStageInstanceDetail": None},
        {"state": None},
        {"state": ""},
    ],
)
async def test_an_answer_is_read_in_all_its_published_spellings(
    cottage: House, data: dict[str, Any]
) -> None:
    parked = await park(cottage)
    body = parked.body(**data)
    body["data"] = {k: v for k, v in body["data"].items() if v is not None or k == "state"}

    await parked.resume(body, status=204)

    assert not await parked.still_waits()


async def test_an_escaped_type_and_an_identifier_alone_are_enough(cottage: House) -> None:
    parked = await park(cottage)
    type_ = "microsoft.graph.accessPackageAssignmentRequestCallbackData"
    data = {"@@odata.type": type_, "customExtensionStageInstanceId": parked.instance.upper()}

    await parked.resume({"data": data}, status=204)


async def test_the_one_callout_that_waits_needs_no_name(cottage: House) -> None:
    parked = await park(cottage)

    await parked.resume({"data": {"customExtensionStageInstanceDetail": "fine"}}, status=204)

    assert not await parked.still_waits()


async def test_the_same_answer_twice_is_one_and_another_is_refused(house: House) -> None:
    parked = await park(house)

    await parked.resume(parked.body(), status=204)
    await parked.resume(parked.body(), status=204)
    await house.settle()
    await parked.resume(parked.body(), status=204)
    code, message, _ = await parked.refused(parked.body(state="denied"))

    assert code == "CustomExtensionStageInstanceAnswered"
    assert message
    assert (await house.standing(parked.request))[0] == "delivered"
    assert [result for result, _ in await house.answers(parked.request)] == [
        "accepted",
        "repeated",
        "repeated",
        "refused",
    ]


async def test_an_answer_that_comes_before_the_endpoint_has_replied_counts(house: House) -> None:
    async def at_once(call: Call) -> None:
        await house.resume(call)

    house.endpoint.on_call = at_once

    parked = await park(house)

    assert (await house.standing(parked.request))[0] == "delivered"


@pytest.mark.parametrize(
    ("data", "code"),
    [
        ({"stage": "assignmentRequestGranted"}, "CustomExtensionStageMismatch"),
        (
            {"customExtensionStageInstanceId": "00000000-0000-4000-8000-000000000000"},
            "InvalidCustomExtensionStageInstance",
        ),
        ({"customExtensionStageInstanceId": "nonsense"}, "InvalidCustomExtensionStageInstance"),
        ({"state": "approved"}, "InvalidModel"),
        ({"stage": "assignmentRequestUnmade"}, "InvalidModel"),
        ({"approvalStage": {"primaryApprovers": []}}, "InvalidModel"),
        ({"decision": "yes"}, "InvalidModel"),
    ],
)
async def test_what_does_not_fit_is_refused_and_the_request_untouched(
    house: House, data: dict[str, Any], code: str
) -> None:
    parked = await park(house)
    body = parked.body(**data)
    if "approvalStage" in data:
        del body["data"]["@odata.type"]

    refused, message, target = await parked.refused(body)

    assert refused == code
    assert message
    assert target is None or target.startswith("data")
    assert await parked.still_waits()
    async with house.database.reading() as conn:
        lines = await ledger.read(conn, [parked.request])
    assert [line.label for line in lines if line.direction == "in"] == [code]


async def test_an_answer_on_the_deadline_is_too_late(house: House) -> None:
    parked = await park(house)
    house.clock.advance(hours=1)

    code, _, _ = await parked.refused(parked.body())

    assert code == "CustomExtensionStageInstanceClosed"
    assert await parked.still_waits()  # until the timer comes round
    assert await house.answers(parked.request) == [("refused", code)]


async def test_a_request_that_waits_for_nothing_says_so(house: House) -> None:
    alice = await house.person("alice")
    package = await house.package(await house.catalog())
    request = await house.assign(alice, package, await house.policy(package))

    code, _, _ = await house.refused(
        "POST", f"assignmentRequests/{request}/resume", {"data": {"stage": CREATED}}
    )

    assert code == "RequestNotWaitingForCallback"


async def test_an_unknown_request_is_not_found(house: House) -> None:
    unknown = new_id()
    data = {"customExtensionStageInstanceId": new_id()}

    code, message, _ = await house.refused(
        "POST", f"assignmentRequests/{unknown}/resume", {"data": data}, status=404
    )

    assert code == "ResourceNotFound"
    assert unknown in message
    assert len(await house.answers(unknown)) == 1


async def test_a_role_on_the_catalog_lets_an_application_resume_there_and_not_elsewhere(
    house: House,
) -> None:
    parked = await park(house)
    other = await house.catalog("Other")
    app, stranger = await house.person("app"), await house.person("stranger")
    for principal, catalog in ((app, parked.catalog), (stranger, other)):
        body = {
            "principalId": principal,
            "roleDefinitionId": Role.ASSIGNMENT_MANAGER,
            "appScopeId": f"/AccessPackageCatalog/{catalog}",
        }
        await house.post(f"{ROLES}/roleAssignments", body)

    code, message, _ = await parked.refused(
        parked.body(), status=403, headers=application(id=stranger)
    )
    assert code == "Authorization_RequestDenied"
    assert WRITE in message
    assert await parked.still_waits()
    await parked.resume(parked.body(), status=204, headers=application(id=app))

    assert [result for result, _ in await house.answers(parked.request)] == ["refused", "accepted"]


async def test_a_person_needs_scope_and_role(cottage: House) -> None:
    parked = await park(cottage)
    somebody = await cottage.person("bob")

    await parked.refused(parked.body(), status=403, headers=person(somebody, WRITE))

    assert await parked.still_waits()


async def test_the_audit_log_tells_source_detail_and_instance(house: House) -> None:
    parked = await park(house)

    await parked.resume(parked.body(), status=204)

    async with house.database.reading() as conn:
        query = select(audit_records).where(
            audit_records.c.activity_display_name == "Resume access package assignment request"
        )
        row = (await conn.execute(query)).mappings().one()
    details = {one["key"]: one["value"] for one in row["additional_details"]}
    assert details["source"] == "Contoso.SodCheckProcess"
    assert details["detail"] == "This user is all verified"
    assert details["stageInstanceId"] == parked.instance
    assert row["correlation_id"] == parked.request


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=12), inner),
    max_leaves=12,
)
KEYS = st.sampled_from(
    [
        "source",
        "type",
        "data",
        "stage",
        "state",
        "@odata.type",
        "approvalStage",
        "value",
        "customExtensionStageInstanceId",
        "customExtensionStageInstanceDetail",
    ]
)
ALMOST = st.dictionaries(KEYS, st.dictionaries(KEYS, JSON) | JSON)


@settings(
    max_examples=60,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    deadline=None,
)
@given(body=JSON | ALMOST)
async def test_any_body_gets_a_clear_answer(cottage: House, body: Any) -> None:
    url = f"{EM}/assignmentRequests/{new_id()}/resume"

    reply = await cottage.api.post(url, json=body)

    assert reply.status_code in (400, 404)
    assert reply.json()["error"]["message"]
