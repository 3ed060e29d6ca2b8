"""Whole stories of requests through the API."""

from __future__ import annotations

import pytest

from ostiary.extensions.caller import Caller
from ostiary.storage.database import Database
from tests.entitlement.house import APPROVER, BETA, SUBJECT, House, calls, decision, policy, user
from tests.entitlement.offers import APPROVED, CREATED, GRANTED, REMOVED, calling, offer
from tests.extensions.endpoints import ScriptedEndpoint
from tests.support.callers import person
from tests.support.clocks import FixedClock


async def test_a_request_is_checked_approved_and_delivered(house: House) -> None:
    it = await offer(house)
    extension = await house.extension(it.catalog)
    stage_settings = calls((CREATED, extension))
    policy = await house.policy(
        it.package, decision(user(it.bob)), customExtensionStageSettings=stage_settings
    )

    request = await house.ask(it.alice, it.package, policy, justification="project x")
    assert await house.standing(request) == ("submitted", "Accepted")
    await house.settle()
    assert await house.standing(request) == ("submitted", "WaitingForCallback")
    (call,) = house.endpoint.calls
    await house.resume(call)
    await house.settle()
    assert await house.standing(request) == ("pendingApproval", "PendingApproval")
    assert await house.members(it.group) == set()

    as_bob = person(it.bob, APPROVER, name="Bob")
    path = f"accessPackageAssignmentApprovals/{request}/stages"
    (stage,) = await house.values(path, headers=as_bob)
    assert stage["assignedToMe"]
    assert (stage["status"], stage["reviewResult"]) == ("InProgress", "NotReviewed")
    body = {"reviewResult": "Approve", "justification": "fine"}
    await house.call("PATCH", f"{path}/{stage['id']}", body, status=204, headers=as_bob)
    await house.settle()

    assert await house.standing(request) == ("delivered", "FulfilledNotificationTriggered")
    assert await house.members(it.group) == {it.alice}
    assignment = await house.assignment_of(request)
    assert (assignment["state"], assignment["status"]) == ("delivered", "Delivered")


async def test_a_denial_by_the_extension_leaves_no_assignment(house: House) -> None:
    it = await offer(house)
    policy = await calling(house, it, CREATED)
    request = await house.ask(it.alice, it.package, policy)
    await house.settle()

    await house.resume(house.endpoint.calls[0], state="denied")
    await house.settle()

    assert await house.standing(request) == ("denied", "DeniedByCustomExtension")
    found = await house.get(f"assignmentRequests/{request}?$expand=assignment,requestor")
    assert found["assignment"] is None
    assert found["requestor"]["displayName"] == "Alice"
    (instance,) = found["customExtensionCalloutInstances"]
    assert (instance["status"], instance["detail"]) == ("callbackReceived", "checked")
    assert await house.values("assignments") == []
    assert await house.ask(it.alice, it.package, policy)  # she may ask again


@pytest.mark.parametrize(
    ("stage", "standing"),
    [
        (CREATED, ("denied", "CallbackTimedOut")),
        (APPROVED, ("deliveryFailed", "CallbackTimedOut")),
        (GRANTED, ("deliveryFailed", "CallbackTimedOut")),
    ],
)
async def test_silence_never_leaves_access_behind(
    house: House, stage: str, standing: tuple[str, str]
) -> None:
    it = await offer(house)
    policy = await calling(house, it, stage)
    request = await house.ask(it.alice, it.package, policy)
    await house.settle()

    house.clock.advance(hours=1)
    await house.settle()

    assert await house.standing(request) == standing
    assert await house.members(it.group) == set()
    await house.resume(house.endpoint.calls[0], status=400)
    assert await house.standing(request) == standing
    assert (await house.answers(request))[0][0] == "refused"


