"""Policies through the API."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from ostiary.entitlement.tables import policy_terms
from tests.entitlement.house import (
    BETA,
    EM,
    GRAPH,
    REQUEST_EXTENSION,
    House,
    calls,
    decision,
    policy,
    user,
)
from tests.support.callers import application

PUBLISHED: dict[str, Any] = {
    "displayName": "direct assignment with SoD check",
    "description": "",
    "allowedTargetScope": "notSpecified",
    "specificAllowedTargets": [],
    "expiration": {"endDateTime": None, "duration": None, "type": "noExpiration"},
    "requestorSettings": {
        "enableTargetsToSelfAddAccess": False,
        "enableTargetsToSelfUpdateAccess": False,
        "enableTargetsToSelfRemoveAccess": False,
        "allowCustomAssignmentSchedule": True,
        "enableOnBehalfRequestorsToAddAccess": False,
        "enableOnBehalfRequestorsToUpdateAccess": False,
        "enableOnBehalfRequestorsToRemoveAccess": False,
        "onBehalfRequestors": [],
    },
    "requestApprovalSettings": {
        "isApprovalRequiredForAdd": False,
        "isApprovalRequiredForUpdate": False,
        "stages": [],
    },
}


async def place(house: House) -> tuple[str, str]:
    """Make a package and an extension in its catalog."""
    catalog = await house.catalog()
    return await house.package(catalog), await house.extension(catalog)


async def test_stage_settings_are_shown_when_they_are_expanded(house: House) -> None:
    package, extension = await place(house)
    settings = calls(("assignmentRequestCreated", extension))
    body = {**PUBLISHED, "accessPackage": {"id": package}, "customExtensionStageSettings": settings}

    made = await house.post("assignmentPolicies", body)

    path = f"assignmentPolicies/{made['id']}"
    assert "customExtensionStageSettings" not in made
    assert "customExtensionStageSettings" not in await house.get(path)
    expand = "$expand=accessPackage,customExtensionStageSettings($expand=customExtension)"
    shown = await house.get(f"{path}?{expand}")
    (setting,) = shown["customExtensionStageSettings"]
    assert setting["stage"] == "assignmentRequestCreated"
    assert setting["customExtension"]["@odata.type"] == REQUEST_EXTENSION
    assert setting["customExtension"]["id"] == extension
    assert shown["accessPackage"]["id"] == package


async def test_put_replaces_everything_and_patch_only_what_it_names(house: House) -> None:
    package, extension = await place(house)
    settings = calls(("assignmentRequestCreated", extension))
    key = await house.policy(package, description="x", customExtensionStageSettings=settings)
    path = f"assignmentPolicies/{key}"
    expanded = f"{path}?$expand=customExtensionStageSettings"

    await house.call("PATCH", path, {"displayName": "New"}, status=200)
    shown = await house.get(expanded)
    assert (shown["displayName"], shown["description"]) == ("New", "x")
    assert len(shown["customExtensionStageSettings"]) == 1
    bare = {"displayName": "Bare", "accessPackage": {"id": package}}
    put = await house.call("PUT", path, bare, status=200)

    assert (put["description"], put["allowedTargetScope"]) == (None, "notSpecified")
    assert (await house.get(expanded))["customExtensionStageSettings"] == []


async def test_what_a_policy_says_comes_back_as_it_was_said(house: House) -> None:
    package, _ = await place(house)
    bob, team = await house.person("bob"), await house.group("team")
    said = policy(
        package,
        decision(
            user(bob),
            {"@odata.type": f"{GRAPH}requestorManager", "managerLevel": 2},
            durationBeforeEscalation="P1D",
            isEscalationEnabled=True,
            escalationApprovers=[{"@odata.type": f"{GRAPH}groupMembers", "groupId": team}],
        ),
        allowedTargetScope="specificDirectoryUsers",
        specificAllowedTargets=[user(bob)],
        expiration={"type": "afterDuration", "duration": "P365D"},
        reviewSettings={
            "isEnabled": True,
            "expirationBehavior": "keepAccess",
            "schedule": {
                "startDateTime": "2024-07-02T06:59:59.998Z",
                "recurrence": {
                    "pattern": {"type": "absoluteMonthly", "interval": 3},
                    "range": {"type": "noEnd"},
                },
            },
            "primaryReviewers": [{"@odata.type": f"{GRAPH}groupMembers", "groupId": bob}],
        },
        notificationSettings={"isAssignmentNotificationDisabled": True},
        questions=[
            {
                "@odata.type": f"{GRAPH}accessPackageMultipleChoiceQuestion",
                "text": "What state are you from?",
                "sequence": 1,
                "isRequired": True,
                "localizations": [{"languageCode": "fr-CA", "text": "Où?"}],
                "choices": [{"actualValue": "AZ", "text": "Arizona"}],
            }
        ],
    )

    made = await house.post("assignmentPolicies", said)
    shown = await house.get(f"assignmentPolicies/{made['id']}")

    assert shown["specificAllowedTargets"] == [{**user(bob), "description": None}]
    assert shown["expiration"]["duration"] == "P365D"
    (stage,) = shown["requestApprovalSettings"]["stages"]
    assert [one["@odata.type"] for one in stage["primaryApprovers"]] == [
        f"{GRAPH}singleUser",
        f"{GRAPH}requestorManager",
    ]
    assert stage["durationBeforeAutomaticDenial"] == "P2D"
    schedule = shown["reviewSettings"]["schedule"]
    assert schedule["startDateTime"] == "2024-07-02T06:59:59.998Z"
    assert schedule["recurrence"]["pattern"]["interval"] == 3
    assert shown["notificationSettings"] == {"isAssignmentNotificationDisabled": True}
    (question,) = shown["questions"]
    assert question["@odata.type"] == f"{GRAPH}accessPackageMultipleChoiceQuestion"
    assert question["id"]
    assert question["choices"][0]["text"] == "Arizona"
    del made["@odata.context"], shown["@odata.context"]
    assert made == shown


async def test_a_policy_stays_with_its_package(cottage: House) -> None:
    package, _ = await place(cottage)
    other, _ = await place(cottage)
    key = await cottage.policy(package)

    for method in ("PUT", "PATCH"):
        code, _, target = await cottage.refused(method, f"assignmentPolicies/{key}", policy(other))
        assert (code, target) == ("InvalidModel", "accessPackage")
    body = {"displayName": "x", "allowedTargetScope": "notSpecified"}
    assert (await cottage.refused("POST", "assignmentPolicies", body))[2] == "accessPackage"
    unknown = {**body, "accessPackage": {"id": "none"}}
    assert (await cottage.refused("POST", "assignmentPolicies", unknown))[2] == "accessPackage"


async def test_an_extension_of_another_catalog_is_refused_by_name(cottage: House) -> None:
    package, _ = await place(cottage)
    _, foreign = await place(cottage)
    settings = calls(("assignmentRequestCreated", foreign))

    code, message, target = await cottage.refused(
        "POST",
        "assignmentPolicies",
        policy(package, customExtensionStageSettings=settings),
    )

    assert (code, target) == ("InvalidModel", "customExtensionStageSettings/0/customExtension")
    assert foreign in message


async def test_a_stage_setting_without_its_stage_is_refused_by_name(cottage: House) -> None:
    package, extension = await place(cottage)
    (setting,) = calls(("assignmentRequestCreated", extension))
    del setting["stage"]

    body = policy(package, customExtensionStageSettings=[setting])
    code, message, target = await cottage.refused("POST", "assignmentPolicies", body)

    assert (code, target) == ("InvalidModel", "customExtensionStageSettings/0/stage")
    assert "required" in message


async def test_policies_are_found_by_package_and_under_their_beta_names(cottage: House) -> None:
    package, _ = await place(cottage)
    body = policy(package)
    del body["accessPackage"]
    made = await cottage.post(
        f"{BETA}/accessPackageAssignmentPolicies", {**body, "accessPackageId": package}
    )

    found = await cottage.values(f"assignmentPolicies?$filter=accessPackage/id eq '{package}'")
    below = await cottage.values(f"{EM}/accessPackages/{package}/assignmentPolicies")
    beta = await cottage.get(f"{BETA}/accessPackageAssignmentPolicies/{made['id']}")

    assert [one["id"] for one in found] == [one["id"] for one in below] == [made["id"]]
    assert beta["accessPackageId"] == package
    await cottage.call("DELETE", f"assignmentPolicies/{made['id']}", status=204)
    await cottage.get(f"assignmentPolicies/{made['id']}", status=404)


async def test_a_policy_keeps_nothing_of_an_extension_but_its_name(cottage: House) -> None:
    package, extension = await place(cottage)
    (setting,) = calls(("assignmentRequestCreated", extension))
    secret = {
        "@odata.type": f"{GRAPH}httpRequestEndpoint",
        "targetUrl": "https://example.com/hook?sig=SECRET",
    }
    setting["customExtension"] |= {"displayName": "x", "endpointConfiguration": secret}

    await cottage.policy(package, customExtensionStageSettings=[setting])

    async with cottage.database.reading() as conn:
        (document,) = (await conn.execute(select(policy_terms.c.document))).scalars()
    (kept,) = document["customExtensionStageSettings"]
    assert kept["customExtension"] == {"@odata.type": REQUEST_EXTENSION, "id": extension}


async def test_the_questions_of_a_policy_are_a_place_of_their_own(house: House) -> None:
    catalog, other = await house.catalog(), await house.catalog("Other")
    package = await house.package(catalog)
    question = {"@odata.type": f"{GRAPH}accessPackageTextInputQuestion", "text": "Which room?"}
    key = await house.policy(package, questions=[question])
    reader = await house.service_principal("reader")
    roles = "/v1.0/roleManagement/entitlementManagement/roleAssignments"
    path = f"assignmentPolicies/{key}/questions"

    (asked,) = await house.values(path)
    assert (asked["@odata.type"], asked["text"]) == (question["@odata.type"], "Which room?")
    (asked,) = await house.values(f"{BETA}/accessPackageAssignmentPolicies/{key}/questions")
    assert asked["text"]["defaultText"] == "Which room?"
    await house.refused("GET", f"{path}?$top=1", status=400)

    for where, status in [(other, 404), (catalog, 200)]:
        body = {
            "principalId": reader,
            "roleDefinitionId": "44272f93-9762-48e8-af59-1b5351b1d6b3",
            "appScopeId": f"/AccessPackageCatalog/{where}",
        }
        await house.post(roles, body)
        await house.get(path, status=status, headers=application(id=reader))


async def test_policies_are_written_below_their_package_as_well(cottage: House) -> None:
    catalog = await cottage.catalog()
    package, other = await cottage.package(catalog), await cottage.package(catalog, name="Other")
    body = policy(package)
    del body["accessPackage"]
    path = f"accessPackages/{package}/assignmentPolicies"

    made = await cottage.post(path, body)
    await cottage.call("PATCH", f"{path}/{made['id']}", {"displayName": "Staff"}, status=200)
    foreign = f"accessPackages/{other}/assignmentPolicies"
    await cottage.refused("DELETE", f"{foreign}/{made['id']}", status=404)
    _, _, target = await cottage.refused("POST", foreign, policy(package))
    assert target == "accessPackage"

    (found,) = await cottage.values("assignmentPolicies?$expand=accessPackage")
    assert (found["displayName"], found["accessPackage"]["id"]) == ("Staff", package)
    await cottage.call("DELETE", f"{path}/{made['id']}", status=204)
    assert await cottage.values("assignmentPolicies") == []
