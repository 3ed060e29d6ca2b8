"""Approvals through the API."""

from __future__ import annotations

from itertools import pairwise

import pytest

from ostiary.audit.tables import audit_records
from tests.entitlement.asking import APPROVALS, Asked, approver, ask
from tests.entitlement.house import APPROVER, BETA, EM, GRAPH, SUBJECT, House, decision, user
from tests.support.callers import application, person


async def test_a_denial_ends_the_request_and_shows_who_said_so(house: House) -> None:
    it = await ask(house)

    await it.decide(it.carol, "Deny")
    await house.settle()

    assert await house.standing(it.request) == ("denied", "Denied")
    assert await house.members(it.group) == set()
    (stage,) = await it.stages(it.bob)
    assert (stage["status"], stage["reviewResult"]) == ("Completed", "Denied")
    assert stage["reviewedBy"]["id"] == it.carol
    assert stage["assignedToMe"] is False


async def test_nobody_decides_about_themselves(house: House) -> None:
    alice, bob = await house.person("alice"), await house.person("bob")
    team = await house.group("team")
    await house.join(team, alice, bob)
    package = await house.package(await house.catalog())
    members = {"@odata.type": f"{GRAPH}groupMembers", "groupId": team}
    policy = await house.policy(package, decision(members))
    request = await house.ask(alice, package, policy)
    await house.settle()
    path = f"{APPROVALS}/{request}/stages"
    (stage,) = await house.values(path, headers=person(bob, APPROVER))

    await house.get(f"{APPROVALS}/{request}", status=404, headers=person(alice, APPROVER))
    code, _, _ = await house.refused(
        "PATCH",
        f"{path}/{stage['id']}",
        {"reviewResult": "Approve"},
        status=403,
        headers=person(alice, APPROVER),
    )
    assert code == "Authorization_RequestDenied"
    mine = f"{APPROVALS}/filterByCurrentUser(on='approver')"
    assert await house.values(mine, headers=person(alice, APPROVER)) == []
    (found,) = await house.values(mine, headers=person(bob, APPROVER))
    assert found["id"] == request


async def test_somebody_who_is_not_asked_neither_sees_nor_decides(house: House) -> None:
    it = await ask(house)
    stranger = await house.person("dave")

    await house.get(f"{APPROVALS}/{it.request}", status=404, headers=person(stranger, APPROVER))
    await it.decide(stranger, "Approve", status=403)
    await house.get(
        f"{APPROVALS}/{it.request}",
        status=403,
        headers=application("EntitlementManagement.ReadWrite.All"),
    )

    assert (await house.standing(it.request))[0] == "pendingApproval"


async def test_silence_of_the_approvers_denies(house: House) -> None:
    it = await ask(house)

    house.clock.advance(days=2)
    await house.settle()

    assert await house.standing(it.request) == ("denied", "Expired")
    (stage,) = await it.stages(it.bob)
    assert (stage["status"], stage["reviewResult"]) == ("Expired", "NotReviewed")
    await it.decide(it.bob, "Approve", status=400)
    assert await house.members(it.group) == set()


async def test_a_later_stage_opens_when_the_one_before_it_is_approved(house: House) -> None:
    bob, mary = await house.person("bobby"), await house.person("mary")
    alice = await house.person("alice")
    await house.manages(mary, alice)
    package = await house.package(await house.catalog())
    manager = {"@odata.type": f"{GRAPH}requestorManager"}
    policy = await house.policy(package, decision(user(bob)), decision(manager))
    request = await house.ask(alice, package, policy)
    await house.settle()
    path = f"{APPROVALS}/{request}/stages"
    first, second = await house.values(path, headers=person(bob, APPROVER))
    assert (first["status"], second["status"]) == ("InProgress", "Initializing")
    approve = {"reviewResult": "Approve"}
    await house.refused(
        "PATCH", f"{path}/{second['id']}", approve, status=403, headers=person(mary, APPROVER)
    )

    await house.call(
        "PATCH", f"{path}/{first['id']}", approve, status=204, headers=person(bob, APPROVER)
    )
    await house.settle()
    assert await house.standing(request) == ("pendingApproval", "PendingApproval")
    await house.call(
        "PATCH", f"{path}/{second['id']}", approve, status=204, headers=person(mary, APPROVER)
    )
    await house.settle()

    assert (await house.standing(request))[0] == "delivered"