@pytest.mark.parametrize("stage", [APPROVED, GRANTED])
async def test_processing_again_asks_the_silent_extension_again(house: House, stage: str) -> None:
    it = await offer(house)
    policy = await calling(house, it, stage)
    request = await house.ask(it.alice, it.package, policy)
    await house.settle()
    house.clock.advance(hours=1)
    await house.settle()

    await house.post(f"assignmentRequests/{request}/reprocess", status=202)
    await house.settle()
    assert await house.standing(request) == ("delivering", "WaitingForCallback")
    await house.resume(house.endpoint.calls[1])
    await house.settle()

    assert await house.standing(request) == ("delivered", "FulfilledNotificationTriggered")
    assert await house.members(it.group) == {it.alice}


async def test_an_endpoint_that_is_down_denies_when_it_is_waited_for(house: House) -> None:
    it = await offer(house)
    house.endpoint.always(500)
    policy = await calling(house, it, CREATED)

    request = await house.ask(it.alice, it.package, policy)
    await house.settle()

    assert await house.standing(request) == ("denied", "CalloutFailed")


async def test_an_endpoint_that_is_down_holds_nothing_up_when_it_is_only_told(
    house: House,
) -> None:
    it = await offer(house)
    house.endpoint.always(500)
    extension = await house.extension(it.catalog, wait=None)
    stages = [(stage, extension) for stage in (CREATED, APPROVED, GRANTED)]
    policy = await house.policy(it.package, customExtensionStageSettings=calls(*stages))

    request = await house.ask(it.alice, it.package, policy)
    await house.settle()

    assert await house.standing(request) == ("delivered", "FulfilledNotificationTriggered")
    found = await house.get(f"assignmentRequests/{request}")
    statuses = {one["status"] for one in found["customExtensionCalloutInstances"]}
    assert statuses == {"calloutFailed"}


async def test_every_stage_is_called_in_its_turn_with_what_it_needs(house: House) -> None:
    it = await offer(house)
    first, second = await house.extension(it.catalog), await house.extension(it.catalog, wait=None)
    stages = [(CREATED, first), (CREATED, second), (APPROVED, first), (GRANTED, second)]
    policy = await house.policy(it.package, customExtensionStageSettings=calls(*stages))
    request = await house.ask(it.alice, it.package, policy)
    for number in (0, 2):
        await house.settle()
        await house.resume(house.endpoint.calls[number])
    await house.settle()

    told = [call.json() for call in house.endpoint.calls]
    assert [t["Stage"] for t in told] == [CREATED, CREATED, APPROVED, GRANTED]
    assert [(t["State"], t["Status"]) for t in told] == [
        ("submitted", "Accepted"),
        ("submitted", "Accepted"),
        ("submitted", "Approved"),
        ("delivering", "Fulfilling"),
    ]
    created, granted = told[0], told[3]
    path = f"/identityGovernance/entitlementManagement/accessPackageAssignmentRequests/{request}"
    assert created["CallbackUriPath"] == f"{path}/resume"
    assert created["CallbackConfiguration"] == {"DurationBeforeTimeout": "PT1H"}
    assert "CallbackUriPath" not in granted
    assert "Id" not in created["Assignment"]
    assert granted["Assignment"]["State"] == "delivering"
    assert granted["Assignment"]["Target"] == {
        "Id": it.alice,
        "ObjectId": it.alice,
        "DisplayName": "Alice",
        "Email": "alice@contoso.example",
        "PrincipalName": "alice@contoso.example",
    }
    assert created["AccessPackage"] == {"Id": it.package, "DisplayName": "Sales"}
    assert created["AccessPackageCatalog"]["Id"] == it.catalog
    assert created["Requestor"] == {"Id": it.alice, "ObjectId": it.alice, "DisplayName": "Alice"}


