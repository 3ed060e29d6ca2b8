"""Execution limits: they hold back every kind of run, and nothing is done for anybody."""

from __future__ import annotations

from typing import Any

import pytest

from ostiary.directory import store
from tests.lifecycle.counting import check_everything
from tests.lifecycle.house import DISABLE, ENABLE, ROOT, House, task, workflow

NS = "#microsoft.graph.identityGovernance."
UNKNOWN = {"Prefer": "include-unknown-enum-members"}


def count(threshold: int) -> dict[str, Any]:
    return {"@odata.type": f"{NS}countBasedQuarantineCondition", "threshold": threshold}


def percentage(percentage: int) -> dict[str, Any]:
    return {"@odata.type": f"{NS}percentageBasedQuarantineCondition", "percentage": percentage}


def limit(*conditions: dict[str, Any], mode: str = "any") -> dict[str, Any]:
    return {"quarantineConfiguration": {"matchMode": mode, "conditions": list(conditions)}}


async def activate(house: House, id: str, *people: str, status: int = 204) -> Any:
    body = {"subjects": [{"id": person} for person in people]}
    return await house.post(f"workflows/{id}/activate", body, status=status)


async def enabled(house: House, person: str) -> bool:
    async with house.database.reading() as conn:
        return (await store.people(conn, [person]))[person].account_enabled


async def test_a_run_beyond_the_limit_is_held_back_and_its_workflow_quarantined(
    house: House,
) -> None:
    people = await house.people("alice", "bob", "carol")
    id = await house.workflow(task(DISABLE, "Disable"), settings=limit(count(2)))

    error = (await activate(house, id, *people, status=400))["error"]

    assert error["code"] == "workflowQuarantined"
    assert "3 people; the limit is 2 people" in error["message"]
    await house.settle()
    assert all([await enabled(house, person) for person in people])
    shown = await house.get(f"workflows/{id}")
    details = shown["quarantineDetails"]
    assert details["quarantineType"] == "countBasedThresholdExceeded"
    assert details["quarantinedDateTime"] == "2026-01-05T09:00:00Z"
    assert "the limit is 2 people" in details["quarantineReason"]
    (run,) = (await house.get(f"workflows/{id}/runs", headers={**house.api.headers, **UNKNOWN}))[
        "value"
    ]
    assert (run["processingStatus"], run["totalUsersCount"]) == ("quarantined", 3)
    await check_everything(house.database)


async def test_the_limit_itself_is_allowed(house: House) -> None:
    people = await house.people("alice", "bob")
    id = await house.workflow(task(DISABLE, "Disable"), settings=limit(count(2)))

    await activate(house, id, *people)

    assert (await house.get(f"workflows/{id}"))["settings"] == limit(count(2))


async def test_a_quarantined_workflow_runs_for_nobody_until_it_is_cleared(house: House) -> None:
    people = await house.people("alice", "bob")
    id = await house.workflow(task(DISABLE, "Disable"), settings=limit(count(1)))
    await activate(house, id, *people, status=400)

    await activate(house, id, people[0], status=400)
    scope = {"@odata.type": f"{NS}activateUserScope", "users": [{"id": people[0]}]}
    await house.post(f"workflows/{id}/activateWithScope", {"scope": scope}, status=400)
    cleared = await house.post(f"workflows/{id}/clearQuarantine", None, status=200)

    assert cleared["quarantineDetails"] == {
        "quarantinedDateTime": None,
        "quarantineReason": None,
        "quarantineType": "notQuarantined",
    }
    await house.settle()
    assert await enabled(house, people[0])
    await activate(house, id, people[0])
    await house.settle()
    assert not await enabled(house, people[0])


async def test_the_run_that_was_held_back_can_be_released_as_a_whole(house: House) -> None:
    people = await house.people("alice", "bob")
    id = await house.workflow(task(DISABLE, "Disable"), settings=limit(count(1)))
    await activate(house, id, *people, status=400)
    (held,) = await house.values(f"workflows/{id}/runs")
    scope = {
        "@odata.type": f"{NS}activateRunScope",
        "run": {"id": held["id"]},
        "taskScope": "allTasks",
        "userScope": "allUsers",
    }

    await house.post(f"workflows/{id}/activateWithScope", {"scope": scope}, status=204)
    await house.settle()

    assert not any([await enabled(house, person) for person in people])
    shown = await house.get(f"workflows/{id}")
    assert shown["quarantineDetails"]["quarantineType"] != "notQuarantined"
    await check_everything(house.database)


async def test_the_tenants_limit_holds_where_a_workflow_has_none(house: House) -> None:
    people = await house.people("alice", "bob")
    free = await house.workflow(task(DISABLE, "Disable"), settings=limit(count(5)))
    bound = await house.workflow(task(DISABLE, "Disable"))
    await house.api.patch(f"{ROOT}/settings", json=limit(count(1)))

    await activate(house, free, *people)
    await activate(house, bound, *people, status=400)


@pytest.mark.parametrize(
    ("configuration", "kind"),
    [
        (limit(percentage(40)), "percentageBasedThresholdExceeded"),
        (limit(percentage(50)), None),
        (limit(count(1), percentage(40), mode="all"), "multipleConditionsExceeded"),
        (limit(count(1), percentage(90), mode="all"), None),
        (limit(count(1), percentage(90)), "countBasedThresholdExceeded"),
        (limit(count(1), percentage(40)), "multipleConditionsExceeded"),
    ],
)
async def test_percentages_are_of_the_enabled_people(
    cottage: House, configuration: dict[str, Any], kind: str | None
) -> None:
    people = await cottage.people("alice", "bob", "carol", "dave")
    await cottage.people("gone", account_enabled=False)
    id = await cottage.workflow(task(ENABLE, "Enable"), settings=configuration)

    await activate(cottage, id, *people[:2], status=400 if kind else 204)

    shown = await cottage.get(f"workflows/{id}")
    assert shown["quarantineDetails"]["quarantineType"] == (kind or "notQuarantined")


async def test_a_preview_is_never_held_back(cottage: House) -> None:
    people = await cottage.people("alice", "bob")
    id = await cottage.workflow(task(DISABLE, "Disable"), settings=limit(count(1)))
    body = {"subjects": [{"id": person} for person in people]}

    await cottage.post(f"workflows/{id}/previewWorkflow", body, status=204)


async def test_a_limit_is_changed_in_place_and_kept_by_a_new_version(house: House) -> None:
    id = await house.workflow(task(DISABLE, "Disable"))

    reply = await house.api.patch(f"{ROOT}/workflows/{id}", json={"settings": limit(count(7))})

    assert reply.status_code == 204, reply.text
    shown = await house.get(f"workflows/{id}")
    assert (shown["version"], shown["settings"]) == (1, limit(count(7)))
    draft = workflow(task(DISABLE, "Disable"), settings=limit(count(9)))
    await house.post(f"workflows/{id}/createNewVersion", {"workflow": draft}, status=200)
    second, first = await house.values(f"workflows/{id}/versions")
    assert (first["settings"], second["settings"]) == (limit(count(7)), limit(count(9)))


async def test_a_limit_that_makes_no_sense_is_refused(cottage: House) -> None:
    body = workflow(task(DISABLE, "Disable"), settings=limit(count(0)))

    error = (await cottage.post("workflows", body, status=400))["error"]

    assert error["target"] == "settings/quarantineConfiguration/conditions/0/threshold"
