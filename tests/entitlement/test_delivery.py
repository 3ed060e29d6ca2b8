"""What the directory holds is what the assignments say."""

from __future__ import annotations

import asyncio

from tests.entitlement.house import House


async def test_a_role_that_another_assignment_gives_stays(house: House) -> None:
    alice = await house.person("alice")
    shared, own = await house.group("shared"), await house.group("own")
    catalog = await house.catalog()
    first = await house.package(catalog, shared, own, name="First")
    second = await house.package(catalog, shared, name="Second")
    one = await house.assign(alice, first, await house.policy(first))
    other = await house.assign(alice, second, await house.policy(second))
    await house.settle()

    await house.remove((await house.assignment_of(one))["id"])
    await house.settle()
    assert (await house.members(shared), await house.members(own)) == ({alice}, set())
    await house.remove((await house.assignment_of(other))["id"])
    await house.settle()

    assert await house.members(shared) == set()


async def test_assignments_that_end_together_leave_nothing_to_each_other(house: House) -> None:
    alice, shared, catalog = (
        await house.person("alice"),
        await house.group("shared"),
        await house.catalog(),
    )
    requests = []
    for name in ("First", "Second", "Third"):
        package = await house.package(catalog, shared, name=name)
        requests.append(await house.assign(alice, package, await house.policy(package)))
    await house.settle()
    held = [(await house.assignment_of(request))["id"] for request in requests]

    await asyncio.gather(*(house.remove(assignment) for assignment in held))
    await house.settle()

    assert await house.members(shared) == set()


async def test_a_changed_package_changes_what_its_holders_have(house: House) -> None:
    alice = await house.person("alice")
    old, new = await house.group("old"), await house.group("new")
    catalog = await house.catalog()
    package = await house.package(catalog, old)
    request = await house.assign(alice, package, await house.policy(package))
    await house.settle()
    (held,) = await house.values(f"accessPackages/{package}/resourceRoleScopes")

    await house.offer(catalog, package, new)
    path = f"accessPackages/{package}/resourceRoleScopes/{held['id']}"
    await house.call("DELETE", path, status=204)
    await house.settle()

    assert (await house.members(old), await house.members(new)) == (set(), {alice})
    assert (await house.assignment_of(request))["state"] == "delivered"


async def test_roles_that_were_taken_by_hand_come_back_when_they_are_written_again(
    house: House,
) -> None:
    alice, group = await house.person("alice"), await house.group("sales")
    package = await house.package(await house.catalog(), group)
    request = await house.assign(alice, package, await house.policy(package))
    await house.settle()
    assignment = (await house.assignment_of(request))["id"]
    await house.leave(group, alice)

    await house.post(f"assignments/{assignment}/reprocess", status=202)
    await house.settle()

    assert await house.members(group) == {alice}
    found = await house.get(f"assignments/{assignment}")
    assert (found["state"], found["status"]) == ("delivered", "Delivered")


async def test_a_group_that_is_gone_is_tried_for_some_hours_and_the_rest_is_given(
    house: House,
) -> None:
    alice = await house.person("alice")
    lost, kept = await house.group("lost"), await house.group("kept")
    package = await house.package(await house.catalog(), lost, kept)
    policy = await house.policy(package)
    await house.drop_group(lost)

    request = await house.assign(alice, package, policy)
    await house.settle()
    assert await house.standing(request) == ("delivering", "Fulfilling")
    assert await house.members(kept) == {alice}
    for hours in (1, 1, 1, 3):
        house.clock.advance(hours=hours)
        await house.settle()

    assert await house.standing(request) == ("partiallyDelivered", "PartiallyFulfilled")
    assert (await house.assignment_of(request))["state"] == "partiallyDelivered"
    await house.restore_group(lost)
    await house.post(f"assignmentRequests/{request}/reprocess", status=202)
    await house.settle()
    assert (await house.standing(request))[0] == "delivered"
    assert await house.members(lost) == {alice}


async def test_when_nothing_can_be_given_the_request_fails_and_the_place_is_free(
    house: House,
) -> None:
    alice, lost = await house.person("alice"), await house.group("lost")
    package = await house.package(await house.catalog(), lost)
    policy = await house.policy(package)
    await house.drop_group(lost)
    request = await house.assign(alice, package, policy)
    for hours in (0, 1, 1, 1, 3):
        house.clock.advance(hours=hours)
        await house.settle()
    assert await house.standing(request) == ("deliveryFailed", "FulfillmentFailed")

    again = await house.assign(alice, package, policy)
    code, _, _ = await house.refused("POST", f"assignmentRequests/{request}/reprocess")

    assert code == "ExistingOpenRequest"
    assert again != request


async def test_a_failed_request_cannot_be_taken_up_after_fourteen_days(house: House) -> None:
    alice, lost = await house.person("alice"), await house.group("lost")
    package = await house.package(await house.catalog(), lost)
    policy = await house.policy(package)
    await house.drop_group(lost)
    request = await house.assign(alice, package, policy)
    for hours in (0, 1, 1, 1, 3):
        house.clock.advance(hours=hours)
        await house.settle()

    house.clock.advance(days=14)

    code, _, _ = await house.refused("POST", f"assignmentRequests/{request}/reprocess")
    assert code == "RequestNotReprocessable"


async def test_a_partial_assignment_that_was_removed_cannot_be_taken_up_again(
    house: House,
) -> None:
    alice = await house.person("alice")
    lost, kept = await house.group("lost"), await house.group("kept")
    package = await house.package(await house.catalog(), lost, kept)
    policy = await house.policy(package)
    await house.drop_group(lost)
    request = await house.assign(alice, package, policy)
    for hours in (0, 1, 1, 1, 3):
        house.clock.advance(hours=hours)
        await house.settle()
    await house.remove((await house.assignment_of(request))["id"])
    await house.settle()
    assert await house.members(kept) == set()

    code, _, _ = await house.refused("POST", f"assignmentRequests/{request}/reprocess")

    assert code == "RequestNotReprocessable"


async def test_owners_are_given_and_taken_too(house: House) -> None:
    alice, group = await house.person("alice"), await house.group("sales")
    catalog = await house.catalog()
    package = await house.package(catalog, group)
    body = {
        "role": {"originId": f"Owner_{group}", "originSystem": "AadGroup"},
        "scope": {"originId": group, "originSystem": "AadGroup"},
    }
    await house.post(f"accessPackages/{package}/resourceRoleScopes", body)

    request = await house.assign(alice, package, await house.policy(package))
    await house.settle()
    assert await house.owners(group) == {alice}
    await house.remove((await house.assignment_of(request))["id"])
    await house.settle()

    assert await house.owners(group) == set()


async def test_many_requests_are_carried_out_in_few_transactions(house: House) -> None:
    people = [await house.person(f"person{number}") for number in range(25)]
    group = await house.group("sales")
    package = await house.package(await house.catalog(), group)
    policy = await house.policy(package)

    requests = await asyncio.gather(*(house.ask(who, package, policy) for who in people))
    await house.settle()

    assert await house.members(group) == set(people)
    states = {(await house.standing(request))[0] for request in requests}
    assert states == {"delivered"}
