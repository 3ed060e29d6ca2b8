"""Everything at once: answers, cancels, decisions, deadlines and removals race for requests.

Whatever wins, a request has one end, and the directory holds what the assignments say.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from functools import partial

from sqlalchemy import select

from ostiary.durable.tables import work
from ostiary.entitlement.tables import assignment_requests, assignment_roles, assignments
from tests.entitlement.house import APPROVER, EM, SUBJECT, House, calls, decision, user
from tests.extensions.endpoints import Call
from tests.support.callers import person

OPEN = {"submitted", "pendingApproval", "scheduled", "delivering"}


async def check_consistency(house: House, group: str) -> dict[str, str]:
    """Make sure that everything fits together; give the state of each request."""
    async with house.database.reading() as conn:
        requests = (await conn.execute(select(assignment_requests))).mappings().all()
        held = (await conn.execute(select(assignments))).mappings().all()
        roles = (await conn.execute(select(assignment_roles.c.target_id))).scalars().all()
        dead = await conn.execute(select(work.c.last_error).where(work.c.dead_at.is_not(None)))
        assert dead.scalars().all() == []
    have = {row["target_id"] for row in held if row["state"] in ("delivered", "delivering")}
    given = {row["target_id"] for row in held if row["given_at"] and row["target_id"] in have}
    assert await house.members(group) == set(roles)
    assert set(roles) <= given
    for row in requests:
        assert (row["state"] in OPEN) == (row["awaits"] is not None)
        assert (row["completed_at"] is None) == (row["state"] in OPEN)
    return {row["id"]: row["state"] for row in requests}


async def shuffled(actions: list[Callable[[], Awaitable[object]]], seed: int) -> None:
    """Do all of it at once, in an order that the seed decides."""
    random.Random(seed).shuffle(actions)  # noqa: S311  # any order will do
    await asyncio.gather(*(action() for action in actions))


async def test_answers_cancels_and_deadlines_race(house: House) -> None:
    people = [await house.person(f"person{number}") for number in range(12)]
    group, catalog = await house.group("sales"), await house.catalog()
    package, extension = await house.package(catalog, group), await house.extension(catalog)
    stages = [("assignmentRequestCreated", extension), ("assignmentRequestGranted", extension)]
    policy = await house.policy(package, customExtensionStageSettings=calls(*stages))
    owners = {await house.ask(who, package, policy): who for who in people}
    await house.settle()

    async def answer(call: Call, *, deny: bool) -> None:
        told = call.json()
        data = {
            "customExtensionStageInstanceId": told["CustomExtensionStageInstanceId"],
            **({"state": "denied"} if deny else {}),
        }
        path = told["CallbackUri"].removeprefix("http://127.0.0.1:8080")
        reply = await house.api.post(path, json={"data": data})
        assert reply.status_code in (204, 400), reply.text

    async def cancel(request: str) -> None:
        path = f"{EM}/assignmentRequests/{request}/cancel"
        reply = await house.api.post(path, headers=person(owners[request], SUBJECT))
        assert reply.status_code in (204, 400), reply.text

    for round_ in range(3):
        actions: list[Callable[[], Awaitable[object]]] = [house.settle, house.settle]
        for number, call in enumerate(list(house.endpoint.calls)):
            deny = (number + round_) % 4 == 3 and call.json()["Stage"].endswith("Created")
            actions += [partial(answer, call, deny=deny)] * 2
        actions += [partial(cancel, request) for request in list(owners)[: 4 - round_]]
        await shuffled(actions, round_)
        house.clock.advance(minutes=25)
        await house.settle()
        await check_consistency(house, group)

    house.clock.advance(days=15)
    await house.settle()
    states = await check_consistency(house, group)
    assert not OPEN & set(states.values())


async def test_decisions_removals_and_expiry_race(house: House) -> None:
    people = [await house.person(f"person{number}") for number in range(8)]
    bosses = [await house.person(f"boss{number}") for number in range(3)]
    group, catalog = await house.group("sales"), await house.catalog()
    package = await house.package(catalog, group)
    other = await house.package(catalog, group, name="Other")
    stage = decision(*(user(boss) for boss in bosses), durationBeforeAutomaticDenial="PT1H")
    policy = await house.policy(
        package, stage, expiration={"type": "afterDuration", "duration": "PT2H"}
    )
    quick = await house.policy(other)
    requests = [await house.ask(who, package, policy) for who in people]
    others = [await house.assign(who, other, quick) for who in people[:5]]
    await house.settle()
    held = [(await house.assignment_of(request))["id"] for request in others]

    async def decide(request: str, boss: str, result: str) -> None:
        headers = person(boss, APPROVER)
        path = f"{EM}/accessPackageAssignmentApprovals/{request}/stages"
        (one,) = (await house.api.get(path, headers=headers)).json()["value"]
        body = {"reviewResult": result}
        reply = await house.api.patch(f"{path}/{one['id']}", json=body, headers=headers)
        assert reply.status_code in (204, 409), reply.text

    async def remove(assignment: str) -> None:
        body = {"requestType": "adminRemove", "assignment": {"id": assignment}}
        reply = await house.api.post(f"{EM}/assignmentRequests", json=body)
        assert reply.status_code in (201, 400), reply.text

    actions: list[Callable[[], Awaitable[object]]] = [house.settle] * 3
    for number, request in enumerate(requests):
        for at, boss in enumerate(bosses):
            result = "Approve" if (number + at) % 3 else "Deny"
            actions.append(partial(decide, request, boss, result))
    actions += [partial(remove, assignment) for assignment in held * 2]
    await shuffled(actions, 7)
    await house.settle()
    await check_consistency(house, group)

    house.clock.advance(hours=2)
    await house.settle()
    states = await check_consistency(house, group)
    assert not OPEN & set(states.values())
    assert await house.members(group) == set()
