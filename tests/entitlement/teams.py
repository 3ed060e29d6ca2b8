"""A manager, whoever reports to her, and a package that they may ask for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tests.entitlement.house import House

FOR_OTHERS = {
    "enableOnBehalfRequestorsToAddAccess": True,
    "enableOnBehalfRequestorsToUpdateAccess": True,
    "enableOnBehalfRequestorsToRemoveAccess": True,
}


@dataclass
class Team:
    """Mary manages alice; there is a package."""

    alice: str
    mary: str
    group: str
    package: str
    policy: str


async def team(house: House, *stages: dict[str, Any], **changes: Any) -> Team:
    alice, mary = await house.person("alice"), await house.person("mary")
    await house.manages(mary, alice)
    group = await house.group("sales")
    package = await house.package(await house.catalog(), group)
    policy = await house.policy(package, *stages, **{"requestorSettings": FOR_OTHERS, **changes})
    return Team(alice, mary, group, package, policy)


def asking_for(it: Team, target: str, **more: Any) -> dict[str, Any]:
    assignment = {
        "target": {"objectId": target, "subjectType": "user"},
        "assignmentPolicyId": it.policy,
        "accessPackageId": it.package,
    }
    return {"requestType": "userAdd", "assignment": assignment, **more}


async def given(house: House, it: Team) -> str:
    request = await house.assign(it.alice, it.package, it.policy)
    await house.settle()
    return str((await house.assignment_of(request))["id"])