async def test_escalation_asks_further_approvers_in_time(house: House) -> None:
    alice, bob, carol = [await house.person(alias) for alias in ("alice", "bob", "carol")]
    package = await house.package(await house.catalog())
    stage = decision(
        user(bob),
        isEscalationEnabled=True,
        durationBeforeEscalation="PT8H",
        escalationApprovers=[user(carol)],
    )
    request = await house.ask(alice, package, await house.policy(package, stage))
    await house.settle()
    path = f"{APPROVALS}/{request}/stages"
    (one,) = await house.values(path, headers=person(carol, APPROVER))
    assert one["assignedToMe"] is False

    house.clock.advance(hours=8)
    await house.settle()

    assert await house.standing(request) == ("pendingApproval", "PendingApprovalEscalated")
    approve = {"reviewResult": "approved"}
    await house.call(
        "PATCH", f"{path}/{one['id']}", approve, status=204, headers=person(carol, APPROVER)
    )


async def test_the_fallback_is_asked_when_there_is_no_manager(cottage: House) -> None:
    alice, bob = await cottage.person("alice"), await cottage.person("bob")
    package = await cottage.package(await cottage.catalog())
    stage = decision(
        {"@odata.type": f"{GRAPH}requestorManager"}, fallbackPrimaryApprovers=[user(bob)]
    )
    request = await cottage.ask(alice, package, await cottage.policy(package, stage))
    await cottage.settle()

    (one,) = await cottage.values(f"{APPROVALS}/{request}/stages", headers=person(bob, APPROVER))

    assert one["assignedToMe"]


async def test_the_body_of_a_decision_is_checked(cottage: House) -> None:
    it = await ask(cottage, justified=True)
    (stage,) = await it.stages(it.bob)
    path = f"{APPROVALS}/{it.request}/stages/{stage['id']}"
    headers = person(it.bob, APPROVER)

    for body, code in (
        ({}, "InvalidModel"),
        ({"reviewResult": "Perhaps"}, "InvalidModel"),
        ({"reviewResult": "Approve"}, "JustificationRequired"),
    ):
        refused, message, _ = await cottage.refused("PATCH", path, body, headers=headers)
        assert (refused, bool(message)) == (code, True)


async def test_an_approval_that_was_not_needed_is_not_there(cottage: House) -> None:
    alice = await cottage.person("alice")
    package = await cottage.package(await cottage.catalog())
    request = await cottage.ask(alice, package, await cottage.policy(package))
    await cottage.settle()

    await cottage.get(f"{APPROVALS}/{request}/stages", status=404, headers=person(alice, APPROVER))


async def test_beta_calls_stages_steps(cottage: House) -> None:
    it = await ask(cottage)
    headers = person(it.bob, APPROVER)

    (step,) = await cottage.values(f"{BETA}/{APPROVALS}/{it.request}/steps", headers=headers)
    expanded = await cottage.get(f"{BETA}/{APPROVALS}/{it.request}?$expand=steps", headers=headers)

    assert expanded["steps"] == [step]


async def test_everybody_finds_what_concerns_them(cottage: House) -> None:
    it = await ask(cottage)

    async def found(who: str, option: str, scope: str = SUBJECT) -> list[str]:
        path = f"assignmentRequests/filterByCurrentUser(on='{option}')"
        return [r["id"] for r in await cottage.values(path, headers=person(who, scope))]

    assert await found(it.alice, "target") == [it.request]
    assert await found(it.alice, "createdBy") == [it.request]
    assert await found(it.alice, "targetOrRequestor") == [it.request]
    assert await found(it.alice, "requestForOthers") == []
    assert await found(it.bob, "approver") == [it.request]
    assert await found(it.bob, "target") == []
    await it.decide(it.bob, "Approve")
    await cottage.settle()
    path = "assignments/filterByCurrentUser(on='target')?$expand=accessPackage,target"
    (held,) = await cottage.values(path, headers=person(it.alice, SUBJECT))
    assert held["accessPackage"]["displayName"] == "Sales"
    assert held["target"]["objectId"] == it.alice


async def test_the_approvals_of_everybody_are_found_by_every_option(house: House) -> None:
    it = await ask(house)
    stranger = await house.person("dave")

    async def found(who: str, option: str, more: str = "") -> list[str]:
        path = f"{APPROVALS}/filterByCurrentUser(on='{option}'){more}"
        return [one["id"] for one in await house.values(path, headers=person(who, APPROVER))]

    assert await found(it.alice, "target") == [it.request]
    assert await found(it.alice, "createdBy") == [it.request]
    assert await found(it.alice, "approver") == []
    assert await found(it.bob, "approver") == [it.request]
    assert await found(it.bob, "target") == []
    assert await found(stranger, "approver") == []
    open_ones = "?$filter=stages/any(s:s/status eq 'InProgress')"
    decided = "?$filter=stages/any(s:s/reviewResult eq 'Denied')"
    assert await found(it.bob, "approver", open_ones) == [it.request]
    assert await found(it.bob, "approver", decided) == []
    await it.decide(it.carol, "Deny")
    assert await found(it.bob, "approver", open_ones) == []
    assert await found(it.bob, "approver", decided) == [it.request]
    path = f"{APPROVALS}/filterByCurrentUser(on='unknownFutureValue')"
    code, message, _ = await house.refused("GET", path, headers=person(it.bob, APPROVER))
    assert (code, "approver" in message) == ("InvalidModel", True)


