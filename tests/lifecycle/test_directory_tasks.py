"""Tasks on licences, sessions, attributes and sponsorships, passes, and tasks of other systems."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.directory import changes, model, store
from ostiary.directory.people import Person
from ostiary.extensions.caller import Caller
from ostiary.lifecycle import catalogue, tables
from ostiary.lifecycle.results import Failed, Turn
from ostiary.lifecycle.store.passes import use_pass
from ostiary.lifecycle.tasks.port import Step
from ostiary.lifecycle.tasks.provided import provided
from ostiary.lifecycle.tasks.registry import built_in
from ostiary.lifecycle.tasks.temporary_access import GenerateTap, Pass
from ostiary.storage.database import Database
from tests.extensions.endpoints import ScriptedEndpoint
from tests.lifecycle.counting import rows_of
from tests.lifecycle.house import ADMINISTRATOR, House, task
from tests.support.clocks import FixedClock

E3, E5 = "05e9a617-0261-4cee-bb44-138d3ef5d965", "06ebc4ee-1bb5-47dd-8120-11324bc54e06"
TEAM = "1baa57fa-3c4e-4526-ba5a-db47a9df95f0"


async def person(house: House, id: str) -> Person:
    async with house.database.reading() as conn:
        return (await store.people(conn, [id]))[id]


async def run(house: House, step: dict[str, Any], *people: str, category: str) -> list[Any]:
    """Run a workflow of one task for people; give the results in their order."""
    id = await house.workflow(step, category=category)
    await house.activate(id, *people)
    await house.settle()
    (only,) = await house.values(f"workflows/{id}/tasks")
    found = await house.values(f"workflows/{id}/tasks/{only['id']}/taskProcessingResults")
    by_person = {result["subject"]["id"]: result for result in found}
    return [by_person[person] for person in people]


async def licensed(house: House, id: str, *skus: str) -> None:
    held = [model.AssignedLicense(sku_id=sku) for sku in skus]
    async with house.database.transaction() as conn:
        now = house.clock.now()
        await changes.set_licenses(conn, {id: held}, now=now, actor=ADMINISTRATOR)


async def test_licences_are_assigned_to_who_has_a_location(house: House) -> None:
    (alice,) = await house.people("alice", usage_location="DE")
    (bob,) = await house.people("bob")
    await licensed(house, alice, E3)
    step = task(catalogue.ASSIGN_LICENSES, "Licences", licenses=f"{E3}, {E5.upper()}")

    first, second = await run(house, step, alice, bob, category="joiner")

    assert first["processingStatus"] == "completed"
    assert (await person(house, alice)).license_sku_ids == {E3, E5}
    assert second["processingStatus"] == "failed"
    assert "usageLocation" in second["failureReason"]
    (again,) = await run(house, step, alice, category="joiner")
    assert again["processingInfo"] == "The user had every licence already."


async def test_licences_are_taken_away_by_name_and_all_of_them(house: House) -> None:
    alice, bob = await house.people("alice", "bob")
    await licensed(house, alice, E3, E5)
    await licensed(house, bob, E3, E5)

    some = task(catalogue.REMOVE_LICENSES, "Some", licenses=E3)
    (first,) = await run(house, some, alice, category="leaver")
    everything = task(catalogue.REMOVE_ALL_LICENSES, "All")
    (second,) = await run(house, everything, bob, category="leaver")
    (third,) = await run(house, everything, bob, category="leaver")

    assert first["processingStatus"] == second["processingStatus"] == "completed"
    assert (await person(house, alice)).license_sku_ids == {E5}
    assert (await person(house, bob)).license_sku_ids == frozenset()
    assert third["processingInfo"] == "The user had no licence."


async def test_sessions_are_revoked_from_now_on(house: House) -> None:
    (alice,) = await house.people("alice")
    house.clock.advance(hours=1)

    await run(house, task(catalogue.REVOKE_SESSIONS, "Revoke"), alice, category="leaver")

    valid_from = (await person(house, alice)).sign_in_sessions_valid_from_date_time
    assert valid_from == house.clock.now()


def attributes(*pairs: tuple[str, str]) -> dict[str, Any]:
    text = json.dumps([{"attribute": name, "value": value} for name, value in pairs])
    return task(catalogue.UPDATE_ATTRIBUTES, "Attributes", attributeUpdates=text)


async def test_attributes_get_their_new_values_all_or_none(house: House) -> None:
    alice, bob = await house.people("alice", "bob", department="Sales", city="Bonn")
    step = attributes(
        ("department", "Research"), ("city", ""), ("employeeOrgData/costCenter", "100")
    )

    (moved,) = await run(house, step, alice, category="mover")
    (wrong,) = await run(
        house, attributes(("department", "x"), ("usageLocation", "Germany")), bob, category="mover"
    )
    (same,) = await run(house, step, alice, category="mover")

    after = await person(house, alice)
    assert moved["processingStatus"] == "completed"
    assert (after.department, after.cost_center) == ("Research", "100")
    assert wrong["processingStatus"] == "failed"
    assert "usageLocation" in wrong["failureReason"]
    assert (await person(house, bob)).department == "Sales"
    assert same["processingInfo"] == "The attributes had these values already."


async def test_what_a_leaver_sponsors_goes_to_the_manager(house: House) -> None:
    boss, leaver, guest, alone = await house.people("boss", "leaver", "guest", "alone")
    async with house.database.transaction() as conn:
        now = house.clock.now()
        await changes.set_managers(conn, {leaver: boss}, now=now, actor=ADMINISTRATOR)
        pairs = [(guest, leaver), (guest, alone)]
        await changes.add_sponsors(conn, pairs, now=now, actor=ADMINISTRATOR)
    step = task(catalogue.TRANSFER_SPONSORSHIPS, "Sponsors")

    moved, stuck, nothing = await run(house, step, leaver, alone, boss, category="leaver")

    async with house.database.reading() as conn:
        sponsors = (await store.sponsors(conn, [guest]))[guest]
    assert sponsors == {boss, alone}
    assert moved["processingStatus"] == "completed"
    assert "no manager" in stuck["failureReason"]
    assert nothing["processingInfo"] == "The user sponsors nobody."


async def test_a_task_of_a_system_that_is_not_here_fails_and_says_what_is_missing(
    cottage: House,
) -> None:
    (alice,) = await cottage.people("alice")

    (result,) = await run(
        cottage, task(catalogue.ADD_TO_TEAMS, "Team", teamID=TEAM), alice, category="joiner"
    )

    assert result["processingStatus"] == "failed"
    assert "Microsoft Teams is not connected" in result["failureReason"]
    assert "OSTIARY_TASK_PROVIDERS" in result["failureReason"]


async def test_an_extension_carries_out_a_task_of_another_system(
    memory: Database, clock: FixedClock, caller: Caller, endpoint: ScriptedEndpoint
) -> None:
    """The endpoint learns which task is meant, with its arguments, and answers as always."""
    plain = House(memory, clock, caller, endpoint)
    (alice,) = await plain.people("alice")
    extension = await plain.extension()
    providers = {catalogue.ADD_TO_TEAMS.upper(): extension}
    house = House(memory, clock, caller, endpoint, built_in(providers=providers))
    id = await house.workflow(task(catalogue.ADD_TO_TEAMS, "Team", teamID=TEAM))
    await house.activate(id, alice)
    await house.settle()

    (call,) = endpoint.calls
    told = call.json()["data"]["task"]
    assert told["taskDefinitionId"] == catalogue.ADD_TO_TEAMS
    assert told["arguments"] == {"teamID": TEAM}
    reply = await house.api.post(
        f"/v1.0{call.json()['data']['callbackUriPath']}",
        json={"data": {"operationStatus": "completed"}},
    )
    assert reply.status_code == 204, reply.text
    (result,) = await house.values(f"workflows/{id}/userProcessingResults")
    assert result["processingStatus"] == "completed"
    assert (await house.post(f"workflows/{id}/previewTaskFailures", None, status=200))[
        "value"
    ] == []
    await house.close()


async def test_an_extension_that_is_gone_carries_nothing_out(
    memory: Database, clock: FixedClock, caller: Caller, endpoint: ScriptedEndpoint
) -> None:
    house = House(
        memory, clock, caller, endpoint, built_in(providers={catalogue.ADD_TO_TEAMS: TEAM})
    )
    (alice,) = await house.people("alice")

    (result,) = await run(
        house, task(catalogue.ADD_TO_TEAMS, "Team", teamID=TEAM), alice, category="joiner"
    )

    assert "does not exist" in result["failureReason"]
    await house.close()


def test_only_tasks_of_other_systems_can_be_given_to_an_extension() -> None:
    with pytest.raises(ValueError, match="no task definition that an extension"):
        provided({catalogue.ENABLE_ACCOUNT: TEAM})


class ScriptedDelivery:
    """Keeps the passes that it is given; some people cannot be reached."""

    def __init__(self) -> None:
        self.unreachable: set[str] = set()
        self.refusals: dict[str, Failed] = {}
        self.passes: list[Pass] = []

    async def prepare(self, conn: AsyncConnection, turns: Sequence[Turn]) -> ScriptedDelivery:
        unreached = [turn for turn in turns if turn.subject_id in self.unreachable]
        self.refusals = {turn.task.id: Failed("nobody there") for turn in unreached}
        return self

    async def deliver(
        self, conn: AsyncConnection, passes: Sequence[Pass], *, now: datetime
    ) -> Mapping[str, str]:
        self.passes += passes
        return {}

    async def faults(self, conn: AsyncConnection, steps: Sequence[Step]) -> Mapping[str, str]:
        return {}


TAP = task(catalogue.GENERATE_TAP, "Pass", tapLifetimeMinutes="60", tapIsUsableOnce="true")


async def test_a_pass_is_valid_from_the_first_day_and_works_once(
    database: Database, clock: FixedClock, caller: Caller, endpoint: ScriptedEndpoint
) -> None:
    delivery = ScriptedDelivery()
    house = House(database, clock, caller, endpoint, [GenerateTap(delivery)])
    hired = clock.now() + timedelta(days=7)
    (alice,) = await house.people("alice", employee_hire_date=hired)

    (result,) = await run(house, TAP, alice, category="joiner")

    assert result["processingStatus"] == "completed"
    (made,) = delivery.passes
    assert made.starts_at == hired
    (row,) = await rows_of(database, tables.temporary_access_passes)
    assert made.text not in str(dict(row))
    async with database.transaction() as conn:
        assert not await use_pass(conn, alice, made.text, now=clock.now())
        assert not await use_pass(conn, alice, "something", now=hired)
        assert await use_pass(conn, alice, made.text, now=hired)
        assert not await use_pass(conn, alice, made.text, now=hired)
    await house.close()


async def test_a_pass_that_reaches_nobody_is_not_made(
    memory: Database, clock: FixedClock, caller: Caller, endpoint: ScriptedEndpoint
) -> None:
    delivery = ScriptedDelivery()
    house = House(memory, clock, caller, endpoint, [GenerateTap(delivery)])
    (alice,) = await house.people("alice")
    delivery.unreachable.add(alice)

    (unreachable,) = await run(house, TAP, alice, category="joiner")

    assert unreachable["failureReason"] == "nobody there"
    assert delivery.passes == []
    assert await rows_of(memory, tables.temporary_access_passes) == []
    await house.close()
