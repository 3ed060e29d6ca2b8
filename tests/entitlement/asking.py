"""Requests that somebody has to agree to, for tests of approvals."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tests.entitlement.house import APPROVER, House, decision, user
from tests.support.callers import person

APPROVALS = "accessPackageAssignmentApprovals"


@dataclass
class Asked:
    """A request of alice's that bob and carol are asked about."""

    house: House
    alice: str
    bob: str
    carol: str
    group: str
    request: str
    package: str

    async def stages(self, who: str, **options: Any) -> list[Any]:
        path = f"{APPROVALS}/{self.request}/stages"
        return await self.house.values(path, headers=person(who, APPROVER), **options)

    async def decide(self, who: str, result: str, *, status: int = 204, number: int = 0) -> Any:
        stage = (await self.stages(self.bob))[number]["id"]
        path = f"{APPROVALS}/{self.request}/stages/{stage}"
        return await self.house.call(
            "PATCH", path, {"reviewResult": result}, status=status, headers=person(who, APPROVER)
        )


async def ask(house: House, *, justified: bool = False) -> Asked:
    alice, bob, carol = [await house.person(alias) for alias in ("alice", "bob", "carol")]
    group = await house.group("sales")
    package = await house.package(await house.catalog(), group)
    both = decision(user(bob), user(carol), isApproverJustificationRequired=justified)
    policy = await house.policy(package, both)
    request = await house.ask(alice, package, policy)
    await house.settle()
    return Asked(house, alice, bob, carol, group, request, package)


def approver(who: str) -> dict[str, str]:
    """Give the headers of somebody who decides."""
    return person(who, APPROVER)


async def decide_only_stage(house: House, who: str, request: str, result: str) -> None:
    """Have somebody decide on the one stage of a request that they see."""
    path = f"{APPROVALS}/{request}/stages"
    (stage,) = await house.values(path, headers=approver(who))
    body = {"reviewResult": result}
    await house.call("PATCH", f"{path}/{stage['id']}", body, status=204, headers=approver(who))
    await house.settle()