async def test_steps_and_stages_are_chosen_by_filter(cottage: House) -> None:
    it = await ask(cottage)
    for root, name in ((EM, "stages"), (BETA, "steps")):
        path = f"{root}/{APPROVALS}/{it.request}/{name}?$filter=status eq"
        assert len(await cottage.values(f"{path} 'InProgress'", headers=approver(it.bob))) == 1
        assert await cottage.values(f"{path} 'Completed'", headers=approver(it.bob)) == []


async def test_errors_of_a_decision_tell_apart_who_what_and_when(cottage: House) -> None:
    """Not an approver 403, not there 404, decided before 409, and the same again is the same."""
    it = await ask(cottage)
    other = await ask_again(cottage, it)
    path = f"{APPROVALS}/{it.request}/stages"
    unknown = "00000000-0000-4000-8000-000000000000"
    (stage,) = await it.stages(it.bob)
    approve = {"reviewResult": "Approve"}

    for where, who, status in (
        (f"{path}/{stage['id']}", it.alice, 403),
        (f"{path}/{unknown}", it.bob, 404),
        (f"{APPROVALS}/{unknown}/stages/{stage['id']}", it.bob, 404),
        (f"{APPROVALS}/{other}/stages/{stage['id']}", it.bob, 404),
        (f"{path}/{stage['id']}", it.bob, 204),
        (f"{path}/{stage['id']}", it.bob, 204),
        (f"{path}/{stage['id']}", it.carol, 409),
    ):
        await cottage.call("PATCH", where, approve, status=status, headers=approver(who))
    for where in (f"{path}/{unknown}", f"{APPROVALS}/{unknown}/stages"):
        await cottage.get(where, status=404, headers=approver(it.bob))


@pytest.mark.parametrize(
    ("kind", "level", "asked"),
    [
        ("requestorManager", 1, "mary"),
        ("requestorManager", 2, "max"),
        ("targetManager", 3, "moira"),
        ("targetManager", 4, "molly"),
    ],
)
async def test_managers_are_found_at_every_level(
    cottage: House, kind: str, level: int, asked: str
) -> None:
    names = ("alice", "mary", "max", "moira", "molly")
    people = {alias: await cottage.person(alias) for alias in names}
    for below, above in pairwise(names):
        await cottage.manages(people[above], people[below])
    package = await cottage.package(await cottage.catalog())
    manager = {"@odata.type": f"{GRAPH}{kind}", "managerLevel": level}
    request = await cottage.ask(
        people["alice"], package, await cottage.policy(package, decision(manager))
    )
    await cottage.settle()

    mine = f"{APPROVALS}/filterByCurrentUser(on='approver')"
    found = {
        alias: [one["id"] for one in await cottage.values(mine, headers=approver(id))]
        for alias, id in people.items()
    }

    assert found == {alias: [request] if alias == asked else [] for alias in names}


async def test_a_stage_that_nobody_can_decide_is_told_to_administrators(cottage: House) -> None:
    alice = await cottage.person("alice")
    package = await cottage.package(await cottage.catalog())
    manager = {"@odata.type": f"{GRAPH}requestorManager"}
    request = await cottage.ask(
        alice, package, await cottage.policy(package, decision(manager, user(alice)))
    )
    await cottage.settle()

    columns = audit_records.c
    async with cottage.database.reading() as conn:
        query = audit_records.select().where(
            columns.correlation_id == request, columns.result == "failure"
        )
        (told,) = (await conn.execute(query)).mappings().all()

    assert told["result_reason"].startswith("Nobody whom the approval stage asks can decide")
    cottage.clock.advance(days=2)
    await cottage.settle()
    assert await cottage.standing(request) == ("denied", "Expired")


async def ask_again(house: House, it: Asked) -> str:
    """Ask for another package, and give the request."""
    package = await house.package(await house.catalog("Other"), name="Other")
    request = await house.ask(
        it.alice, package, await house.policy(package, decision(user(it.bob)))
    )
    await house.settle()
    return request
