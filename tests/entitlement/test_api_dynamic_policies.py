"""Policies with dynamic stages, and the extensions that these ask."""

from __future__ import annotations

from typing import Any

import pytest

from tests.entitlement.dynamic_stages import (
    WHO,
    dynamic,
    park,
    policy_of,
)
from tests.entitlement.house import (
    ASSIGNMENT_EXTENSION,
    GRAPH,
    House,
    calls,
    extension,
    policy,
    user,
)


async def test_an_extension_that_must_name_approvers_stays_awaited(house: House) -> None:
    it = await park(house)
    path = f"catalogs/{it.catalog}/customWorkflowExtensions/{it.extension}"

    code, message, target = await house.refused("PATCH", path, {"callbackConfiguration": None})

    assert (code, target) == ("OperationNotAllowed", "callbackConfiguration")
    assert "All staff" in message
    code, message, _ = await house.refused("DELETE", path)
    assert (code, "All staff" in message) == ("OperationNotAllowed", True)


async def test_a_policy_shows_whom_it_asks_in_both_places(cottage: House) -> None:
    it = await park(cottage)
    whole = f"assignmentPolicies/{await policy_of(it)}?$expand=customExtensionStageSettings"

    shown = await cottage.get(f"{whole}($expand=customExtension)")

    (stage,) = shown["requestApprovalSettings"]["stages"]
    assert stage["@odata.type"] == f"{GRAPH}accessPackageDynamicApprovalStage"
    assert stage["customExtension"]["id"] == it.extension
    (setting,) = shown["customExtensionStageSettings"]
    assert (setting["stage"], setting["customExtension"]["id"]) == (WHO, it.extension)
    again = {k: v for k, v in shown.items() if k != "customExtensionStageSettings"}
    kept = await cottage.call("PUT", whole.partition("?")[0], again, status=200)
    assert kept["requestApprovalSettings"]["stages"] == [stage]


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"wait": None}, "callbackConfiguration"),
        ({"**": {"@odata.type": ASSIGNMENT_EXTENSION}}, "another type"),
    ],
    ids=["not awaited", "of the other type"],
)
async def test_only_an_awaited_request_extension_can_be_asked(
    cottage: House, changes: dict[str, Any], why: str
) -> None:
    catalog = await cottage.catalog()
    package = await cottage.package(catalog)
    more = changes.get("**", {})
    key = await cottage.extension(catalog, wait=changes.get("wait", "PT1H"), **more)

    code, message, target = await cottage.refused(
        "POST", "assignmentPolicies", policy(package, dynamic(key))
    )

    assert (code, target) == (
        "InvalidModel",
        "requestApprovalSettings/stages/0/customExtension",
    )
    assert why in message


async def test_a_dynamic_stage_names_no_approvers_itself(cottage: House) -> None:
    bob, catalog = await cottage.person("bob"), await cottage.catalog()
    package, key = await cottage.package(catalog), await cottage.extension(catalog)

    code, _, target = await cottage.refused(
        "POST",
        "assignmentPolicies",
        policy(package, dynamic(key, primaryApprovers=[user(bob)])),
    )

    assert code == "InvalidModel"
    assert target == "requestApprovalSettings/stages/0/primaryApprovers/0"


async def test_a_setting_that_no_stage_uses_is_refused(cottage: House) -> None:
    catalog = await cottage.catalog()
    package, key = await cottage.package(catalog), await cottage.extension(catalog)

    _, _, target = await cottage.refused(
        "POST",
        "assignmentPolicies",
        policy(package, customExtensionStageSettings=calls((WHO, key))),
    )

    assert target == "customExtensionStageSettings/0"


async def test_the_published_callback_configuration_is_kept(cottage: House) -> None:
    catalog = await cottage.catalog()
    type_ = f"{GRAPH}accessPackageRequestApprovalStageCallbackConfiguration"
    body = extension(cottage.endpoint.url)
    body["callbackConfiguration"] = {"@odata.type": type_, "timeoutDuration": "PT30M"}

    made = await cottage.post(f"catalogs/{catalog}/customWorkflowExtensions", body)
    read = await cottage.get(f"catalogs/{catalog}/customWorkflowExtensions/{made['id']}")

    assert read["callbackConfiguration"]["@odata.type"] == type_
    assert read["callbackConfiguration"]["timeoutDuration"] == "PT30M"
