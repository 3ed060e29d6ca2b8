"""What tests of schedules share: people, time that passes, and what became of whom."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from msgspec.structs import replace

from ostiary.directory.model import User
from ostiary.directory.service.people import People
from ostiary.durable.worker import Worker
from ostiary.lifecycle.work import handlers
from tests.lifecycle.house import ADMINISTRATOR, ROOT, House

NS = "#microsoft.graph.identityGovernance."


async def hire(house: House, alias: str, at: datetime, department: str = "Sales") -> str:
    (id,) = await house.people(alias, employee_hire_date=at, department=department)
    return id


async def change(house: House, id: str, **properties: Any) -> None:
    def changed(user: User) -> User:
        return replace(user, **properties)

    now = house.clock.now()
    await People(house.database).update(id, changed, now=now, actor=ADMINISTRATOR)


async def patch(house: House, path: str, body: Any) -> None:
    reply = await house.api.patch(f"{ROOT}/{path}", json=body)
    assert reply.status_code == 204, reply.text


async def only(house: House, kind: str) -> None:
    """Handle what is due of one kind of work, and nothing else."""
    chosen = [handler for handler in handlers(house.registry) if handler.kind == kind]
    await Worker(house.database, house.clock, chosen, node="other").settle()


async def wait(house: House, **duration: Any) -> None:
    """Let time pass, and do at its end what has become due."""
    house.clock.advance(**duration)
    await house.settle()


async def processed(house: House, id: str) -> list[tuple[str, str]]:
    """Give whom the schedule has processed, with what became of them."""
    path = f"workflows/{id}/userProcessingResults"
    found = await house.values(path)
    assert {one["workflowExecutionType"] for one in found} <= {"scheduled"}
    return [(one["subject"]["id"], one["processingStatus"]) for one in found]


async def scope_of(house: House, id: str) -> dict[str, str]:
    found = await house.values(f"workflows/{id}/executionScope")
    return {one["subject"]["id"]: one["processingStatus"] for one in found}


async def next_run(house: House, id: str) -> Any:
    return (await house.get(f"workflows/{id}"))["nextScheduleRunDateTime"]


def conditions(
    trigger: str, *, rule: str = "department eq 'Sales'", **of_trigger: Any
) -> dict[str, Any]:
    """Give execution conditions with a rule and a trigger, as a request has them."""
    return {
        "@odata.type": f"{NS}triggerAndScopeBasedConditions",
        "scope": {"@odata.type": f"{NS}ruleBasedSubjectSet", "rule": rule},
        "trigger": {"@odata.type": f"{NS}{trigger}", **of_trigger},
    }
