"""What the built-in tasks do, and what they refuse."""

from __future__ import annotations

from typing import Any

import pytest

from ostiary.directory import store
from ostiary.directory.objects import Kind
from ostiary.lifecycle.catalogue import DEFINITIONS
from ostiary.lifecycle.tasks.accounts import EnableAccount
from ostiary.lifecycle.tasks.registry import Registry, built_in
from ostiary.storage.ids import new_id
from tests.lifecycle.house import (
    ADD_TO_GROUPS,
    DELETE,
    DISABLE,
    ENABLE,
    REMOVE_FROM_ALL_GROUPS,
    REMOVE_FROM_GROUPS,
    House,
    task,
)


async def outcomes(house: House, step: dict[str, Any], *people: str) -> list[Any]:
    """Run one task for people; give their results in the order of ``people``."""
    leaver = step["taskDefinitionId"] in (DELETE, REMOVE_FROM_ALL_GROUPS)
    workflow = await house.workflow(step, category="leaver" if leaver else "joiner")
    run = await house.activate(workflow, *people)
    await house.settle()
    results = await house.values(f"workflows/{workflow}/runs/{run}/taskProcessingResults")
    by_person = {result["subject"]["id"]: result for result in results}
    return [by_person[person] for person in people]


def told(results: list[Any]) -> list[tuple[str, str | None]]:
    return [(r["processingStatus"], r["failureReason"] or r["processingInfo"]) for r in results]


async def enabled(house: House, *people: str) -> list[bool]:
    async with house.database.reading() as conn:
        found = await store.people(conn, people)
    return [found[person].account_enabled for person in people]


async def test_accounts_are_enabled_and_what_was_so_is_explained(house: House) -> None:
    (off,) = await house.people("off", account_enabled=False)
    (on,) = await house.people("on")

    results = await outcomes(house, task(ENABLE, "Enable"), off, on)

    assert await enabled(house, off, on) == [True, True]
    assert told(results) == [
        ("completed", None),
        ("completed", "The account was enabled already."),
    ]


async def test_accounts_are_disabled(house: House) -> None:
    alice, bob = await house.people("alice", "bob")

    await outcomes(house, task(DISABLE, "Disable"), alice, bob)

    assert await enabled(house, alice, bob) == [False, False]


async def test_accounts_are_deleted_so_that_they_can_be_restored(house: House) -> None:
    alice, bob = await house.people("alice", "bob")

    results = await outcomes(house, task(DELETE, "Delete"), alice)

    assert told(results) == [("completed", None)]
    async with house.database.reading() as conn:
        assert set(await store.people(conn, [alice, bob])) == {bob}


async def test_who_was_deleted_before_is_not_deleted_in_vain(house: House) -> None:
    (alice,) = await house.people("alice")
    workflow = await house.workflow(
        task(DELETE, "Delete"), task(DELETE, "Make sure"), category="leaver"
    )

    run = await house.activate(workflow, alice)
    await house.settle()

    results = await house.values(f"workflows/{workflow}/runs/{run}/taskProcessingResults")
    said = "The account was deleted already."
    assert told(results) == [("completed", None), ("completed", said)]


async def test_what_is_managed_on_premises_is_left_alone(house: House) -> None:
    (alice,) = await house.people("alice")
    step = task(DISABLE, "Disable", disableOnPremisesAccount="True")

    ((status, reason),) = told(await outcomes(house, step, alice))

    assert status == "failed"
    assert reason is not None
    assert "bridge" in reason
    assert await enabled(house, alice) == [True]


async def test_administrators_cannot_be_locked_out_by_a_workflow(house: House) -> None:
    admin, alice = await house.people("admin", "alice")
    admins = await house.group("Admins", is_assignable_to_role=True)
    await house.join(admins, admin)

    results = await outcomes(house, task(DISABLE, "Disable"), admin, alice)

    assert [status for status, _ in told(results)] == ["failed", "completed"]
    assert await enabled(house, admin, alice) == [True, False]


async def test_people_are_added_to_every_group_that_is_named(house: House) -> None:
    alice, bob = await house.people("alice", "bob")
    staff, sales = await house.group("Staff"), await house.group("Sales")
    await house.join(staff, bob)
    await house.join(sales, bob)

    step = task(ADD_TO_GROUPS, "Groups", groupID=f"{staff.upper()} , {sales}")
    results = await outcomes(house, step, alice, bob)

    assert await house.members(staff) == await house.members(sales) == {alice, bob}
    assert told(results) == [
        ("completed", None),
        ("completed", "The user was a member of every group already."),
    ]


@pytest.mark.parametrize("exists", [True, False])
async def test_a_group_that_cannot_be_changed_fails_the_task_before_anything_is_done(
    house: House, exists: bool
) -> None:
    (alice,) = await house.people("alice")
    staff = await house.group("Staff")
    other = await house.group("Admins", is_assignable_to_role=True) if exists else new_id()
    step = task(ADD_TO_GROUPS, "Groups", groupID=f"{staff},{other}")

    ((status, reason),) = told(await outcomes(house, step, alice))

    assert status == "failed"
    assert reason is not None
    assert "group" in reason
    assert await house.members(staff) == set()


async def test_people_are_removed_from_the_groups_that_are_named(house: House) -> None:
    alice, bob = await house.people("alice", "bob")
    staff, sales = await house.group("Staff"), await house.group("Sales")
    await house.join(staff, alice)
    await house.join(sales, alice)

    step = task(REMOVE_FROM_GROUPS, "Groups", groupID=staff)
    results = await outcomes(house, step, alice, bob)

    assert (await house.members(staff), await house.members(sales)) == (set(), {alice})
    assert told(results) == [
        ("completed", None),
        ("completed", "The user was a member of none of the groups."),
    ]


async def test_people_are_removed_from_all_groups_but_those_that_cannot_be_changed(
    house: House,
) -> None:
    alice, bob = await house.people("alice", "bob")
    staff = await house.group("Staff")
    admins = await house.group("Admins", is_assignable_to_role=True)
    await house.join(staff, alice, bob)
    await house.join(admins, alice)

    results = await outcomes(house, task(REMOVE_FROM_ALL_GROUPS, "Groups"), alice)

    assert told(results) == [("completed", None)]
    assert (await house.members(staff), await house.members(admins)) == ({bob}, {alice})


@pytest.mark.parametrize("definition", [ENABLE, ADD_TO_GROUPS, REMOVE_FROM_GROUPS])
async def test_a_person_who_is_gone_fails_the_task(cottage: House, definition: str) -> None:
    (alice,) = await cottage.people("alice")
    staff = await cottage.group("Staff")
    step = task(definition, "Task", groupID=staff) if definition != ENABLE else task(ENABLE, "Task")
    workflow = await cottage.workflow(step)
    run = await cottage.activate(workflow, alice)
    async with cottage.database.transaction() as conn:
        await store.mark_deleted(conn, Kind.USER, [alice], now=cottage.clock.now())

    await cottage.settle()

    (result,) = await cottage.values(f"workflows/{workflow}/runs/{run}/taskProcessingResults")
    assert result["failureReason"] == "The user does not exist any more."


def test_a_definition_has_one_task() -> None:
    registry = Registry(built_in())

    with pytest.raises(ValueError, match="Two tasks"):
        registry.register(EnableAccount())


def test_the_catalogue_has_every_definition_once() -> None:
    ids = [definition.id.lower() for definition in DEFINITIONS]

    assert len(set(ids)) == len(ids) == 31
    assert all(task.definition_id.lower() in ids for task in built_in())
