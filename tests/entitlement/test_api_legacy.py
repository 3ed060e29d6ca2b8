"""Extensions of the older kind: read, called, and converted."""

from __future__ import annotations

from typing import Any

import pytest

from tests.entitlement.house import (
    ASSIGNMENT_EXTENSION,
    BETA,
    GRAPH,
    REQUEST_EXTENSION,
    House,
    extension,
    policy,
)

LEGACY = f"{GRAPH}customAccessPackageWorkflowExtension"
GRANTED = "assignmentRequestGranted"
EARLY = "assignmentFourteenDaysBeforeExpiration"
WHO = "assignmentRequestDeterminingApprovalRequirements"


def sets(catalog: str) -> str:
    return f"{BETA}/accessPackageCatalogs/{catalog}/customAccessPackageWorkflowExtensions"


async def make_legacy(house: House, catalog: str) -> dict[str, Any]:
    body = extension(house.endpoint.url, wait=None, **{"@odata.type": LEGACY})
    made = await house.post(sets(catalog), body)
    return dict(made)


def settings(key: str, *stages: str) -> list[dict[str, Any]]:
    named = {"@odata.type": LEGACY, "id": key}
    return [{"stage": stage, "customExtension": named} for stage in stages]


async def test_an_older_extension_is_made_read_changed_and_deleted(house: House) -> None:
    catalog = await house.catalog()
    made = await make_legacy(house, catalog)
    path = f"{sets(catalog)}/{made['id']}"
    assert made["createdDateTime"]
    assert not {"createdBy", "callbackConfiguration"} & made.keys()

    assert [one["id"] for one in await house.values(sets(catalog))] == [made["id"]]
    current = f"catalogs/{catalog}/customWorkflowExtensions"
    assert await house.values(current) == []
    await house.extension(catalog)
    assert len(await house.values(current)) == 1
    assert len(await house.values(sets(catalog))) == 1
    changed = await house.call("PATCH", path, {"displayName": "Mail"}, status=200)
    assert changed["displayName"] == "Mail"

    await house.call("DELETE", path, status=204)
    await house.get(path, status=404)


async def test_an_older_extension_is_told_in_the_older_words_and_never_awaited(
    house: House,
) -> None:
    catalog, alice = await house.catalog(), await house.person("alice")
    made = await make_legacy(house, catalog)
    package = await house.package(catalog)
    key = await house.policy(package, customExtensionStageSettings=settings(made["id"], GRANTED))

    request = await house.assign(alice, package, key)
    await house.settle()

    assert (await house.standing(request))[0] == "delivered"
    (call,) = house.endpoint.calls
    told = call.json()
    assert told["Event"] == "AssignmentRequestGranted"
    assert told["AccessPackageAssignmentRequestId"] == request
    assert (told["TargetId"], told["TargetEmail"]) == (alice, "alice@contoso.example")
    assert (told["CatalogId"], told["CatalogName"]) == (catalog, "Sales")
    assert (told["AccessPackageName"], told["AccessPackagePolicyName"]) == ("Sales", "All staff")
    assert "Stage" not in told


async def test_the_older_name_of_the_stages_of_a_policy_says_the_same(cottage: House) -> None:
    catalog = await cottage.catalog()
    made = await make_legacy(cottage, catalog)
    body = policy(await cottage.package(catalog))
    of = {"@odata.type": f"{GRAPH}customExtensionHandler"}
    body["customExtensionHandlers"] = [of | one for one in settings(made["id"], GRANTED)]

    key = (await cottage.post("assignmentPolicies", body))["id"]

    path = f"{BETA}/accessPackageAssignmentPolicies/{key}"
    for name in ("customExtensionHandlers", "customExtensionStageSettings"):
        expanded = await cottage.get(f"{path}?$expand={name}($expand=customExtension)")
        (one,) = expanded["customExtensionStageSettings"]
        assert (one["stage"], one["customExtension"]["id"]) == (GRANTED, made["id"])
    (listed,) = await cottage.values(f"{path}/customExtensionHandlers")
    assert listed["stage"] == GRANTED


