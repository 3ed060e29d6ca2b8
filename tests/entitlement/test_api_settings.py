"""Settings and control configurations, and what becomes of guests, through the API."""

from __future__ import annotations

from typing import Any

import pytest

from ostiary.directory import store
from tests.entitlement.house import BETA, EM, GRAPH, House
from tests.support.callers import application, person

END_USER = "controlConfigurations/endUserSettings"


async def test_by_default_guests_are_blocked_and_deleted_after_thirty_days(house: House) -> None:
    shown = await house.get("settings")

    assert shown["externalUserLifecycleAction"] == "blockSignInAndDelete"
    assert shown["durationUntilExternalUserDeletedAfterBlocked"] == "P30D"
    assert shown["id"]
    beta = await house.get(f"{BETA}/settings")
    assert beta["externalUserLifecycleAction"] == "BlockSignInAndDelete"
    assert beta["daysUntilExternalUserDeletedAfterBlocked"] == 30
    assert "durationUntilExternalUserDeletedAfterBlocked" not in beta


async def test_settings_are_changed_in_both_vocabularies(house: House) -> None:
    await house.call("PATCH", "settings", {"externalUserLifecycleAction": "None"}, status=204)
    beta = f"{BETA}/settings"
    await house.call("PATCH", beta, {"daysUntilExternalUserDeletedAfterBlocked": 7}, status=204)
    shown = await house.get("settings")
    assert shown["externalUserLifecycleAction"] == "none"
    assert shown["durationUntilExternalUserDeletedAfterBlocked"] == "P7D"

    change = {"durationUntilExternalUserDeletedAfterBlocked": "P60D"}
    await house.call("PATCH", "settings", change, status=204)

    assert (await house.get(beta))["daysUntilExternalUserDeletedAfterBlocked"] == 60


@pytest.mark.parametrize(
    ("body", "target"),
    [
        ({"externalUserLifecycleAction": None}, "externalUserLifecycleAction"),
        ({"externalUserLifecycleAction": "unknownFutureValue"}, "externalUserLifecycleAction"),
        (
            {"durationUntilExternalUserDeletedAfterBlocked": "-P1D"},
            "durationUntilExternalUserDeletedAfterBlocked",
        ),
        (
            {"daysUntilExternalUserDeletedAfterBlocked": 9999},
            "daysUntilExternalUserDeletedAfterBlocked",
        ),
        ({"externalUserLifecycle": "none"}, "externalUserLifecycle"),
    ],
)
async def test_settings_that_are_not_right_are_refused_by_name(
    cottage: House, body: dict[str, Any], target: str
) -> None:
    _, _, told = await cottage.refused("PATCH", "settings", body)

    assert told == target
    assert (await cottage.get("settings"))["externalUserLifecycleAction"] == "blockSignInAndDelete"


async def test_only_administrators_change_settings(cottage: House) -> None:
    body = {"externalUserLifecycleAction": "none"}
    for headers in (
        application("EntitlementManagement.Read.All"),
        person(await cottage.person("ann"), "EntitlementManagement.ReadWrite.All"),
    ):
        await cottage.refused("PATCH", "settings", body, status=403, headers=headers)


async def test_end_user_settings_are_read_and_replaced(house: House) -> None:
    (listed,) = await house.values("controlConfigurations")
    assert listed["@odata.type"] == f"{GRAPH}endUserSettings"
    assert (listed["id"], listed["isEnabled"]) == ("endUserSettings", True)
    body = {
        "@odata.type": f"{GRAPH}endUserSettings",
        "relatedPeopleInsightLevel": "countAndNames",
        "showApproverDetailsToMembers": False,
    }

    put = await house.call("PUT", END_USER, body, status=200)

    assert put["relatedPeopleInsightLevel"] == "countAndNames"
    shown = await house.get(END_USER)
    assert shown["showApproverDetailsToMembers"] is False
    assert shown["modifiedDateTime"]
    patched = await house.call(
        "PATCH", END_USER, {"showApproverDetailsToMembers": True}, status=200
    )
    assert patched["relatedPeopleInsightLevel"] == "countAndNames"


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        (END_USER, {"relatedPeopleInsightLevel": None}, 400),
        (END_USER, {"relatedPeopleInsightLevel": "all"}, 400),
        (END_USER, {"relatedPeopleInsightLevel": "count", "isEnabled": False}, 400),
        ("controlConfigurations/insiderRiskyUserApproval", {}, 501),
        ("controlConfigurations/entraIdProtectionRiskyUserApproval", {}, 501),
        ("controlConfigurations/nonsense", {}, 404),
    ],
)
async def test_controls_that_would_have_no_effect_are_refused(
    cottage: House, path: str, body: dict[str, Any], status: int
) -> None:
    whole = {"@odata.type": f"{GRAPH}endUserSettings", **body}

    _, message, _ = await cottage.refused("PUT", f"{EM}/{path}", whole, status=status)

    assert message