async def test_answers_are_told_with_the_text_of_their_questions(cottage: House) -> None:
    it = await offer(cottage)
    extension = await cottage.extension(it.catalog)
    question = {
        "@odata.type": "#microsoft.graph.accessPackageTextInputQuestion",
        "text": "Which state are you in?",
        "isRequired": True,
        "regexPattern": "[A-Z][a-z]+",
    }
    policy = await cottage.policy(
        it.package,
        questions=[question],
        customExtensionStageSettings=calls((CREATED, extension)),
    )
    (kept,) = (await cottage.get(f"assignmentPolicies/{policy}"))["questions"]
    answer = {
        "@odata.type": "#microsoft.graph.accessPackageAnswerString",
        "value": "Arizona",
        "answeredQuestion": {"@odata.type": question["@odata.type"], "id": kept["id"]},
    }

    request = await cottage.ask(it.alice, it.package, policy, answers=[answer])
    await cottage.settle()

    (told,) = cottage.endpoint.calls[0].json()["Answers"]
    assert told == {
        "Value": "Arizona",
        "DisplayValue": "Arizona",
        "AnsweredQuestion": {"Id": kept["id"], "TextString": "Which state are you in?"},
    }
    shown = (await cottage.get(f"assignmentRequests/{request}"))["answers"]
    assert [one["value"] for one in shown] == ["Arizona"]


async def test_a_removal_withdraws_access_and_then_waits_for_its_extension(house: House) -> None:
    it = await offer(house)
    policy = await calling(house, it, REMOVED)
    given = await house.assign(it.alice, it.package, policy)
    await house.settle()
    assignment = await house.assignment_of(given)

    removal = await house.remove(assignment["id"])
    await house.settle()

    assert await house.members(it.group) == set()
    assert await house.standing(removal) == ("delivering", "WaitingForCallback")
    assert (await house.get(f"assignments/{assignment['id']}"))["state"] == "expired"
    assert house.endpoint.calls[0].json()["RequestType"] == "adminRemove"
    house.clock.advance(hours=1)
    await house.settle()
    assert await house.standing(removal) == ("delivered", "FulfilledNotificationTriggered")


async def test_people_give_up_their_own_access(house: House) -> None:
    it = await offer(house)
    policy = await house.policy(it.package)
    request = await house.ask(it.alice, it.package, policy)
    await house.settle()
    assignment = await house.assignment_of(request)
    body = {"requestType": "userRemove", "assignment": {"id": assignment["id"]}}

    await house.refused(
        "POST", "assignmentRequests", body, status=403, headers=person(it.bob, SUBJECT)
    )
    await house.post("assignmentRequests", body, headers=person(it.alice, SUBJECT))
    await house.settle()

    assert await house.members(it.group) == set()


async def test_access_ends_on_time_and_the_server_asks_for_it(house: House) -> None:
    it = await offer(house)
    expiration = {"type": "afterDuration", "duration": "P30D"}
    policy = await house.policy(it.package, expiration=expiration)
    request = await house.assign(it.alice, it.package, policy)
    await house.settle()
    assignment = await house.assignment_of(request)
    assert assignment["schedule"]["expiration"]["endDateTime"] == "2026-02-04T09:00:00Z"

    house.clock.advance(days=29, hours=23)
    await house.settle()
    assert await house.members(it.group) == {it.alice}
    house.clock.advance(hours=1)
    await house.settle()

    assert await house.members(it.group) == set()
    ended = await house.get(f"assignments/{assignment['id']}")
    assert (ended["state"], ended["status"]) == ("expired", "ExpiredNotificationTriggered")
    assert ended["expiredDateTime"] == "2026-02-04T09:00:00Z"
    (removal,) = await house.values("assignmentRequests?$filter=requestType eq 'systemRemove'")
    assert removal["state"] == "delivered"


async def test_a_request_with_a_start_date_waits_for_it(house: House) -> None:
    it = await offer(house)
    policy = await house.policy(it.package)
    schedule = {"startDateTime": "2026-01-07T09:00:00Z", "stopDateTime": None}
    request = await house.assign(it.alice, it.package, policy, schedule=schedule)
    await house.settle()
    assert await house.standing(request) == ("scheduled", "PendingNotBefore")
    assert await house.values("assignments") == []

    house.clock.advance(days=2)
    await house.settle()

    assert (await house.standing(request))[0] == "delivered"
    assert await house.members(it.group) == {it.alice}


