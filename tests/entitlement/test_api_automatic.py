"""Automatic policies: who a rule is true of has the package, and nobody else for long."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ostiary.directory import changes
from ostiary.directory.model import User
from ostiary.directory.objects import Kind
from ostiary.entitlement.store import separation
from tests.entitlement.house import (
    GRAPH,
    SUBJECT,
    House,
    calls,
    decision,
    extension,
    policy,
    user,
)
from tests.entitlement.inhabitants import ADMINISTRATOR
from tests.support.callers import person

SALES = '(user.department -eq "Sales")'
GIVEN = "assignmentRequests?$filter=requestType eq 'systemAdd'"


def by_rule(rule: str = SALES) -> dict[str, Any]:
    return {"@odata.type": f"{GRAPH}attributeRuleMembers", "membershipRule": rule}


def automatic(rule: str = SALES, *, grace: str | None = None, **switches: bool) -> dict[str, Any]:
    """Give what makes a policy automatic."""
    settings = {
        "requestAccessForAllowedTargets": switches.get("gives", True),
        "removeAccessWhenTargetLeavesAllowedTargets": switches.get("takes", True),
        "gracePeriodBeforeAccessRemoval": grace,
    }
    return {
        "allowedTargetScope": "specificDirectoryUsers",
        "specificAllowedTargets": [by_rule(rule)],
        "requestorSettings": None,
        "requestApprovalSettings": None,
        "automaticRequestSettings": settings,
    }


@dataclass
class Department:
    """A package that gives membership of a group to a department."""

    house: House
    group: str
    package: str
    policy: str

    async def edit(self, **more: Any) -> None:
        """Replace what the policy says."""
        body = policy(self.package, **{**automatic(), **more})
        await self.house.call("PUT", f"assignmentPolicies/{self.policy}", body, status=200)
        await self.house.settle()

    async def assignment(self, who: str) -> dict[str, Any]:
        """Give the newest assignment of somebody."""
        mine = f"target/id eq '{who}' and accessPackage/id eq '{self.package}'"
        return dict((await self.house.values(f"assignments?$filter={mine}"))[-1])

    async def members(self) -> set[str]:
        return await self.house.members(self.group)


async def department(house: House, rule: str = SALES, **options: Any) -> Department:
    group = await house.group("sales")
    package = await house.package(await house.catalog(), group)
    made = await house.policy(package, **automatic(rule, **options))
    await house.settle()
    return Department(house, group, package, made)


async def move(house: House, who: str, to: str | None) -> None:
    """Give somebody another department, and let everything follow."""
    async with house.database.transaction() as conn:
        before = await house.user(who)
        after = User(**{**_fields(before), "department": to})
        await changes.update_users(
            conn, [(before, after)], now=house.clock.now(), actor=ADMINISTRATOR
        )
    await house.settle()


def _fields(one: User) -> dict[str, Any]:
    return {name: getattr(one, name) for name in one.__struct_fields__}


async def test_a_department_gets_its_access_and_loses_it(house: House) -> None:
    ann = await house.person("ann", department="Sales")
    bob = await house.person("bob", department="Law")
    it = await department(house)
    assert await it.members() == {ann}

    carl = await house.person("carl", department="SALES")
    await house.settle()
    await move(house, bob, "Sales")
    assert await it.members() == {ann, bob, carl}
    await move(house, ann, "Law")
    await move(house, carl, "Sales")  # as before
    assert await it.members() == {bob, carl}

    kinds = [r["requestType"] for r in await house.values("assignmentRequests")]
    assert sorted(kinds) == ["systemAdd"] * 3 + ["systemRemove"]
    assert {r["state"] for r in await house.values("assignmentRequests")} == {"delivered"}
    assert (await it.assignment(ann))["state"] == "expired"


async def test_somebody_who_leaves_keeps_access_for_a_time_of_grace(house: House) -> None:
    ann = await house.person("ann", department="Sales")
    bob = await house.person("bob", department="Sales")
    it = await department(house, grace="P7D")
    await move(house, ann, "Law")
    await move(house, bob, None)

    assert (await it.assignment(ann))["status"] == "AutoAssignmentInGracePeriod"
    assert await it.members() == {ann, bob}
    house.clock.advance(days=6)
    await move(house, bob, "Sales")  # back in time
    assert (await it.assignment(bob))["status"] == "Delivered"
    house.clock.advance(days=1)
    await house.settle()

    assert await it.members() == {bob}
    house.clock.advance(days=30)
    await house.settle()
    assert await it.members() == {bob}


async def test_a_policy_that_does_not_take_leaves_access_where_it_is(house: House) -> None:
    ann = await house.person("ann", department="Sales")
    it = await department(house, takes=False)
    await move(house, ann, "Law")
    assert await it.members() == {ann}

    await it.edit(**automatic(gives=False))
    assert await it.members() == set()
    await move(house, ann, "Sales")  # and it gives nothing any more
    assert await it.members() == set()


async def test_an_edited_rule_gives_and_takes_at_once(house: House) -> None:
    people = [await house.person(f"p{n}", department="Sales", city="Kiel") for n in range(3)]
    other = await house.person("other", department="Law", city="Kiel")
    it = await department(house, grace="P1D")
    await it.edit(**automatic('user.department -eq "Law"', grace="P1D"))
    assert await it.members() == {*people, other}
    states = {(await it.assignment(one))["status"] for one in people}
    assert states == {"AutoAssignmentInGracePeriod"}

    await it.edit(**automatic('user.city -eq "Kiel"', grace="P1D"))
    assert {(await it.assignment(one))["status"] for one in people} == {"Delivered"}
    house.clock.advance(days=2)
    await house.settle()
    assert await it.members() == {*people, other}
    # nobody is left when the rule is for nobody, and then the policy can be deleted
    code, *_ = await house.refused("DELETE", f"assignmentPolicies/{it.policy}")
    assert code == "OperationNotAllowed"
    await it.edit(**automatic("user.objectId -eq null"))
    assert await it.members() == set()
    await house.call("DELETE", f"assignmentPolicies/{it.policy}", status=204)
    await move(house, other, "Sales")
    assert await it.members() == set()


async def test_rules_follow_groups_managers_time_and_deletion(house: House) -> None:
    team = await house.group("team")
    ann, mary = await house.person("ann"), await house.person("mary")
    hire = house.clock.now()
    new = await house.person("new", employee_hire_date=hire.replace(day=hire.day + 3))
    of_group = await department(house, f'user.memberOf -any (group.objectId -in ["{team}"])')
    of_manager = await department(house, f'Direct Reports for "{mary}"')
    of_time = await department(house, "user.employeeHireDate -le system.now")
    assert await of_group.members() == await of_manager.members() == set()

    await house.join(team, ann)
    await house.manages(mary, ann)
    house.clock.advance(days=2, hours=23)
    await house.settle()
    assert await of_group.members() == await of_manager.members() == {ann}
    assert await of_time.members() == set()
    house.clock.advance(hours=2)
    await house.settle()
    assert await of_time.members() == {new}

    async with house.database.transaction() as conn:
        now = house.clock.now()
        await changes.delete_objects(conn, Kind.GROUP, [team], now=now, actor=ADMINISTRATOR)
        await changes.delete_objects(conn, Kind.USER, [new], now=now, actor=ADMINISTRATOR)
    await house.settle()
    for one, who in ((of_group, ann), (of_time, new)):
        assert (await one.assignment(who))["state"] == "expired"


async def test_what_somebody_has_by_other_ways_is_left_alone_and_then_followed(
    house: House,
) -> None:
    ann = await house.person("ann", department="Sales")
    group = await house.group("sales")
    package = await house.package(await house.catalog(), group)
    asked = await house.policy(package)
    held = await house.ask(ann, package, asked)
    await house.settle()
    await house.policy(package, **automatic())
    await house.settle()
    assert await house.values(GIVEN) == []

    await house.remove((await house.assignment_of(held))["id"])
    await house.settle()

    assert len(await house.values(GIVEN)) == 1  # the place was free
    assert await house.members(group) == {ann}


async def test_separation_of_duties_holds_and_ends(house: House) -> None:
    ann = await house.person("ann", department="Sales")
    catalog = await house.catalog()
    other = await house.package(catalog, await house.group("audit"), name="Audit")
    manual = await house.policy(other)
    request = await house.ask(ann, other, manual)
    await house.settle()
    group = await house.group("sales")
    package = await house.package(catalog, group)
    async with house.database.transaction() as conn:
        await separation.add_package(conn, package, other, now=house.clock.now())
    await house.policy(package, **automatic())
    await house.settle()
    assert await house.members(group) == set()

    await house.remove((await house.assignment_of(request))["id"])
    await house.settle()
    assert await house.members(group) == {ann}


async def test_whoever_is_no_longer_kept_from_a_package_gets_it(house: House) -> None:
    ann = await house.person("ann", department="Sales")
    catalog = await house.catalog()
    group, auditors = await house.group("sales"), await house.group("auditors")
    await house.join(auditors, ann)
    package = await house.package(catalog, group)
    groups = f"accessPackages/{package}/incompatibleGroups"
    await house.post(f"{groups}/$ref", {"@odata.id": f"/v1.0/groups/{auditors}"}, status=204)
    await house.policy(package, **automatic())
    await house.settle()
    assert await house.members(group) == set()

    await house.call("DELETE", f"{groups}/{auditors}/$ref", status=204)
    await house.settle()
    assert await house.members(group) == {ann}


async def test_extensions_of_the_policy_are_called_and_an_open_request_ends_with_its_reason(
    house: House,
) -> None:
    ann = await house.person("ann", department="Sales")
    group = await house.group("sales")
    catalog = await house.catalog()
    package = await house.package(catalog, group)
    checks = await house.post(
        f"catalogs/{catalog}/customWorkflowExtensions", extension(house.endpoint.url)
    )
    stages = calls(("assignmentRequestCreated", checks["id"]))
    await house.policy(package, **automatic(), customExtensionStageSettings=stages)
    await house.settle()
    (call,) = house.endpoint.calls
    assert call.json()["RequestType"] == "systemAdd"
    assert await house.members(group) == set()

    await move(house, ann, "Law")  # before the extension has said anything
    (request,) = await house.values("assignmentRequests")
    assert request["state"] == "canceled"
    await house.resume(call, status=400)
    await move(house, ann, "Sales")
    await house.resume(house.endpoint.calls[-1])
    await house.settle()
    assert await house.members(group) == {ann}


async def test_nobody_asks_for_or_removes_what_a_rule_gives(cottage: House) -> None:
    house = cottage
    ann = await house.person("ann", department="Sales")
    bob = await house.person("bob")
    it = await department(house)
    mine = {"accessPackageId": it.package, "assignmentPolicyId": it.policy}
    body = {"requestType": "userAdd", "assignment": mine}
    code, message, _ = await house.refused(
        "POST", "assignmentRequests", body, status=403, headers=person(bob, SUBJECT)
    )
    assert "automatic" in message
    body = {"requestType": "adminAdd", "assignment": {**mine, "targetId": bob}}
    assert (await house.refused("POST", "assignmentRequests", body, status=403))[0] == code

    held = (await it.assignment(ann))["id"]
    body = {"requestType": "adminRemove", "assignment": {"id": held}}
    code, message, _ = await house.refused("POST", "assignmentRequests", body)
    assert code == "OperationNotAllowed"
    assert "requestAccessForAllowedTargets" in message
    await it.edit(**automatic(gives=False))
    await house.remove(held)
    await house.settle()
    assert await it.members() == set()

    code, message, target = await house.refused(
        "POST", "assignmentPolicies", policy(it.package, **automatic())
    )
    assert target == "automaticRequestSettings"


async def test_a_policy_that_contradicts_itself_is_refused_by_the_place(cottage: House) -> None:
    package = await cottage.package(await cottage.catalog())
    grace = {"gracePeriodBeforeAccessRemoval": "-P1D"}
    asks = decision({"@odata.type": f"{GRAPH}requestorManager", "managerLevel": 1})
    approval = {"isApprovalRequiredForAdd": True, "stages": [asks]}
    wrong: list[tuple[dict[str, Any], str]] = [
        (
            {"specificAllowedTargets": [by_rule('user.department -eq "Sales')]},
            "specificAllowedTargets/0/membershipRule",
        ),
        ({"specificAllowedTargets": [by_rule(), user("x")]}, "specificAllowedTargets/1"),
        ({"allowedTargetScope": "allMemberUsers"}, "allowedTargetScope"),
        ({"automaticRequestSettings": None}, "specificAllowedTargets/0"),
        (
            {"automaticRequestSettings": grace},
            "automaticRequestSettings/gracePeriodBeforeAccessRemoval",
        ),
        ({"expiration": {"type": "afterDuration", "duration": "P1D"}}, "expiration"),
        (
            {"requestorSettings": {"enableTargetsToSelfAddAccess": True}},
            "requestorSettings/enableTargetsToSelfAddAccess",
        ),
        (
            {"requestApprovalSettings": approval},
            "requestApprovalSettings/isApprovalRequiredForAdd",
        ),
    ]
    for said, target in wrong:
        body = policy(package, **{**automatic(), **said})
        assert (await cottage.refused("POST", "assignmentPolicies", body))[2] == target
