"""Assignments that end soon: extensions are called, people are told, access stays as it is."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from ostiary.durable.tables import work
from ostiary.entitlement.process import kinds, timers
from ostiary.entitlement.store import assignments as assignment_store
from tests.entitlement.house import ASSIGNMENT_EXTENSION, GRAPH, House, extension

FOURTEEN = "assignmentFourteenDaysBeforeExpiration"
ONE = "assignmentOneDayBeforeExpiration"
THIRTY_DAYS = {"type": "afterDuration", "duration": "P30D"}


async def make_extension(house: House, catalog: str, name: str = "reminder") -> str:
    """Create an extension that is called before assignments end."""
    body = extension(house.endpoint.url, wait=None, displayName=name)
    body["@odata.type"] = ASSIGNMENT_EXTENSION
    made = await house.post(f"catalogs/{catalog}/customWorkflowExtensions", body)
    return str(made["id"])


def calls(*pairs: tuple[str, str]) -> list[dict[str, Any]]:
    kind = {"@odata.type": ASSIGNMENT_EXTENSION}
    return [{"stage": stage, "customExtension": {**kind, "id": id_}} for stage, id_ in pairs]


class Held:
    """An assignment of ada's that ends, and everything about it."""

    def __init__(self, house: House) -> None:
        self.house = house

    async def begin(
        self,
        *stages: str,
        expiration: dict[str, Any] = THIRTY_DAYS,
        names: tuple[str, ...] = ("reminder",),
        **changes: Any,
    ) -> Held:
        """Assign a package whose policy calls each extension at each of these stages."""
        house = self.house
        self.ada = await house.person("ada")
        self.catalog, self.group = await house.catalog(), await house.group("sales")
        self.package = await house.package(self.catalog, self.group)
        made = [await make_extension(house, self.catalog, name) for name in names]
        settings = calls(*((stage, one) for stage in stages for one in made))
        self.policy = await house.policy(
            self.package, customExtensionStageSettings=settings, expiration=expiration, **changes
        )
        self.request = await house.assign(self.ada, self.package, self.policy)
        await house.settle()
        self.assignment = (await house.assignment_of(self.request))["id"]
        return self

    async def shown(self) -> dict[str, Any]:
        """Read the assignment."""
        return dict(await self.house.get(f"assignments/{self.assignment}"))

    async def is_member(self) -> bool:
        """Say whether ada has the access."""
        return self.ada in await self.house.members(self.group)

    async def pass_by(self, **duration: float) -> None:
        """Let time pass, hour by hour where something may happen."""
        self.house.clock.advance(**duration)
        await self.house.settle()

    def told(self) -> list[str]:
        """Give the stages that the endpoint was called at."""
        return [call.json()["Stage"] for call in self.house.endpoint.calls]

    async def end_at(self, **after: float) -> None:
        """Move the end of the assignment, as a request for a change does."""
        from msgspec.structs import replace

        house = self.house
        async with house.database.transaction() as conn:
            held = (await assignment_store.lock(conn, [self.assignment]))[self.assignment]
            now = house.clock.now()
            moved = replace(held, ends_at=now + timedelta(**after) if after else None)
            await assignment_store.save(conn, [moved])
            await timers.rearm(conn, [moved], now=now)

    async def timers(self) -> int:
        """Count the reminders that are still to come."""
        async with self.house.database.reading() as conn:
            query = select(work.c.id).where(work.c.kind == kinds.ASSIGNMENT_REMINDS)
            return len((await conn.execute(query)).all())


@pytest.fixture
def held(house: House) -> Held:
    """An assignment that has not begun yet."""
    return Held(house)


async def test_both_stages_are_called_and_mailed_each_at_its_time(held: Held) -> None:
    await held.begin(FOURTEEN, ONE)

    await held.pass_by(days=15, hours=23)
    assert held.told() == []
    await held.pass_by(hours=1)
    assert held.told() == [FOURTEEN]
    await held.pass_by(days=12, hours=23)
    assert held.told() == [FOURTEEN]
    await held.pass_by(hours=1)
    assert held.told() == [FOURTEEN, ONE]

    assert await held.is_member()
    assert (await held.shown())["status"] == "NearExpiry1DayNotificationTriggered"
    await held.pass_by(days=1)
    assert not await held.is_member()
    assert (await held.shown())["status"] == "ExpiredNotificationTriggered"
    assert held.told() == [FOURTEEN, ONE]
    assert await held.house.told() == [
        ("ada", "access-granted"),
        ("ada", "access-expires-soon"),
        ("ada", "access-expires-soon"),
        ("ada", "access-expired"),
    ]
    first, second = await held.house.mails(held.assignment)
    assert "ends in 14 days, on February 4, 2026, 09:00 UTC" in (first.text or "")
    assert "ends in one day, on February 4, 2026, 09:00 UTC" in (second.text or "")


async def test_an_endpoint_is_told_of_the_assignment_and_of_the_request_that_gave_it(
    held: Held,
) -> None:
    await held.begin(FOURTEEN)
    await held.pass_by(days=16)

    (call,) = held.house.endpoint.calls
    told = call.json()
    shown = await held.shown()
    (instance,) = shown["customExtensionCalloutInstances"]
    assert told == {
        "AccessPackageAssignmentRequestId": held.request,
        "CustomExtensionStageInstanceId": instance["id"],
        "Stage": FOURTEEN,
        "AccessPackage": {"Id": held.package, "DisplayName": "Sales"},
        "AccessPackageCatalog": {"Id": held.catalog, "DisplayName": "Sales"},
        "Assignment": {
            "Id": held.assignment,
            "State": "delivered",
            "Status": "Delivered",
            "Target": {
                "Id": held.ada,
                "ObjectId": held.ada,
                "DisplayName": "Ada",
                "Email": "ada@contoso.example",
                "PrincipalName": "ada@contoso.example",
            },
        },
        "Requestor": {"Id": held.ada, "ObjectId": held.ada, "DisplayName": "Ada"},
    }
    assert instance["status"] == "calloutSent"


