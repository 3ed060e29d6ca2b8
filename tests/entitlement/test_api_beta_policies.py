"""Policies below ``/beta``: their own form in bodies, replies, queries and messages."""

from __future__ import annotations

from typing import Any

import pytest

from tests.entitlement.beta_policies import MANAGER, POLICIES, make_policy
from tests.entitlement.house import BETA, GRAPH, House, decision, user
from tests.entitlement.house import policy as v1_policy


async def test_what_is_sent_to_beta_is_shown_there_as_it_was_sent(house: House) -> None:
    sent, key = await make_policy(house)

    shown = await house.get(f"{POLICIES}/{key}")

    assert {name: shown[name] for name in sent} == sent
    assert not {"expiration", "allowedTargetScope", "specificAllowedTargets"} & shown.keys()
    assert shown["verifiableCredentialSettings"] is None


async def test_the_same_policy_has_the_form_of_v1_there(house: House) -> None:
    sent, key = await make_policy(house)

    shown = await house.get(f"assignmentPolicies/{key}")

    assert shown["allowedTargetScope"] == "specificDirectoryUsers"
    (target,) = shown["specificAllowedTargets"]
    assert target["userId"] == sent["requestorSettings"]["allowedRequestors"][0]["id"]
    assert shown["expiration"]["duration"] == "P365D"
    (stage,) = shown["requestApprovalSettings"]["stages"]
    assert stage["durationBeforeAutomaticDenial"] == "P14D"
    assert stage["durationBeforeEscalation"] == "P8D"
    assert [one["@odata.type"] for one in stage["primaryApprovers"]] == [f"{GRAPH}requestorManager"]
    assert [one["@odata.type"] for one in stage["fallbackPrimaryApprovers"]] == [
        f"{GRAPH}singleUser"
    ]
    assert shown["requestorSettings"]["enableTargetsToSelfRemoveAccess"] is True


async def test_a_policy_made_under_beta_governs_requests(house: House) -> None:
    sent, key = await make_policy(house, requestApprovalSettings=None)
    (target,) = sent["requestorSettings"]["allowedRequestors"]

    request = await house.ask(target["id"], sent["accessPackageId"], key)
    await house.settle()

    assert (await house.standing(request))[0] == "delivered"


async def test_a_change_under_beta_keeps_what_beta_cannot_say(cottage: House) -> None:
    package = await cottage.package(await cottage.catalog())
    bob = await cottage.person("bob")
    body = v1_policy(
        package,
        decision(user(bob), durationBeforeAutomaticDenial="PT36H"),
        automaticRequestSettings={"requestAccessForAllowedTargets": False},
        requestorSettings={
            "enableTargetsToSelfAddAccess": True,
            "allowCustomAssignmentSchedule": True,
        },
    )
    key = (await cottage.post("assignmentPolicies", body))["id"]
    before = await cottage.get(f"assignmentPolicies/{key}")
    beta = await cottage.get(f"{POLICIES}/{key}")

    await cottage.call("PATCH", f"{POLICIES}/{key}", {"description": "new"}, status=200)
    patched = await cottage.get(f"assignmentPolicies/{key}")
    await cottage.call("PUT", f"{POLICIES}/{key}", {**beta, "description": "put"}, status=200)
    put = await cottage.get(f"assignmentPolicies/{key}")

    (stage,) = beta["requestApprovalSettings"]["approvalStages"]
    assert stage["approvalStageTimeOutInDays"] == 2
    for shown, description in ((patched, "new"), (put, "put")):
        moved = {"description", "modifiedDateTime", "@odata.etag", "@odata.context"}
        assert shown["description"] == description
        assert {n: v for n, v in shown.items() if n not in moved} == {
            n: v for n, v in before.items() if n not in moved
        }


async def test_each_root_takes_the_form_of_the_other(cottage: House) -> None:
    sent, key = await make_policy(cottage)
    package = sent["accessPackageId"]

    at_v1 = await cottage.post("assignmentPolicies", sent)
    at_beta = await cottage.post(POLICIES, v1_policy(package))

    told = {"id", "createdDateTime", "modifiedDateTime", "@odata.etag", "@odata.context"}
    same = await cottage.get(f"assignmentPolicies/{key}")
    assert {n: v for n, v in at_v1.items() if n not in told} == {
        n: v for n, v in same.items() if n not in told
    }
    assert at_beta["requestorSettings"]["scopeType"] == "AllExistingDirectoryMemberUsers"


async def test_a_selection_under_beta_chooses_among_its_own_properties(cottage: House) -> None:
    sent, key = await make_policy(cottage)
    url = f"{POLICIES}/{key}"

    flat = await cottage.get(f"{url}?$select=durationInDays,canExtend")
    deep = await cottage.get(
        f"{url}?$select=requestApprovalSettings/approvalStages/primaryApprovers/isBackup,"
        "requestorSettings/scopeType"
    )
    foreign = await cottage.get(f"{url}?$select=expiration,allowedTargetScope")
    nested = await cottage.get(
        f"{BETA}/accessPackages/{sent['accessPackageId']}"
        "?$select=id&$expand=accessPackageAssignmentPolicies($select=requestorSettings/scopeType)"
    )

    def plain(shown: dict[str, Any]) -> dict[str, Any]:
        return {name: value for name, value in shown.items() if "@" not in name}

    assert plain(flat) == {"id": key, "canExtend": True, "durationInDays": 365}
    assert flat["@odata.context"].endswith(
        "accessPackageAssignmentPolicies(durationInDays,canExtend)/$entity"
    )
    (stage,) = deep["requestApprovalSettings"]["approvalStages"]
    assert [plain(one) for one in stage["primaryApprovers"]] == [
        {"isBackup": False},
        {"isBackup": True},
    ]
    assert deep["requestorSettings"] == {"scopeType": "SpecificDirectorySubjects"}
    assert plain(foreign) == {
        "id": key,
        "durationInDays": 365,
        "expirationDateTime": None,
        "requestorSettings": {"scopeType": "SpecificDirectorySubjects"},
    }
    assert nested["accessPackageAssignmentPolicies"] == [
        {"id": key, "requestorSettings": {"scopeType": "SpecificDirectorySubjects"}}
    ]


