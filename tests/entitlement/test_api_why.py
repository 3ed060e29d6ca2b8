"""Why something stands as it does: what is waited for, who could act, what refused it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from ostiary.entitlement.service.explaining import explain
from ostiary.graph.values import read_instant
from tests.entitlement.extending import approve
from tests.entitlement.house import (
    APPROVER,
    SUBJECT,
    House,
    calls,
    decision,
    extension,
    policy,
    user,
)
from tests.entitlement.test_api_separation import exclude, exclude_group
from tests.support.callers import person

WHY = "assignmentRequests/{}/ostiary.why()"


async def why(house: House, request: str, **options: Any) -> dict[str, Any]:
    """Ask why a request stands as it does."""
    return dict(await house.get(WHY.format(request), **options))


async def test_each_thing_that_a_request_waits_for_is_told_with_who_could_act(
    house: House,
) -> None:
    ann, bob = await house.person("ann"), await house.person("bob")
    group = await house.group("sales")
    catalog = await house.catalog()
    package = await house.package(catalog, group)
    checks = await house.post(
        f"catalogs/{catalog}/customWorkflowExtensions", extension(house.endpoint.url)
    )
    stages = calls(("assignmentRequestCreated", checks["id"]))
    asked = await house.policy(package, decision(user(bob)), customExtensionStageSettings=stages)
    request = await house.ask(ann, package, asked)

    (before,) = (await why(house, request))["waitsFor"]
    assert before["kind"] == "server"
    await house.settle()
    (called,) = (await why(house, request))["waitsFor"]
    assert called["kind"] == "callout"
    assert called["calloutId"] == house.endpoint.calls[0].json()["CustomExtensionStageInstanceId"]
    assert "sod-check" in called["text"]
    await house.resume(house.endpoint.calls[0])
    await house.settle()

    told = await why(house, request)
    (wait,) = told["waitsFor"]
    assert (wait["kind"], [one["displayName"] for one in wait["who"]]) == ("approval", ["Bob"])
    assert told["text"].startswith("It is 'pendingApproval'. Somebody is to decide")
    assert any("answered 'resumed': checked" in step["text"] for step in told["steps"])
    assert told["refusals"] == []
    assert (await why(house, request, headers=person(ann, SUBJECT)))["waitsFor"] == [wait]

    await house.call("GET", WHY.format(request), status=404, headers=person(bob, SUBJECT))
    hidden = {**decision(user(bob)), "approverInformationVisibility": "notVisible"}
    other = await house.package(catalog, name="Other")
    secret = await house.ask(ann, other, await house.policy(other, hidden))
    await house.settle()
    (wait,) = (await why(house, secret, headers=person(ann, SUBJECT)))["waitsFor"]
    assert wait["who"] == []
    (wait,) = (await why(house, secret))["waitsFor"]
    assert len(wait["who"]) == 1


async def test_everybody_who_is_asked_at_once_is_told_of(cottage: House) -> None:
    house = cottage
    ann, bob, cid = [await house.person(name) for name in ("ann", "bob", "cid")]
    package = await house.package(await house.catalog())
    stages = [
        decision(user(bob)),
        decision(user(cid), durationBeforeAutomaticDenial="P1D"),
        decision(user(cid), durationBeforeAutomaticDenial="P1D"),
    ]
    approval = {"isApprovalRequiredForAdd": True, "approvalMode": "Parallel", "stages": stages}
    policy_ = await house.policy(package, requestApprovalSettings=approval)
    request = await house.ask(ann, package, policy_)
    await house.settle()

    told = await why(house, request)
    assert [[one["displayName"] for one in wait["who"]] for wait in told["waitsFor"]] == [
        ["Bob"],
        ["Cid"],
        ["Cid"],
    ]
    assert [wait["until"][8:10] for wait in told["waitsFor"]] == ["07", "06", "06"]
    assert "at approval stage 1. Somebody is to decide at approval stage 2." in told["text"]

    house.clock.advance(days=3)
    await house.settle()
    refusals = (await why(house, request))["refusals"]
    assert [one["text"] for one in refusals] == [
        f"Nobody decided at approval stage {number} in time." for number in (1, 2, 3)
    ]


async def test_what_refused_a_request_is_told(cottage: House) -> None:
    house = cottage
    ann, bob = await house.person("ann"), await house.person("bob")
    catalog = await house.catalog()
    checks = await house.post(
        f"catalogs/{catalog}/customWorkflowExtensions", extension(house.endpoint.url)
    )
    stages = calls(("assignmentRequestCreated", checks["id"]))

    async def asked(*stage: Any, **more: Any) -> str:
        package = await house.package(catalog)
        made = await house.post("assignmentPolicies", policy(package, *stage, **more))
        request = await house.ask(ann, package, made["id"])
        await house.settle()
        return request

    by_hand = await asked(decision(user(bob)))
    approval = f"accessPackageAssignmentApprovals/{by_hand}/stages"
    (stage,) = await house.values(approval, headers=person(bob, APPROVER))
    body = {"reviewResult": "Deny", "justification": "not in this quarter"}
    await house.call(
        "PATCH",
        f"{approval}/{stage['id']}",
        body,
        status=204,
        headers=person(bob, APPROVER),
    )
    late = await asked(decision(user(bob)))
    said_no = await asked(customExtensionStageSettings=stages)
    await house.resume(house.endpoint.calls[-1], state="denied")
    silent = await asked(customExtensionStageSettings=stages)
    house.clock.advance(days=3)
    await house.settle()
    await house.resume(house.endpoint.calls[-1], status=400)

    house.endpoint.replies(400)
    unreached = await asked(customExtensionStageSettings=stages)
    house.clock.advance(minutes=5)

    asked_for = (by_hand, late, said_no, silent, unreached)
    told = {key: (await why(house, key))["refusals"] for key in asked_for}
    assert [one["rule"] for one in told[by_hand]] == ["approval"]
    assert "not in this quarter" in told[by_hand][0]["text"]
    assert [one["rule"] for one in told[late]] == ["approvalTimeout"]
    assert [one["rule"] for one in told[said_no]] == ["extension:assignmentRequestCreated"]
    assert "checked" in told[said_no][0]["text"]
    rules = [one["rule"] for one in told[silent]]
    assert rules[0] == "extension:assignmentRequestCreated"
    assert rules[1].startswith("answer:")
    (refusal,) = told[unreached]
    assert "was not reached: http_4xx" in refusal["text"]
    assert read_instant(refusal["at"]) == house.clock.now() - timedelta(minutes=5)


async def test_an_assignment_is_explained_with_its_requests_and_its_end(cottage: House) -> None:
    house = cottage
    ann = await house.person("ann")
    group = await house.group("sales")
    package = await house.package(await house.catalog(), group)
    ends = {"type": "afterDuration", "duration": "P30D"}
    request = await house.ask(ann, package, await house.policy(package, expiration=ends))
    await house.settle()
    key = (await house.assignment_of(request))["id"]

    told = await house.get(f"assignments/{key}/ostiary.why()")
    assert [one["kind"] for one in told["waitsFor"]] == ["end"]
    assert [one["id"] for one in told["requests"]] == [request]
    assert told["steps"][-1]["text"] == "Fulfill access package assignment"
    await house.remove(key)
    await house.settle()
    async with house.database.reading() as conn:
        found = await explain(conn, key)
        assert found is not None
        assert (found.state, found.waits_for, len(found.requests)) == ("expired", [], 2)
        assert await explain(conn, "nothing") is None


async def test_what_excluded_the_package_then_is_told_and_whether_it_does_so_now(
    house: House,
) -> None:
    ann, bob, catalog = await house.person("ann"), await house.person("bob"), await house.catalog()
    orders = await house.package(catalog, await house.group("orders"), name="Orders")
    payments = await house.package(catalog, await house.group("payments"), name="Payments")
    asked = await house.policy(payments, decision(user(bob)))
    request = await house.ask(ann, payments, asked)
    ordering = await house.assign(ann, orders, await house.policy(orders))
    await house.settle()
    await exclude(house, payments, orders)
    await approve(house, request, bob)

    (refusal,) = (await why(house, request))["refusals"]
    assert refusal["rule"] == "separationOfDuties"
    assert "'Orders'" in refusal["text"]
    assert "Now:" not in refusal["text"]
    await house.remove((await house.assignment_of(ordering))["id"])
    await house.settle()
    (refusal,) = (await why(house, request))["refusals"]
    then, _, now = refusal["text"].partition(" Now: ")
    assert "'Orders'" in then
    assert now == "nothing excludes it any more."

    auditors = await house.group("auditors")
    await exclude_group(house, payments, auditors)
    await house.join(auditors, ann)
    (refusal,) = (await why(house, request))["refusals"]
    then, _, now = refusal["text"].partition(" Now: ")
    assert "'Orders'" in then
    assert "'auditors'" in now
