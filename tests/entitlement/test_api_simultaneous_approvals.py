"""Approvers who decide at the same moment, at one stage and at several that are asked at once."""

from __future__ import annotations

import asyncio

from sqlalchemy import select

from ostiary.durable.tables import work
from tests.entitlement.asking import APPROVALS, Asked, approver, ask
from tests.entitlement.house import APPROVER, EM, House, decision, user
from tests.support.callers import person


async def test_of_two_approvers_who_decide_at_once_one_is_second(house: House) -> None:
    it = await ask(house)
    (stage,) = await it.stages(it.bob)
    url = f"{EM}/{APPROVALS}/{it.request}/stages/{stage['id']}"

    replies = await asyncio.gather(
        house.api.patch(url, json={"reviewResult": "Approve"}, headers=person(it.bob, APPROVER)),
        house.api.patch(url, json={"reviewResult": "Deny"}, headers=person(it.carol, APPROVER)),
    )

    assert sorted(reply.status_code for reply in replies) == [204, 409]
    await house.settle()
    state, _ = await house.standing(it.request)
    assert state == ("delivered" if replies[0].status_code == 204 else "denied")


async def ask_all(house: House) -> Asked:
    """Ask bob and carol at once, each at a stage of their own."""
    alice, bob, carol = [await house.person(alias) for alias in ("alice", "bob", "carol")]
    group = await house.group("sales")
    package = await house.package(await house.catalog(), group)
    approval = {
        "isApprovalRequiredForAdd": True,
        "approvalMode": "Parallel",
        "stages": [decision(user(bob)), decision(user(carol))],
    }
    policy = await house.policy(package, requestApprovalSettings=approval)
    request = await house.ask(alice, package, policy)
    await house.settle()
    return Asked(house, alice, bob, carol, group, request, package)


async def decide_both(it: Asked, *results: str) -> list[int]:
    """Let both decide at the same moment; give the statuses of the replies."""
    ids = [stage["id"] for stage in await it.stages(it.bob)]
    url = f"{EM}/{APPROVALS}/{it.request}/stages"
    replies = await asyncio.gather(
        *(
            it.house.api.patch(
                f"{url}/{id_}", json={"reviewResult": result}, headers=person(who, APPROVER)
            )
            for id_, result, who in zip(ids, results, (it.bob, it.carol), strict=True)
        )
    )
    await it.house.settle()
    return [reply.status_code for reply in replies]


async def test_two_who_are_asked_at_once_may_agree_at_the_same_moment(house: House) -> None:
    it = await ask_all(house)
    assert [stage["status"] for stage in await it.stages(it.bob)] == ["InProgress"] * 2
    await it.decide(it.bob, "Approve", status=403, number=1)

    assert await decide_both(it, "Approve", "Approve") == [204, 204]

    assert (await house.standing(it.request))[0] == "delivered"
    assert await house.members(it.group) == {it.alice}


async def test_of_an_approval_and_a_denial_at_the_same_moment_the_denial_counts(
    house: House,
) -> None:
    it = await ask_all(house)

    first, second = await decide_both(it, "Deny", "Approve")

    assert first == 204
    assert await house.standing(it.request) == ("denied", "Denied")
    stages = await it.stages(it.bob)
    assert [stage["status"] for stage in stages] == ["Completed"] * 2
    given = "Approved" if second == 204 else "NotReviewed"
    assert [stage["reviewResult"] for stage in stages] == ["Denied", given]
    async with house.database.reading() as conn:
        timers = await conn.execute(select(work.c.kind).where(work.c.kind.like("approval.%")))
        assert list(timers) == []


async def test_somebody_who_is_asked_at_two_stages_decides_at_each(cottage: House) -> None:
    alice, bob = await cottage.person("alice"), await cottage.person("bob")
    package = await cottage.package(await cottage.catalog())
    approval = {
        "isApprovalRequiredForAdd": True,
        "approvalMode": "Parallel",
        "stages": [decision(user(bob))] * 2,
    }
    policy = await cottage.policy(package, requestApprovalSettings=approval)
    request = await cottage.ask(alice, package, policy)
    await cottage.settle()
    path = f"{APPROVALS}/{request}/stages"

    for left in (1, 0):
        stages = await cottage.values(path, headers=person(bob, APPROVER))
        mine = [stage for stage in stages if stage["assignedToMe"]]
        assert len(mine) == left + 1
        body = {"reviewResult": "Approve"}
        url = f"{path}/{mine[0]['id']}"
        await cottage.call("PATCH", url, body, status=204, headers=person(bob, APPROVER))
        await cottage.settle()
        state = "pendingApproval" if left else "delivered"
        assert (await cottage.standing(request))[0] == state


async def test_of_two_decisions_in_one_batch_the_second_is_too_late(cottage: House) -> None:
    it = await ask(cottage)
    (stage,) = await it.stages(it.bob)
    path = f"identityGovernance/entitlementManagement/{APPROVALS}/{it.request}/stages/{stage['id']}"
    both = [
        {
            "id": str(number),
            "method": "PATCH",
            "url": path,
            "headers": {"Content-Type": "application/json", **approver(who)},
            "body": {"reviewResult": result},
            **({"dependsOn": ["1"]} if number == 2 else {}),
        }
        for number, who, result in ((1, it.bob, "Deny"), (2, it.bob, "Approve"))
    ]

    reply = await cottage.call(
        "POST", "/v1.0/$batch", {"requests": both}, status=200, headers=approver(it.bob)
    )

    assert {one["id"]: one["status"] for one in reply["responses"]} == {"1": 204, "2": 409}
    await cottage.settle()
    assert await cottage.standing(it.request) == ("denied", "Denied")
