"""Access that somebody has and asks to change, for tests of changes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from tests.entitlement.house import APPROVER, SUBJECT, House
from tests.support.callers import person
from tests.support.clocks import MONDAY

THIRTY_DAYS = {"type": "afterDuration", "duration": "P30D"}
LETS_EXTEND = {
    "enableTargetsToSelfAddAccess": True,
    "enableTargetsToSelfUpdateAccess": True,
    "enableTargetsToSelfRemoveAccess": True,
    "allowCustomAssignmentSchedule": True,
}
AS_LONG_AS_THE_POLICY_GIVES = {"expiration": {"type": "notSpecified"}}


@dataclass
class Held:
    """A package that alice has under a policy that ends it after thirty days."""

    alice: str
    catalog: str
    group: str
    package: str
    policy: str
    assignment: str


async def held(house: House, *stages: dict[str, Any], **changes: Any) -> Held:
    alice, group, catalog = (
        await house.person("alice"),
        await house.group("sales"),
        await house.catalog(),
    )
    package = await house.package(catalog, group)
    usual = {"expiration": THIRTY_DAYS, "requestorSettings": LETS_EXTEND}
    policy = await house.policy(package, *stages, **{**usual, **changes})
    request = await house.assign(alice, package, policy)
    await house.settle()
    assignment = (await house.assignment_of(request))["id"]
    return Held(alice, catalog, group, package, policy, assignment)


def updating(it: Held, type_: str = "userUpdate", **more: Any) -> dict[str, Any]:
    return {"requestType": type_, "assignment": {"id": it.assignment}, **more}


async def update(house: House, it: Held, **more: Any) -> str:
    made = await house.post(
        "assignmentRequests", updating(it, **more), headers=person(it.alice, SUBJECT)
    )
    return str(made["id"])


async def end_of(house: House, it: Held) -> str | None:
    found = await house.get(f"assignments/{it.assignment}")
    end: str | None = found["schedule"]["expiration"]["endDateTime"]
    return end


def after(days: int) -> str:
    return (MONDAY + timedelta(days=days)).isoformat().replace("+00:00", "Z")


async def approve(house: House, request: str, who: str, *, result: str = "Approve") -> None:
    as_approver = person(who, APPROVER)
    path = f"accessPackageAssignmentApprovals/{request}/stages"
    (stage,) = await house.values(path, headers=as_approver)
    body = {"reviewResult": result, "justification": "said"}
    await house.call("PATCH", f"{path}/{stage['id']}", body, status=204, headers=as_approver)
    await house.settle()
