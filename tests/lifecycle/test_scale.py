"""Many people at once: statements do not grow with them, and nodes do not hinder each other."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.durable import queue
from ostiary.durable.worker import Worker
from ostiary.lifecycle import names, tables, work
from ostiary.lifecycle.model import WorkflowExecutionType as ExecutionType
from ostiary.lifecycle.service import starting
from ostiary.lifecycle.service.settling import PORTION
from ostiary.lifecycle.service.starting import Start
from ostiary.lifecycle.store import choices
from ostiary.lifecycle.store import workflows as store
from ostiary.lifecycle.tasks.registry import Registry, built_in
from tests.lifecycle.counting import check_everything, rows_of
from tests.lifecycle.house import (
    ADD_TO_GROUPS,
    CUSTOM,
    DISABLE,
    ENABLE,
    ROOT,
    House,
    failing,
    task,
)


async def start(house: House, workflow_id: str, people: list[str]) -> str:
    """Queue a run for more people than an activation may name."""
    async with house.database.transaction() as conn:
        row = await store.workflow_row(conn, workflow_id)
        assert row is not None
        wanted = Start(
            workflow=row,
            people=choices.named(people),
            execution_type=ExecutionType.ON_DEMAND,
        )
        started = await starting.start(conn, wanted, now=house.clock.now())
    assert started.run_id is not None
    return started.run_id


@contextmanager
def counted(conn: AsyncConnection) -> Iterator[list[str]]:
    """Collect the statements that are executed."""
    statements: list[str] = []

    def note(*args: object) -> None:
        statements.append(str(args[2]))

    assert conn.sync_connection is not None
    event.listen(conn.sync_connection, "before_cursor_execute", note)
    yield statements
    event.remove(conn.sync_connection, "before_cursor_execute", note)


async def cost(house: House, kind: str, limit: int) -> int:
    """Handle so many items of a kind as one batch; give the number of statements."""
    now = house.clock.now()
    handler = next(h for h in work.handlers(Registry(built_in())) if h.kind == kind)
    async with house.database.transaction() as conn:
        items = await queue.pick(conn, kind=kind, limit=limit, now=now)
        assert items
        with counted(conn) as statements:
            await handler.handle(conn, items, now)
        await queue.done(conn, items)
    return len(statements)


async def test_a_batch_takes_as_many_statements_as_one_person(house: House) -> None:
    staff = await house.group("Staff")
    extension = await house.extension()
    workflow = await house.workflow(
        task(ENABLE, "Enable"),
        task(ADD_TO_GROUPS, "Staff", groupID=staff),
        task(CUSTOM, "Call", customTaskExtensionID=extension),
    )
    few = await house.people("one")
    many = await house.people(*(f"person{i}" for i in range(120)))
    costs = []
    for people in (few, many):
        await start(house, workflow, people)
        costs.append(
            [await cost(house, names.RUN_START, 1)]
            + [await cost(house, kind, 500) for kind in (names.TASK_RUN, *2 * [names.TASK_NEXT])]
        )

    assert costs[0] == costs[1]
    await check_everything(house.database)


async def test_a_run_is_laid_out_and_canceled_in_portions(house: House) -> None:
    workflow = await house.workflow(task(ENABLE, "Enable"), task(DISABLE, "Disable"))
    people = await house.people(*(f"person{i}" for i in range(PORTION + 7)))
    run = await start(house, workflow, people)

    await cost(house, names.RUN_START, 1)

    rows = await rows_of(house.database, tables.user_processing_results)
    assert sum(row["laid_out"] for row in rows) == PORTION
    scope = {"runs": [{"id": run}]}
    await house.post(f"workflows/{workflow}/cancelProcessing", {"scope": scope}, status=204)
    await cost(house, names.RUN_CANCEL, 1)
    await check_everything(house.database)
    shown = await house.get(f"workflows/{workflow}/runs/{run}")
    assert shown["processingStatus"] == "unknownFutureValue"
    await house.settle()

    await check_everything(house.database)
    shown = await house.get(f"workflows/{workflow}/runs/{run}")
    assert shown["processingStatus"] == "canceled"
    assert shown["totalUnprocessedTasksCount"] == 2 * len(people)


async def test_disabling_in_the_middle_of_a_run_lets_those_finish_who_have_started(
    house: House,
) -> None:
    workflow = await house.workflow(task(ENABLE, "Enable"), task(DISABLE, "Disable"))
    people = await house.people(*(f"person{i}" for i in range(PORTION + 7)))
    run = await start(house, workflow, people)
    await cost(house, names.RUN_START, 1)
    await cost(house, names.TASK_RUN, 100)

    await house.api.patch(f"{ROOT}/workflows/{workflow}", json={"isEnabled": False})
    await house.settle()

    await check_everything(house.database)
    shown = await house.get(f"workflows/{workflow}/runs/{run}")
    assert (shown["processingStatus"], shown["successfulUsersCount"]) == ("completed", 100)
    assert shown["totalUnprocessedTasksCount"] == 2 * (len(people) - 100)


async def test_two_nodes_answers_and_a_cancellation_race_and_the_sums_are_right(
    house: House,
) -> None:
    extension = await house.extension()
    workflow = await house.workflow(
        task(ENABLE, "Enable"),
        failing("Fail", go_on=True),
        task(CUSTOM, "Call", customTaskExtensionID=extension),
        task(DISABLE, "Disable"),
    )
    people = await house.people(*(f"person{i}" for i in range(60)))
    runs = [await start(house, workflow, people) for _ in range(2)]
    handlers = [*work.handlers(Registry(built_in())), *house.callouts.handlers()]
    other = Worker(house.database, house.clock, handlers, node="other")

    async def cancel_one() -> None:
        await house.endpoint.got(20)
        body = {"scope": {"runs": [{"id": runs[0]}]}}
        await house.post(f"workflows/{workflow}/cancelProcessing", body, status=204)

    async def answer_everybody() -> None:
        await house.endpoint.got(10)
        calls = [call.json()["data"]["callbackUriPath"] for call in house.endpoint.calls]
        answer = {"data": {"operationStatus": "completed"}}
        replies = await asyncio.gather(
            *(house.api.post(f"/v1.0{path}", json=answer) for path in calls)
        )
        assert {reply.status_code for reply in replies} <= {204, 400}

    await asyncio.gather(house.worker.settle(), other.settle(), cancel_one(), answer_everybody())
    await house.settle()
    await check_everything(house.database)
    house.clock.advance(hours=1)
    await house.settle()

    await check_everything(house.database)
    first, second = [await house.get(f"workflows/{workflow}/runs/{run}") for run in runs]
    assert first["processingStatus"] == "canceled"
    assert second["processingStatus"] in ("failed", "completedWithErrors")
    assert (await house.api.get(f"{ROOT}/workflows/{workflow}/runs/$count")).text == "2"