class Guest:
    """Ann, a governed guest who holds packages."""

    def __init__(self, house: House, id: str) -> None:
        self.house, self.id = house, id
        self.assignments: list[str] = []

    async def gain(self) -> None:
        package = await self.house.package(await self.house.catalog())
        key = await self.house.policy(package, allowedTargetScope="allDirectoryUsers")
        request = await self.house.assign(self.id, package, key)
        await self.house.settle()
        self.assignments.append((await self.house.assignment_of(request))["id"])

    async def lose(self) -> None:
        await self.house.remove(self.assignments.pop())
        await self.house.settle()

    async def account(self) -> bool | None:
        """Give whether she can sign in; None: she is gone."""
        async with self.house.database.reading() as conn:
            found = (await store.people(conn, [self.id])).get(self.id)
        return found.account_enabled if found else None

    async def govern(self, how: str = "governed") -> None:
        path = f"subjects(objectId='{self.id}')"
        await self.house.call("PATCH", path, {"subjectLifecycle": how}, status=204)

    async def cleanup(self) -> str | None:
        found = await self.house.get(f"{BETA}/subjects/{self.id}")
        scheduled: str | None = found["cleanupScheduledDateTime"]
        return scheduled


async def make_guest(house: House, **more: Any) -> Guest:
    name = "ann_fabrikam.example#EXT#@contoso.example"
    return Guest(
        house,
        await house.person("ann", **{"user_type": "Guest", "user_principal_name": name, **more}),
    )


async def test_a_governed_guest_without_access_is_blocked_and_later_deleted(house: House) -> None:
    ann = await make_guest(house)
    await ann.gain()
    await ann.gain()
    await ann.govern()

    await ann.lose()
    assert await ann.account() is True
    await ann.lose()
    assert await ann.account() is False
    assert await ann.cleanup()

    house.clock.advance(days=29, hours=23)
    await house.settle()
    assert await ann.account() is False
    house.clock.advance(hours=1)
    await house.settle()
    assert await ann.account() is None


async def test_a_new_assignment_lets_a_blocked_guest_in_again(house: House) -> None:
    ann = await make_guest(house)
    await ann.gain()
    await ann.govern()
    await ann.lose()
    assert await ann.account() is False

    await ann.gain()
    assert await ann.account() is True
    assert await ann.cleanup() is None
    house.clock.advance(days=40)
    await house.settle()

    assert await ann.account() is True


@pytest.mark.parametrize(
    ("settings", "blocked", "gone"),
    [
        ({"externalUserLifecycleAction": "none"}, False, False),
        ({"externalUserLifecycleAction": "blockSignIn"}, True, False),
        ({"durationUntilExternalUserDeletedAfterBlocked": "PT0S"}, True, True),
    ],
)
async def test_the_settings_say_what_becomes_of_guests(
    cottage: House, settings: dict[str, Any], blocked: bool, gone: bool
) -> None:
    await cottage.call("PATCH", "settings", settings, status=204)
    ann = await make_guest(cottage)
    await ann.gain()
    await ann.govern()

    await ann.lose()

    assert await ann.account() == (None if gone else not blocked)
    cottage.clock.advance(days=90)
    await cottage.settle()
    assert await ann.account() == (None if gone else not blocked)


async def test_guests_that_are_not_governed_and_members_are_left_alone(cottage: House) -> None:
    ann = await make_guest(cottage)
    bob = Guest(cottage, await cottage.person("bob"))
    for one in (ann, bob):
        await one.gain()
    await bob.govern()

    for one in (ann, bob):
        await one.lose()

    assert (await ann.account(), await bob.account()) == (True, True)


async def test_whoever_is_no_longer_governed_is_not_deleted(cottage: House) -> None:
    ann = await make_guest(cottage)
    await ann.gain()
    await ann.govern()
    await ann.lose()

    await ann.govern("notGoverned")
    cottage.clock.advance(days=60)
    await cottage.settle()

    assert await ann.account() is False
    assert await ann.cleanup() is None


async def test_a_change_of_mind_in_the_settings_spares_the_blocked(cottage: House) -> None:
    ann = await make_guest(cottage)
    await ann.gain()
    await ann.govern()
    await ann.lose()

    change = {"externalUserLifecycleAction": "blockSignIn"}
    await cottage.call("PATCH", "settings", change, status=204)
    cottage.clock.advance(days=60)
    await cottage.settle()

    assert await ann.account() is False
