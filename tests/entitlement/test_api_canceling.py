"""Requests that are withdrawn, canceled or deleted, through the API."""

from __future__ import annotations

from typing import Any

from tests.entitlement.house import APPROVER, SUBJECT, House, decision, user
from tests.entitlement.offers import CREATED, GRANTED, calling, offer
from tests.support.callers import person


async def test_withdrawing_access_ends_the_request_that_still_waits_to_tell_of_it(
    house: House,
) -> None:
    it = await offer(house)
    policy = await calling(house, it, GRANTED)
    given = await house.assign(it.alice, it.package, policy)
    await house.settle()
    assert await house.members(it.group) == {it.alice}
    assignment = await house.assignment_of(given)

    await house.remove(assignment["id"])
    await house.settle()

    assert await house.members(it.group) == set()
    assert await house.standing(given) == ("canceled", "Canceled")
    await house.resume(house.endpoint.calls[0], status=400)
    assert await house.members(it.group) == set()


async def test_canceling_ends_what_is_open_and_later_answers_change_nothing(house: House) -> None:
    it = await offer(house)
    policy = await calling(house, it, CREATED)
    request = await house.ask(it.alice, it.package, policy)
    await house.settle()

    path = f"assignmentRequests/{request}/cancel"
    await house.refused("POST", path, status=403, headers=person(it.bob, SUBJECT))
    because = {"reason": "no longer needed"}
    code, _, target = await house.refused("POST", path, because, headers=person(it.alice, SUBJECT))
    assert (code, target) == ("InvalidModel", "reason")
    await house.post(path, {}, status=204, headers=person(it.alice, SUBJECT))
    await house.resume(house.endpoint.calls[0], status=400)
    await house.settle()

    assert await house.standing(request) == ("canceled", "Canceled")
    code, message, _ = await house.refused("POST", path, headers=person(it.alice, SUBJECT))
    assert code == "RequestNotCancelable"
    assert "'canceled'" in message


async def test_canceling_closes_an_open_approval(house: House) -> None:
    it = await offer(house)
    policy = await house.policy(it.package, decision(user(it.bob)))
    request = await house.ask(it.alice, it.package, policy)
    await house.settle()

    await house.post(
        f"assignmentRequests/{request}/cancel", status=204, headers=person(it.alice, SUBJECT)
    )

    path = f"accessPackageAssignmentApprovals/{request}/stages"
    (stage,) = await house.values(path, headers=person(it.bob, APPROVER))
    assert (stage["status"], stage["assignedToMe"]) == ("Completed", False)
    late = {"reviewResult": "Approve"}
    code, message, _ = await house.refused(
        "PATCH", f"{path}/{stage['id']}", late, headers=person(it.bob, APPROVER)
    )
    assert code == "ApprovalStageClosed"
    assert "needs no decision any more" in message


async def test_only_what_has_ended_and_left_nothing_can_be_deleted(house: House) -> None:
    it = await offer(house)
    policy = await house.policy(it.package, decision(user(it.bob)))
    given = await house.assign(it.alice, it.package, policy)
    asked = await house.ask(it.bob, it.package, policy)
    await house.settle()

    for request in (given, asked):
        code, _, _ = await house.refused("DELETE", f"assignmentRequests/{request}")
        assert code == "OperationNotAllowed"
    await house.post(
        f"assignmentRequests/{asked}/cancel", status=204, headers=person(it.bob, SUBJECT)
    )
    await house.call("DELETE", f"assignmentRequests/{asked}", status=204)

    await house.get(f"assignmentRequests/{asked}", status=404)


async def test_what_is_said_of_an_assignment_that_is_to_go_must_be_true(house: House) -> None:
    it = await offer(house)
    policy = await house.policy(it.package)
    given = await house.assign(it.alice, it.package, policy)
    await house.settle()
    assignment = (await house.assignment_of(given))["id"]
    other = await house.package(it.catalog, name="Other")

    lies: list[tuple[dict[str, Any], str]] = [
        ({"targetId": it.bob}, "targetId"),
        ({"target": {"objectId": it.bob}}, "targetId"),
        ({"accessPackageId": other}, "accessPackageId"),
        ({"assignmentPolicyId": await house.policy(other)}, "assignmentPolicyId"),
    ]
    for said, name in lies:
        body = {"requestType": "adminRemove", "assignment": {"id": assignment, **said}}
        code, _, target = await house.refused("POST", "assignmentRequests", body)
        assert (code, target) == ("InvalidModel", f"assignment/{name}")
    later = {"schedule": {"expiration": {"type": "notSpecified"}}}
    update = {"requestType": "adminUpdate", "assignment": {"id": assignment, "targetId": it.bob}}
    _, _, target = await house.refused("POST", "assignmentRequests", {**update, **later})
    assert target == "assignment/targetId"
    true = {"id": assignment, "targetId": it.alice, "accessPackageId": it.package}
    body = {"requestType": "adminRemove", "assignment": {**true, "assignmentPolicyId": policy}}
    await house.post("assignmentRequests", body)


async def test_a_removal_for_another_day_is_refused_and_not_made_at_once(house: House) -> None:
    it = await offer(house)
    given = await house.assign(it.alice, it.package, await house.policy(it.package))
    await house.settle()
    assignment = (await house.assignment_of(given))["id"]
    body = {"requestType": "adminRemove", "assignment": {"id": assignment}}

    others: list[tuple[dict[str, Any], str]] = [
        ({"startDateTime": "2030-01-01T00:00:00Z"}, "startDateTime"),
        ({"expiration": {"type": "afterDuration", "duration": "P5D"}}, "expiration"),
        ({"recurrence": {}}, "recurrence"),
    ]
    for schedule, name in others:
        asked = {**body, "schedule": schedule}
        code, _, target = await house.refused("POST", "assignmentRequests", asked)
        assert (code, target) == ("ScheduleNotAllowed", f"schedule/{name}")
    at_once = {"startDateTime": None, "expiration": {"type": "notSpecified"}}
    await house.post("assignmentRequests", {**body, "schedule": at_once})
