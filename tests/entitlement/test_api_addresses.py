"""Requests for somebody who is named by their address, whom the directory may not know."""

from __future__ import annotations

import pytest

from tests.entitlement.asking import decide_only_stage
from tests.entitlement.house import SUBJECT, House, decision, user
from tests.entitlement.teams import team
from tests.support.callers import person


@pytest.mark.parametrize("spelling", ["alice@contoso.example", "ALICE@contoso.example"])
async def test_people_in_the_directory_are_found_by_their_address(
    house: House, spelling: str
) -> None:
    it = await team(house)
    assignment = {"target": {"email": spelling}, "assignmentPolicyId": it.policy}

    await house.post("assignmentRequests", {"requestType": "adminAdd", "assignment": assignment})
    await house.settle()

    assert await house.members(it.group) == {it.alice}


async def test_somebody_from_elsewhere_is_invited_when_access_is_given(house: House) -> None:
    bob = await house.person("bob")
    it = await team(house, decision(user(bob)), allowedTargetScope="notSpecified")
    target = {"email": "Eve@Fabrikam.example", "displayName": "Eve"}
    body = {
        "requestType": "adminAdd",
        "assignment": {"target": target, "assignmentPolicyId": it.policy},
        "parameters": [{"name": "IsApprovalRequired", "value": "true"}],
    }
    request = (await house.post("assignmentRequests", body))["id"]
    await house.settle()
    found = await house.get(f"assignmentRequests/{request}?$expand=requestor")
    eve = found["requestor"]
    assert (eve["objectId"], eve["email"]) == (None, "eve@fabrikam.example")
    again, _, _ = await house.refused("POST", "assignmentRequests", body)
    assert again == "ExistingOpenRequest"

    await decide_only_stage(house, bob, request, "Approve")

    assert await house.members(it.group) == {eve["id"]}
    guest = await house.user(eve["id"])
    assert guest.user_principal_name == "eve_fabrikam.example#EXT#@contoso.example"
    assert (guest.user_type, guest.external_user_state) == ("Guest", "PendingAcceptance")
    found = await house.get(f"assignmentRequests/{request}?$expand=requestor")
    assert found["requestor"]["objectId"] == eve["id"]
    known, _, _ = await house.refused("POST", "assignmentRequests", body)
    assert known == "ExistingGrant"


async def test_nobody_is_invited_to_what_is_denied(house: House) -> None:
    bob = await house.person("bob")
    it = await team(house, decision(user(bob)), allowedTargetScope="notSpecified")
    body = {
        "requestType": "adminAdd",
        "assignment": {
            "target": {"email": "eve@fabrikam.example"},
            "assignmentPolicyId": it.policy,
        },
        "parameters": [{"name": "IsApprovalRequired", "value": "true"}],
    }
    request = (await house.post("assignmentRequests", body))["id"]
    await house.settle()
    await decide_only_stage(house, bob, request, "Deny")

    found = await house.get(f"assignmentRequests/{request}?$expand=requestor")
    assert found["requestor"]["objectId"] is None
    second = (await house.post("assignmentRequests", body))["id"]
    found_again = await house.get(f"assignmentRequests/{second}?$expand=requestor")
    assert found_again["requestor"]["id"] == found["requestor"]["id"]


async def test_an_address_that_somebody_else_has_meanwhile_is_not_invited(house: House) -> None:
    it = await team(house, allowedTargetScope="notSpecified")
    target = {"email": "eve@fabrikam.example"}
    assignment = {"target": target, "assignmentPolicyId": it.policy}
    request = (
        await house.post(
            "assignmentRequests", {"requestType": "adminAdd", "assignment": assignment}
        )
    )["id"]
    await house.person("eve", mail="eve@fabrikam.example")

    for _ in range(6):
        await house.settle()
        house.clock.advance(hours=2)

    assert await house.standing(request) == ("deliveryFailed", "FulfillmentFailed")
    assert await house.members(it.group) == set()


@pytest.mark.parametrize("email", ["eve", "@fabrikam.example", "eve @fabrikam.example", "eve@"])
async def test_an_address_must_be_one(cottage: House, email: str) -> None:
    it = await team(cottage)
    assignment = {"target": {"email": email}, "assignmentPolicyId": it.policy}

    code, _, target = await cottage.refused(
        "POST", "assignmentRequests", {"requestType": "adminAdd", "assignment": assignment}
    )

    assert (code, target) == ("InvalidModel", "assignment/target/email")


async def test_only_administrators_name_somebody_whom_the_directory_does_not_know(
    cottage: House,
) -> None:
    it = await team(cottage)
    target = {"email": "eve@fabrikam.example"}
    assignment = {"target": target, "assignmentPolicyId": it.policy}
    body = {"requestType": "userAdd", "assignment": assignment}

    code, message, path = await cottage.refused(
        "POST", "assignmentRequests", body, headers=person(it.mary, SUBJECT)
    )

    assert (code, path) == ("InvalidModel", "assignment/target/email")
    assert "eve@fabrikam.example" in message