async def test_a_policy_edit_does_not_touch_requests_that_are_on_their_way(house: House) -> None:
    it = await offer(house)
    key = await house.policy(it.package, decision(user(it.bob)))
    request = await house.ask(it.alice, it.package, key)

    await house.call("PUT", f"assignmentPolicies/{key}", policy(it.package), status=200)
    await house.settle()

    assert await house.standing(request) == ("pendingApproval", "PendingApproval")


async def test_an_administrator_can_ask_for_the_approval_that_an_assignment_skips(
    house: House,
) -> None:
    it = await offer(house)
    policy = await house.policy(it.package, decision(user(it.bob)))
    parameters = [{"name": "IsApprovalRequired", "value": "true"}]

    skipped = await house.assign(it.bob, it.package, policy)
    asked = await house.assign(it.alice, it.package, policy, parameters=parameters)
    await house.settle()

    assert (await house.standing(skipped))[0] == "delivered"
    assert (await house.standing(asked))[0] == "pendingApproval"


@pytest.mark.parametrize(
    ("parameter", "target"),
    [
        ({"name": "IsApprovalRequired", "value": "yes"}, "parameters/0/value"),
        ({"name": "IsApprovalRequired"}, "parameters/0/value"),
        ({"name": "ApprovalRequired", "value": "true"}, "parameters/0/name"),
    ],
)
async def test_a_misspelt_wish_for_an_approval_does_not_skip_it(
    house: House, parameter: dict[str, str], target: str
) -> None:
    it = await offer(house)
    policy = await house.policy(it.package, decision(user(it.bob)))
    assignment = {
        "targetId": it.alice,
        "accessPackageId": it.package,
        "assignmentPolicyId": policy,
    }
    body = {"requestType": "adminAdd", "assignment": assignment, "parameters": [parameter]}

    code, _, where = await house.refused("POST", "assignmentRequests", body)

    assert (code, where) == ("InvalidModel", target)


async def test_beta_speaks_its_own_names(house: House) -> None:
    it = await offer(house)
    policy = await house.policy(it.package)
    body = {
        "requestType": "AdminAdd",
        "accessPackageAssignment": {
            "targetId": it.alice,
            "assignmentPolicyId": policy,
            "accessPackageId": it.package,
        },
    }

    made = await house.post(f"{BETA}/accessPackageAssignmentRequests", body)
    await house.settle()

    assert (made["requestType"], made["requestState"], made["requestStatus"]) == (
        "AdminAdd",
        "Submitted",
        "Accepted",
    )
    path = f"{BETA}/assignmentRequests/{made['id']}?$expand=accessPackageAssignment"
    shown = await house.get(path)
    assert shown["requestState"] == "Delivered"
    assert shown["completedDate"] is not None
    assert shown["accessPackageAssignment"]["assignmentState"] == "Delivered"


async def test_the_granted_stage_can_hold_the_delivery_back(
    database: Database, clock: FixedClock, caller: Caller, endpoint: ScriptedEndpoint
) -> None:
    house = House(database, clock, caller, endpoint, is_told_first=True)
    await house.start()
    it = await offer(house)
    extension = await house.extension(it.catalog)
    stage = calls((GRANTED, extension))
    policy = await house.policy(it.package, customExtensionStageSettings=stage)

    request = await house.ask(it.alice, it.package, policy)
    await house.settle()
    assert await house.standing(request) == ("delivering", "WaitingForCallback")
    assert await house.members(it.group) == set()
    await house.resume(endpoint.calls[0])
    await house.settle()

    assert (await house.standing(request))[0] == "delivered"
    assert await house.members(it.group) == {it.alice}
    await house.close()