async def test_no_older_extension_names_approvers(cottage: House) -> None:
    catalog = await cottage.catalog()
    made = await make_legacy(cottage, catalog)
    package = await cottage.package(catalog)
    stage = {
        "@odata.type": f"{GRAPH}accessPackageDynamicApprovalStage",
        "customExtension": {"id": made["id"]},
    }

    code, message, _ = await cottage.refused("POST", "assignmentPolicies", policy(package, stage))

    assert (code, "another type" in message) == ("InvalidModel", True)


@pytest.mark.parametrize(
    ("stages", "type_"),
    [((), REQUEST_EXTENSION), ((GRANTED,), REQUEST_EXTENSION), ((EARLY,), ASSIGNMENT_EXTENSION)],
)
@pytest.mark.parametrize("through", ["older", "newer"])
async def test_it_becomes_one_of_the_type_that_its_stages_are_for(
    cottage: House, stages: tuple[str, ...], type_: str, through: str
) -> None:
    catalog = await cottage.catalog()
    made = await make_legacy(cottage, catalog)
    package = await cottage.package(catalog)
    if stages:
        given = settings(made["id"], *stages)
        await cottage.policy(package, customExtensionStageSettings=given)
    newer = f"catalogs/{catalog}/customWorkflowExtensions/{made['id']}"
    path = newer if through == "newer" else f"{sets(catalog)}/{made['id']}"

    body = extension(cottage.endpoint.url, **{"@odata.type": type_})
    await cottage.call("PUT", path, body, status=200)

    shown = await cottage.get(newer)
    assert shown["@odata.type"] == type_
    assert shown["callbackConfiguration"]["timeoutDuration"] == "PT1H"
    assert shown["createdDateTime"] == made["createdDateTime"]
    assert await cottage.values(sets(catalog)) == []


async def test_one_that_is_called_at_stages_of_both_types_stays_as_it_is(cottage: House) -> None:
    catalog = await cottage.catalog()
    made = await make_legacy(cottage, catalog)
    package = await cottage.package(catalog)
    given = settings(made["id"], GRANTED, EARLY)
    await cottage.policy(package, customExtensionStageSettings=given)

    body = extension(cottage.endpoint.url, wait=None)
    path = f"{sets(catalog)}/{made['id']}"
    code, message, target = await cottage.refused("PUT", path, body)

    assert (code, target) == ("OperationNotAllowed", "@odata.type")
    assert EARLY in message


async def test_nothing_becomes_an_older_extension(cottage: House) -> None:
    catalog = await cottage.catalog()
    key = await cottage.extension(catalog)
    older = extension(cottage.endpoint.url, wait=None, **{"@odata.type": LEGACY})

    for method, path in (
        ("PUT", f"catalogs/{catalog}/customWorkflowExtensions/{key}"),
        ("POST", f"catalogs/{catalog}/customWorkflowExtensions"),
    ):
        code, _, target = await cottage.refused(method, path, older)
        assert (code, target) == ("InvalidModel", "@odata.type")
    newer = extension(cottage.endpoint.url)
    _, message, target = await cottage.refused("POST", sets(catalog), newer)
    assert (target, "customAccessPackageWorkflowExtension" in message) == ("@odata.type", True)


async def test_the_target_of_a_partner_is_told_with_their_organisation(cottage: House) -> None:
    source = {"@odata.type": f"{GRAPH}domainIdentitySource", "domainName": "fabrikam.example"}
    home = await cottage.post(
        "connectedOrganizations", {"displayName": "Fabrikam", "identitySources": [source]}
    )
    ann = await cottage.person("ann", user_type="Guest", mail="ann@fabrikam.example")
    catalog = await cottage.catalog()
    key = await cottage.extension(catalog)
    package = await cottage.package(catalog)
    named = {"@odata.type": REQUEST_EXTENSION, "id": key}
    offer = await cottage.policy(
        package,
        allowedTargetScope="allDirectoryUsers",
        customExtensionStageSettings=[
            {"stage": "assignmentRequestCreated", "customExtension": named}
        ],
    )

    await cottage.assign(ann, package, offer)
    await cottage.settle()

    told = cottage.endpoint.calls[0].json()["Assignment"]["Target"]
    assert told["ConnectedOrganization"] == {"Id": home["id"], "DisplayName": "Fabrikam"}
