"""Requests whose approvers an extension names."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tests.entitlement.house import (
    APPROVER,
    GRAPH,
    House,
)
from tests.extensions.endpoints import Call
from tests.support.callers import person

APPROVALS = "accessPackageAssignmentApprovals"
WHO = "assignmentRequestDeterminingApprovalRequirements"
ANSWER = "microsoft.graph.assignmentRequestApprovalStageCallbackData"
APPROVE = {"reviewResult": "Approve"}


def dynamic(extension: str, **more: Any) -> dict[str, Any]:
    """Give a stage whose approvers an extension names."""
    return {
        "@odata.type": f"{GRAPH}accessPackageDynamicApprovalStage",
        "customExtension": {"id": extension},
        **more,
    }


@dataclass
class Parked:
    """A request of alice's whose extension is asked who decides."""

    house: House
    people: dict[str, str]
    group: str
    catalog: str
    package: str
    extension: str
    request: str = ""

    @property
    def call(self) -> Call:
        return self.house.endpoint.calls[-1]

    async def answer(self, status: int = 204, **stage: Any) -> Any:
        """Name approvers as an extension would."""
        more: dict[str, Any] = {"@odata.type": ANSWER, "approvalStage": stage}
        return await self.house.resume(self.call, status=status, **more)

    async def stages(self, who: str) -> list[Any]:
        path = f"{APPROVALS}/{self.request}/stages"
        return await self.house.values(path, headers=person(self.people[who], APPROVER))

    async def approve(self, who: str, number: int = 0, *, status: int = 204) -> None:
        stage = (await self.stages(who))[number]["id"]
        path = f"{APPROVALS}/{self.request}/stages/{stage}"
        headers = person(self.people[who], APPROVER)
        await self.house.call("PATCH", path, APPROVE, status=status, headers=headers)
        await self.house.settle()

    async def standing(self) -> tuple[str, str]:
        return await self.house.standing(self.request)


async def park(house: House, *stages: Any, **more: Any) -> Parked:
    """Ask for a package whose policy has these stages; None stands for the dynamic one."""
    people = {alias: await house.person(alias) for alias in ("alice", "bob", "carol")}
    group, catalog = await house.group("sales"), await house.catalog()
    package = await house.package(catalog, group)
    extension = await house.extension(catalog)
    parked = Parked(house, people, group, catalog, package, extension)
    given = [dynamic(extension) if one is None else one for one in stages or (None,)]
    made = await house.policy(package, *given, **more)
    parked.request = await house.ask(people["alice"], package, made)
    await house.settle()
    return parked


async def policy_of(it: Parked) -> str:
    found = await it.house.get(
        f"assignmentRequests/{it.request}?$expand=assignment($expand=assignmentPolicy)"
    )
    return str(found["assignment"]["assignmentPolicy"]["id"])
