"""Workflows that run by themselves because something has happened to people, or has not."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from ostiary.directory import changes
from ostiary.directory.model import SignInActivity
from ostiary.directory.objects import Kind
from ostiary.lifecycle import names
from tests.lifecycle.counting import check_everything
from tests.lifecycle.house import (
    ADD_TO_GROUPS,
    ADMINISTRATOR,
    ENABLE,
    ON_DEMAND,
    ROOT,
    House,
    task,
    workflow,
)
from tests.lifecycle.schedules import (
    NS,
    change,
    conditions,
    next_run,
    only,
    patch,
    processed,
    scope_of,
    wait,
)
from tests.support.clocks import MONDAY


def attributes(*paths: str, **more: Any) -> Any:
    named = [{"name": path} for path in paths]
    return conditions("attributeChangeTrigger", triggerAttributes=named, **more)


def membership(change: str, *groups: str) -> Any:
    made = conditions("membershipChangeTrigger", changeType=change)
    scope = {
        "@odata.type": f"{NS}groupBasedSubjectSet",
        "groups": [{"id": group} for group in groups],
    }
    return {**made, "scope": scope}


def dated(operator: str, timing: str, attribute: str = "employeeHireDate", **days: int) -> Any:
    compared = {"@odata.type": f"{NS}{operator}", "eventTiming": timing, **days}
    return conditions("timeBasedAttributeTriggerV2", attribute=attribute, operator=compared)


async def make(house: House, wanted: Any, *, group: str, **more: Any) -> str:
    """Make a scheduled workflow that puts people into a group."""
    usual = {"category": "mover", "executionConditions": wanted, "isSchedulingEnabled": True}
    return await house.workflow(task(ADD_TO_GROUPS, "Join", groupID=group), **usual | more)


async def renew(house: House, id: str, wanted: Any, *, group: str) -> None:
    """Give such a workflow a version with other conditions."""
    joins = task(ADD_TO_GROUPS, "Join", groupID=group)
    usual = {"category": "mover", "executionConditions": wanted, "isSchedulingEnabled": True}
    await house.post(f"workflows/{id}/createNewVersion", workflow(joins, **usual), status=200)


async def preview_of(house: House, id: str) -> set[str]:
    return {one["id"] for one in await house.values(f"workflows/{id}/previewScope")}


async def test_a_change_of_an_attribute_is_acted_on_once(house: House) -> None:
    group = await house.group("Movers")
    alice, bob, carol = await house.people("alice", "bob", "carol", department="Sales")
    await change(house, alice, job_title="Clerk")  # before anybody looks
    id = await make(house, attributes("jobTitle", "employeeOrgData/division"), group=group)
    assert await next_run(house, id) == "2026-01-05T12:00:00Z"

    await change(house, bob, job_title="Clerk")
    await change(house, bob, job_title="Buyer")
    await change(house, carol, city="Bonn")
    assert await preview_of(house, id) == {bob}
    await wait(house, hours=3)

    assert await processed(house, id) == [(bob, "completed")]
    assert await house.members(group) == {bob}
    assert await scope_of(house, id) == {bob: "completed"}
    assert await preview_of(house, id) == {bob}
    await wait(house, hours=3)
    assert len(await processed(house, id)) == 1
    await change(house, bob, job_title="Head")
    await wait(house, hours=3)
    assert await processed(house, id) == [(bob, "completed")] * 2
    await check_everything(house.database)


async def test_whoever_is_not_in_the_scope_after_the_change_is_left_alone(house: House) -> None:
    group = await house.group("Movers")
    (alice, bob) = await house.people("alice", "bob", department="Sales")
    (carol,) = await house.people("carol", department="Legal")
    id = await make(house, attributes("department"), group=group)

    await change(house, alice, department="Legal")
    await change(house, carol, department="Sales")
    await house.people("dora", department="Sales")  # new, which is no change
    await wait(house, hours=3)
    assert await processed(house, id) == [(carol, "completed")]

    await change(house, bob, department="Legal")
    await change(house, bob, department="Sales")
    house.clock.advance(hours=3)
    await only(house, names.WORKFLOW_EVALUATE)
    await change(house, bob, department="Legal")  # just before it is their turn
    await house.settle()

    assert sorted(await processed(house, id)) == sorted([(carol, "completed"), (bob, "canceled")])
    assert await scope_of(house, id) == {carol: "completed", bob: "queued"}
    await wait(house, hours=3)
    assert await scope_of(house, id) == {carol: "completed"}
    await check_everything(house.database)


async def test_only_what_changes_while_the_schedule_is_on_counts(house: House) -> None:
    group = await house.group("Movers")
    alice, bob = await house.people("alice", "bob", department="Sales")
    id = await make(house, attributes("jobTitle"), group=group)
    await patch(house, f"workflows/{id}", {"displayName": "Another name"})
    await change(house, alice, job_title="Clerk")
    await patch(house, f"workflows/{id}", {"isSchedulingEnabled": False})
    await change(house, bob, job_title="Clerk")
    assert await preview_of(house, id) == set()
    await patch(house, f"workflows/{id}", {"isSchedulingEnabled": True})
    await wait(house, hours=3)
    assert await processed(house, id) == []

    await change(house, alice, job_title="Buyer")
    same = workflow(
        task(ADD_TO_GROUPS, "Join", groupID=group),
        category="mover",
        executionConditions=attributes("jobTitle"),
        isSchedulingEnabled=True,
    )
    await house.post(f"workflows/{id}/createNewVersion", same, status=200)
    await wait(house, hours=3)
    assert await processed(house, id) == [(alice, "completed")]


async def test_a_change_counts_although_other_conditions_come_before_the_tick(
    house: House,
) -> None:
    group = await house.group("Movers")
    alice, bob = await house.people("alice", "bob", department="Sales")
    id = await make(house, attributes("jobTitle"), group=group)
    await change(house, alice, job_title="Clerk", city="Bonn")
    await change(house, bob, job_title="Clerk")

    narrower = attributes("jobTitle", "city", rule="city eq 'Bonn'")
    await renew(house, id, narrower, group=group)
    await wait(house, hours=3)

    assert await processed(house, id) == [(alice, "completed")]
    await change(house, alice, job_title="Buyer")
    await renew(house, id, attributes("city", rule="city eq 'Bonn'"), group=group)
    await wait(house, hours=3)
    assert await processed(house, id) == [(alice, "completed")]  # no trigger any more
    await check_everything(house.database)


async def test_who_joined_a_group_counts_although_the_groups_change_before_the_tick(
    house: House,
) -> None:
    first, second, third, target = [
        await house.group(name) for name in ("First", "Second", "Third", "Target")
    ]
    alice, bob, carol = await house.people("alice", "bob", "carol")
    id = await make(house, membership("add", first, second), group=target)
    await house.join(first, alice)
    await house.join(second, bob)
    await house.join(third, carol)

    await renew(house, id, membership("add", first, third), group=target)
    await wait(house, hours=3)

    assert await processed(house, id) == [(alice, "completed")]


async def test_a_change_that_nobody_could_look_at_for_days_is_passed_over(house: House) -> None:
    group = await house.group("Movers")
    alice, bob = await house.people("alice", "bob", department="Sales")
    id = await make(house, attributes("jobTitle"), group=group)
    await change(house, alice, job_title="Clerk")
    house.clock.advance(days=2)
    await change(house, bob, job_title="Clerk")

    await wait(house, days=2)  # the worker was away

    assert await processed(house, id) == [(bob, "completed")]
    assert await scope_of(house, id) == {alice: "canceled", bob: "completed"}


@pytest.mark.parametrize("kind", ["add", "remove"])
async def test_who_comes_to_a_group_or_leaves_it_is_processed(house: House, kind: str) -> None:
    first, second, other, target = [
        await house.group(name) for name in ("First", "Second", "Other", "Target")
    ]
    comes, stays, leaves, undecided = await house.people("comes", "stays", "leaves", "undecided")
    await house.join(first, stays, leaves, undecided)
    id = await make(house, membership(kind, first, second), group=target)

    async def leave(group: str, member: str) -> None:
        async with house.database.transaction() as conn:
            pairs = [(group, member)]
            now = house.clock.now()
            await changes.remove_members(conn, pairs, now=now, actor=ADMINISTRATOR)

    await house.join(second, comes)
    await house.join(other, stays)
    await leave(first, leaves)
    await leave(first, undecided)
    await house.join(first, undecided)
    await house.join(first, other)  # a group is nobody
    expected = {"add": [comes, undecided], "remove": [leaves]}[kind]
    assert await preview_of(house, id) == set(expected)
    await wait(house, hours=3)
    await wait(house, hours=3)

    assert sorted(await processed(house, id)) == sorted((one, "completed") for one in expected)
    assert await house.members(target) == set(expected)
    if kind == "add":
        await leave(second, comes)
        await house.join(second, comes)
        await wait(house, hours=3)
        assert (await processed(house, id)).count((comes, "completed")) == 2


async def test_who_left_a_group_is_told_apart_from_who_is_in_it_still(house: House) -> None:
    group, target = await house.group("First"), await house.group("Target")
    stays, goes = await house.people("stays", "goes")
    come = await make(house, membership("add", group), group=target)
    left = await make(house, membership("remove", group), group=target)
    await house.join(group, stays, goes)
    await wait(house, hours=3)

    async with house.database.transaction() as conn:
        pairs = [(group, goes)]
        now = house.clock.now()
        await changes.remove_members(conn, pairs, now=now, actor=ADMINISTRATOR)
    await wait(house, hours=3)

    assert await scope_of(house, come) == {stays: "completed"}
    assert await processed(house, left) == [(goes, "completed")]


async def test_members_of_restored_groups_and_restored_members_did_not_come(house: House) -> None:
    group, target = await house.group("First"), await house.group("Target")
    alice, bob = await house.people("alice", "bob")
    await house.join(group, alice, bob)
    id = await make(house, membership("add", group), group=target)

    async with house.database.transaction() as conn:
        now = house.clock.now()
        for kind, one in ((Kind.USER, alice), (Kind.GROUP, group)):
            await changes.delete_objects(conn, kind, [one], now=now, actor=ADMINISTRATOR)
            await changes.restore_objects(conn, [one], now=now, actor=ADMINISTRATOR)
    await wait(house, hours=3)

    assert await processed(house, id) == []


async def test_who_has_not_signed_in_for_so_long_is_processed_once_a_stretch(house: House) -> None:
    group = await house.group("Sleepers")
    signed_in = SignInActivity(last_successful_sign_in_date_time=MONDAY - timedelta(days=88))
    (alice,) = await house.people("alice", department="Sales", sign_in_activity=signed_in)
    long_ago = SignInActivity(last_successful_sign_in_date_time=MONDAY - timedelta(days=400))
    (bob,) = await house.people("bob", department="Sales", sign_in_activity=long_ago)
    (carol,) = await house.people("carol", department="Sales")  # counts from today
    wanted = conditions("userInactivityTrigger", inactivityPeriodInDays=90)
    id = await make(house, wanted, group=group, category="leaver")
    assert await preview_of(house, id) == {bob}

    await wait(house, hours=3)
    assert await processed(house, id) == [(bob, "completed")]
    await wait(house, days=2)
    assert sorted(await processed(house, id)) == sorted([(bob, "completed"), (alice, "completed")])

    awake = SignInActivity(last_successful_sign_in_date_time=house.clock.now())
    await change(house, alice, sign_in_activity=awake)
    await wait(house, days=87)
    assert await scope_of(house, id) == {bob: "completed"}
    await wait(house, days=4)
    found = [who for who, _ in await processed(house, id)]
    assert sorted(found) == sorted([bob, alice, alice, carol])


async def test_guests_without_enough_sponsors_are_processed(house: House) -> None:
    group = await house.group("Unsponsored")
    rule = {"rule": "userType eq 'Guest'"}
    guests = await house.people("gina", "gus", "glen", user_type="Guest")
    gina, gus, glen = guests
    sponsor, gone = await house.people("sponsor", "gone")

    async def sponsors(*pairs: tuple[str, str], add: bool = True) -> None:
        async with house.database.transaction() as conn:
            use = changes.add_sponsors if add else changes.remove_sponsors
            await use(conn, pairs, now=house.clock.now(), actor=ADMINISTRATOR)

    await sponsors((gina, sponsor), (glen, gone))
    async with house.database.transaction() as conn:
        now = house.clock.now()
        await changes.delete_objects(conn, Kind.USER, [gone], now=now, actor=ADMINISTRATOR)
    id = await make(house, conditions("guestSponsorTrigger", **rule), group=group)
    assert await preview_of(house, id) == {gus, glen}

    await wait(house, hours=3)
    await wait(house, hours=3)
    assert sorted(await processed(house, id)) == sorted([(gus, "completed"), (glen, "completed")])

    await sponsors((gus, sponsor))
    await wait(house, hours=3)
    assert await scope_of(house, id) == {glen: "completed"}
    await sponsors((gus, sponsor), add=False)
    await wait(house, hours=3)
    assert [who for who, _ in await processed(house, id)].count(gus) == 2


@pytest.mark.parametrize(
    ("wanted", "days"),
    [
        (dated("operatorEqualTo", "on", offsetInDays=0), {0}),
        (dated("operatorEqualTo", "after", offsetInDays=2), {2}),
        (dated("operatorEqualTo", "before", offsetInDays=2), {-2}),
        (dated("operatorLessThanEqualTo", "after", offsetInDays=2), {0, 1, 2}),
        (dated("operatorLessThanEqualTo", "before", offsetInDays=2), {-2, -1}),
        (
            dated("operatorBetween", "after", greaterThanOffsetInDays=0, lessThanOffsetInDays=3),
            {1, 2},
        ),
        (
            dated("operatorBetween", "before", greaterThanOffsetInDays=1, lessThanOffsetInDays=4),
            {-3, -2},
        ),
    ],
)
async def test_the_operators_of_dates_mean_whole_days(
    cottage: House, wanted: Any, days: set[int]
) -> None:
    """Day 0 begins at the date, and nobody is picked up late."""
    noon = MONDAY + timedelta(hours=3)
    people = {}
    for day in range(-6, 7):
        at = noon - timedelta(days=day, hours=12)
        (people[day],) = await cottage.people(f"d{day + 6}", employee_hire_date=at)
    wanted["scope"]["rule"] = "accountEnabled eq true"
    group = await cottage.group("Dated")
    id = await make(cottage, wanted, group=group)

    await wait(cottage, hours=3)

    due = {who for who, _ in await processed(cottage, id)}
    assert {day for day, who in people.items() if who in due} == days
    assert await preview_of(cottage, id) == due
    await wait(cottage, hours=3)
    assert len(await processed(cottage, id)) == len(due)


async def test_the_preview_of_a_scope_shows_people_at_any_time(house: House) -> None:
    at = MONDAY + timedelta(days=7)
    (alice,) = await house.people("alice", department="Sales", employee_hire_date=at)
    await house.people("old", department="Sales", employee_hire_date=at - timedelta(days=30))
    wanted = conditions(
        "timeBasedAttributeTrigger", timeBasedAttribute="employeeHireDate", offsetInDays=-7
    )
    id = await house.workflow(task(ENABLE, "Enable"), executionConditions=wanted)
    on_demand = await house.workflow(task(ENABLE, "Enable"), executionConditions=ON_DEMAND)

    (shown,) = await house.values(f"workflows/{id}/previewScope")
    assert (shown["@odata.type"], shown["id"]) == ("#microsoft.graph.user", alice)
    assert (await house.get(f"workflows/{id}/previewScope?$count=true"))["@odata.count"] == 1
    count = await house.api.get(f"{ROOT}/workflows/{id}/previewScope/$count")
    assert count.text == "1"
    assert (await house.get(f"workflows/{id}/previewScope/{alice}"))["id"] == alice
    assert await house.values(f"workflows/{on_demand}/previewScope") == []
    await house.get("workflows/00000000-0000-4000-8000-000000000000/previewScope", status=404)
    listed = await house.values("workflows?$expand=previewScope($select=id)")
    assert {one["id"]: [who["id"] for who in one["previewScope"]] for one in listed} == {
        id: [alice],
        on_demand: [],
    }
    assert "previewScope" not in await house.get(f"workflows/{id}")
    await house.api.delete(f"{ROOT}/workflows/{id}")
    (shown,) = await house.values(f"deletedItems/workflows/{id}/previewScope")
    assert shown["id"] == alice


@pytest.mark.parametrize(
    ("wanted", "place", "words"),
    [
        (attributes("department", "jobTitel"), "triggerAttributes/1/name", "'jobTitle'"),
        (attributes("otherMails"), "triggerAttributes/0/name", "single value"),
        (attributes(), "triggerAttributes", "at least one"),
        (conditions("guestSponsorTrigger", minimumRequiredSponsors=0), "minimum", "at least 1"),
        (dated("operatorEqualTo", "on", "department", offsetInDays=0), "attribute", "a date"),
        (
            dated("operatorBetween", "after", greaterThanOffsetInDays=1, lessThanOffsetInDays=2),
            "operator/lessThanOffsetInDays",
            "so that a day lies",
        ),
    ],
)
async def test_a_trigger_that_could_never_fire_is_refused(
    cottage: House, wanted: Any, place: str, words: str
) -> None:
    body = workflow(task(ENABLE, "Enable"), executionConditions=wanted)
    reply = await cottage.post("workflows", body, status=400)
    assert reply["error"]["code"] == "invalidTrigger"
    assert f"executionConditions/trigger/{place}" in reply["error"]["message"]
    assert words in reply["error"]["message"]