async def test_only_beta_says_that_all_stages_are_asked_at_once(house: House) -> None:
    """What v1.0 has no word for stays there, until what is left could not be asked at once."""
    _, key = await make_policy(house)
    v1 = await house.get(f"assignmentPolicies/{key}")
    (stage,) = (await house.get(f"{POLICIES}/{key}"))["requestApprovalSettings"]["approvalStages"]

    async def mode() -> str:
        return str((await house.get(f"{POLICIES}/{key}/requestApprovalSettings"))["approvalMode"])

    async def change(path: str, **settings: Any) -> Any:
        body = {"requestApprovalSettings": settings}
        return await house.call("PATCH", f"{path}/{key}", body, status=200)

    await change(POLICIES, approvalStages=[stage] * 2)
    assert await mode() == "Serial"
    await change(POLICIES, approvalMode="parallel")
    assert await mode() == "Parallel"

    shown = await house.get(f"assignmentPolicies/{key}")
    stages = shown["requestApprovalSettings"]["stages"]
    assert shown["requestApprovalSettings"].keys() == v1["requestApprovalSettings"].keys()
    await house.call("PUT", f"assignmentPolicies/{key}", {**shown, "description": "y"}, status=200)
    await change("assignmentPolicies", stages=[*stages, stages[0]])
    await house.call("PATCH", f"{POLICIES}/{key}", {"description": "z"}, status=200)
    assert await mode() == "Parallel"
    for switch, then in ((False, "NoApproval"), (True, "Parallel")):
        await change("assignmentPolicies", isApprovalRequiredForAdd=switch)
        assert await mode() == then

    refused = {"requestApprovalSettings": {"approvalStages": [stage]}}
    *_, target = await house.refused("PATCH", f"{POLICIES}/{key}", refused)
    assert target == "requestApprovalSettings/approvalMode"
    await change("assignmentPolicies", stages=stages[:1])
    assert await mode() == "SingleStage"
    await change("assignmentPolicies", stages=stages)
    assert await mode() == "Serial"

    await change(POLICIES, approvalMode="Parallel")
    body = await house.get(f"{POLICIES}/{key}")
    for approval, then in (({"approvalMode": "Parallel"}, "Parallel"), ({}, "Serial")):
        settings = {
            name: value
            for name, value in body["requestApprovalSettings"].items()
            if name != "approvalMode"
        }
        put = {**body, "requestApprovalSettings": {**settings, **approval}}
        await house.call("PUT", f"{POLICIES}/{key}", put, status=200)
        assert await mode() == then


@pytest.mark.parametrize("root", [POLICIES, "assignmentPolicies"])
async def test_policies_are_filtered_by_whom_they_are_for(house: House, root: str) -> None:
    _, key = await make_policy(house)
    package = await house.package(await house.catalog("Other"))
    await house.policy(package)

    for test in (
        "requestorSettings/scopeType eq 'SpecificDirectorySubjects'",
        "allowedTargetScope eq 'specificDirectoryUsers'",
        "requestorSettings/scopeType ne 'AllExistingDirectoryMemberUsers'",
    ):
        assert [one["id"] for one in await house.values(f"{root}?$filter={test}")] == [key]
    ordered = await house.values(f"{root}?$orderby=requestorSettings/scopeType desc")
    assert ordered[0]["id"] == key


@pytest.mark.parametrize(
    ("change", "target"),
    [
        ({"durationInDays": 4000}, "durationInDays"),
        ({"displayName": " "}, "displayName"),
        (
            {
                "requestorSettings": {
                    "scopeType": "SpecificDirectorySubjects",
                    "allowedRequestors": [],
                }
            },
            "requestorSettings/allowedRequestors",
        ),
        (
            {
                "requestorSettings": {
                    "scopeType": "SpecificDirectorySubjects",
                    "allowedRequestors": [{"@odata.type": f"{GRAPH}groupMembers"}],
                }
            },
            "requestorSettings/allowedRequestors/0/id",
        ),
        (
            {"requestApprovalSettings": {"isApprovalRequired": True, "approvalStages": []}},
            "requestApprovalSettings/approvalStages",
        ),
        (
            {
                "requestApprovalSettings": {
                    "isApprovalRequired": True,
                    "approvalStages": [{"approvalStageTimeOutInDays": 0, **MANAGER}],
                }
            },
            "requestApprovalSettings/approvalStages/0/approvalStageTimeOutInDays",
        ),
        (
            {"questions": [{"@odata.type": f"{GRAPH}accessPackageMultipleChoiceQuestion"}]},
            "questions/0/choices",
        ),
    ],
)
async def test_a_refusal_names_the_property_of_beta(
    cottage: House, change: dict[str, Any], target: str
) -> None:
    sent, key = await make_policy(cottage)

    for method, url in (("POST", POLICIES), ("PATCH", f"{POLICIES}/{key}")):
        body = {**sent, **change} if method == "POST" else change
        _, message, named = await cottage.refused(method, url, body)

        assert named == target
        assert f"'{target}'" in message
