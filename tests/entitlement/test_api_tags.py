"""Entity tags of what administrators configure: a write passes with the tag that was read."""

from __future__ import annotations

import asyncio
from typing import Any

from tests.entitlement.house import House, calls
from tests.entitlement.offers import CREATED, offer


async def _changed(house: House, method: str, path: str, body: Any, *, status: int) -> None:
    tag = (await house.get(path))["@odata.etag"]
    await house.call(method, path, body, status=status, headers={"if-match": tag})
    await house.refused(method, path, body, status=412, headers={"if-match": tag})


async def test_a_write_passes_once_with_the_tag_that_was_read(house: House) -> None:
    it = await offer(house)
    extension = await house.extension(it.catalog)
    settings = calls((CREATED, extension))
    policy = await house.policy(it.package, customExtensionStageSettings=settings)
    words = {"description": "in other words"}

    await _changed(house, "PATCH", f"catalogs/{it.catalog}", words, status=204)
    await _changed(house, "PATCH", f"accessPackages/{it.package}", words, status=204)
    await _changed(house, "PATCH", f"assignmentPolicies/{policy}", words, status=200)
    again = {"displayName": "Everybody", "accessPackage": {"id": it.package}}
    await _changed(house, "PUT", f"assignmentPolicies/{policy}", again, status=200)
    path = f"catalogs/{it.catalog}/customWorkflowExtensions/{extension}"
    await _changed(house, "PATCH", path, words, status=200)


async def test_two_administrators_who_read_the_same_policy_do_not_overwrite_each_other(
    house: House,
) -> None:
    it = await offer(house)
    path = f"assignmentPolicies/{await house.policy(it.package)}"
    seen = {"if-match": (await house.get(path))["@odata.etag"]}

    replies = await asyncio.gather(
        *(
            house.api.patch(
                f"/v1.0/identityGovernance/entitlementManagement/{path}",
                json={"displayName": name},
                headers=seen,
            )
            for name in ("Staff", "Partners")
        )
    )

    assert sorted(reply.status_code for reply in replies) == [200, 412]


async def test_of_two_changes_of_an_extension_at_the_same_time_neither_is_lost(
    house: House,
) -> None:
    catalog = await house.catalog()
    path = f"catalogs/{catalog}/customWorkflowExtensions/{await house.extension(catalog)}"

    for round_ in range(5):
        words = {"displayName": f"name {round_}"}, {"description": f"description {round_}"}
        await asyncio.gather(*(house.call("PATCH", path, body, status=200) for body in words))
        found = await house.get(path)
        assert (found["displayName"], found["description"]) == (
            f"name {round_}",
            f"description {round_}",
        )