async def test_extensions_of_a_stage_are_called_in_order_and_a_failure_stops_none(
    held: Held,
) -> None:
    await held.begin(FOURTEEN, names=("first", "second", "third"))
    held.house.endpoint.always(500)
    await held.pass_by(days=16)
    await held.house.settle()

    shown = (await held.shown())["customExtensionCalloutInstances"]
    assert [one["status"] for one in shown] == ["calloutFailed"] * 3
    assert len(held.told()) == 3
    assert await held.is_member()
    assert (await held.shown())["state"] == "delivered"


@pytest.mark.parametrize(("days", "stages"), [(14, [ONE]), (7, [ONE]), (1, [])])
async def test_stages_that_lie_before_the_beginning_are_missed(
    held: Held, days: int, stages: list[str]
) -> None:
    await held.begin(FOURTEEN, ONE, expiration={"type": "afterDuration", "duration": f"P{days}D"})

    for _ in range(days + 1):
        await held.pass_by(days=1)

    assert held.told() == stages
    mailed = [template for _, template in await held.house.told()]
    assert mailed.count("access-expires-soon") == len(stages)


async def test_a_server_that_was_away_tells_late_but_not_of_a_stage_that_another_followed(
    held: Held,
) -> None:
    await held.begin(FOURTEEN, ONE)

    held.house.clock.advance(days=20)
    await held.house.settle()
    (mail,) = await held.house.mails(held.assignment)
    assert "in 10 days" in (mail.text or "")

    held.house.clock.advance(days=9, hours=12)
    await held.house.settle()
    assert held.told() == [FOURTEEN, ONE]


async def test_a_moved_end_is_told_of_anew_and_the_same_end_never_twice(held: Held) -> None:
    await held.begin(FOURTEEN, ONE)
    await held.pass_by(days=10)
    await held.end_at(days=30)
    await held.end_at(days=20)
    assert await held.timers() == 2
    await held.pass_by(days=6)
    await held.pass_by(days=13)
    assert held.told() == [FOURTEEN, ONE]

    await held.end_at(days=1)  # the end that it has
    await held.pass_by(hours=12)
    assert held.told() == [FOURTEEN, ONE]
    assert (await held.shown())["status"] == "NearExpiry1DayNotificationTriggered"

    await held.end_at(days=30)
    assert (await held.shown())["status"] == "Delivered"
    await held.pass_by(days=16)
    await held.pass_by(days=13)
    assert held.told() == [FOURTEEN, ONE] * 2


async def test_a_reminder_that_runs_twice_is_told_once(held: Held) -> None:
    await held.begin(FOURTEEN)
    async with held.house.database.transaction() as conn:
        lock = await assignment_store.lock(conn, [held.assignment])
        await timers.arm(conn, list(lock.values()), now=held.house.clock.now())
    assert await held.timers() == 4

    await held.pass_by(days=16)

    assert held.told() == [FOURTEEN]
    assert len(await held.house.mails(held.assignment)) == 1


async def test_an_assignment_that_no_longer_ends_is_not_told_of(held: Held) -> None:
    await held.begin(FOURTEEN, ONE)
    assert await held.timers() == 2

    await held.end_at()
    assert await held.timers() == 0
    await held.pass_by(days=40)

    assert held.told() == []
    assert await held.is_member()


async def test_reminders_are_withdrawn_with_the_access(held: Held) -> None:
    await held.begin(FOURTEEN, ONE)

    await held.house.remove(held.assignment)
    await held.house.settle()
    assert await held.timers() == 0

    await held.pass_by(days=40)
    assert held.told() == []


async def test_extensions_are_those_that_the_policy_names_when_the_stage_comes(held: Held) -> None:
    await held.begin()
    late = await make_extension(held.house, held.catalog, "late")
    shown = await held.house.get(f"assignmentPolicies/{held.policy}?$expand=accessPackage")
    body = {
        **{k: v for k, v in shown.items() if not k.startswith("@") and v is not None},
        "accessPackage": {"id": held.package},
        "customExtensionStageSettings": calls((FOURTEEN, late)),
    }
    for name in ("createdDateTime", "modifiedDateTime", "createdBy", "modifiedBy"):
        body.pop(name, None)
    await held.house.call("PUT", f"assignmentPolicies/{held.policy}", body, status=200)

    await held.pass_by(days=16)

    assert held.told() == [FOURTEEN]


async def test_nobody_can_answer_a_reminder(held: Held) -> None:
    await held.begin(FOURTEEN)
    await held.pass_by(days=16)
    (call,) = held.house.endpoint.calls

    told = call.json()
    assert "CallbackUriPath" not in told
    data = {
        "@odata.type": f"{GRAPH}accessPackageAssignmentRequestCallbackData",
        "customExtensionStageInstanceId": told["CustomExtensionStageInstanceId"],
        "stage": FOURTEEN,
    }
    body = {"source": "x", "type": "y", "data": data}
    await held.house.post(f"assignmentRequests/{held.request}/resume", body, status=400)
