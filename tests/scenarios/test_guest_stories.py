"""A guest of a partner: asks, is let in by a sponsor, leaves, is blocked, and then is gone."""

from __future__ import annotations

import pytest

from ostiary.directory.seed import person_id
from tests.scenarios.bodies import GRAPH, deciding
from tests.scenarios.house import House
from tests.scenarios.names import BETA, V1, Names

pytestmark = pytest.mark.asyncio(loop_scope="module")

LEE = person_id("lee")
both = pytest.mark.parametrize("names", [V1, BETA], ids=str)


@both
async def test_a_guest_whose_last_assignment_ends_is_blocked_and_later_deleted(
    house: House, names: Names
) -> None:
    """The access of the partner's Ann lasts thirty days; thirty more, and her account is gone."""
    admin, access, management = house.admin, house.access(names), names.management
    number = house.name("fabrikam").replace(" ", "")
    organization = await admin.post(
        f"{management}/connectedOrganizations",
        {
            "displayName": "Fabrikam",
            "description": "A partner",
            "identitySources": [
                {
                    "@odata.type": f"{GRAPH}domainIdentitySource",
                    "domainName": f"{number}.example",
                    "displayName": "Fabrikam",
                }
            ],
            "state": "configured",
        },
    )
    await admin.post(
        f"{management}/connectedOrganizations/{organization['id']}/internalSponsors/$ref",
        {"@odata.id": f"https://graph.microsoft.com/v1.0/users/{LEE}"},
        status=204,
    )
    ann = await admin.post(
        "/v1.0/users",
        {
            "accountEnabled": True,
            "displayName": "Ann Other",
            "mailNickname": "ann",
            "userPrincipalName": f"ann_{number}.example#EXT#@contoso.example",
            "mail": f"ann@{number}.example",
            "userType": "Guest",
            "passwordProfile": {"password": "irrelevant-3"},
        },
    )
    stage = {"primaryApprovers": [{"@odata.type": f"{GRAPH}internalSponsors"}]}
    offer = await access.offer_under(
        await house.make_group(),
        lambda package: deciding(
            package,
            stage,
            allowedTargetScope="allDirectoryUsers",
            expiration={"type": "afterDuration", "duration": "P30D"},
        ),
    )
    request = await house.asker_with_id(ann["id"], names).ask(offer)
    await house.settle()
    subject = f"{management}/subjects(objectId='{ann['id']}')"
    await admin.call("PATCH", subject, {"subjectLifecycle": "governed"}, status=204)

    await house.approver("lee", names).decide(request, "Approve")
    await house.settle()
    assert await house.members(offer.group) == {ann["id"]}

    await house.advance(days=30)
    assert await house.members(offer.group) == set()
    shown = f"/v1.0/users/{ann['id']}?$select=accountEnabled"
    assert (await admin.get(shown))["accountEnabled"] is False

    await house.advance(days=29)
    assert (await admin.get(shown))["accountEnabled"] is False
    await house.advance(days=1)
    await admin.call("GET", shown, status=404)
    deleted = await admin.values("/v1.0/directory/deletedItems/microsoft.graph.user?$select=id")
    assert ann["id"] in {one["id"] for one in deleted}
