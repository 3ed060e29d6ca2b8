"""Launching, answering and canceling, on both databases."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from ostiary.durable import queue
from ostiary.durable.queue import NewWork
from ostiary.durable.tables import work
from ostiary.extensions import extension_store, ledger, service, store
from ostiary.extensions.callouts import Callout, CalloutStatus, Outcome, accepted
from ostiary.extensions.errors import (
    Contradicting,
    NotReplayable,
    NotWaiting,
    TooLate,
    UnknownInstance,
    WrongStage,
)
from ostiary.extensions.extensions import Extension
from ostiary.extensions.owners import Owners
from ostiary.extensions.service import Order, Resumes
from ostiary.graph.errors import BadRequest, DomainError, Forbidden, NotFound
from ostiary.storage.database import Database
from ostiary.storage.facts import read_fact
from tests.extensions.makers import CREATED, HOUR, make_answer, make_extension
from tests.extensions.owners import ScriptedOwner
from tests.support.clocks import MONDAY, FixedClock


@pytest.fixture
def owner() -> ScriptedOwner:
    """The owner of the callouts."""
    return ScriptedOwner()


@pytest.fixture
async def resumes(
    database: Database, clock: FixedClock, owner: ScriptedOwner
) -> AsyncIterator[Resumes]:
    """What takes the answers."""
    resumes = Resumes(database, clock, Owners([owner]))
    yield resumes
    await resumes.close()


@pytest.fixture
async def extension(database: Database) -> Extension:
    """An extension that waits for an hour."""
    return await add_extension(database)


async def add_extension(database: Database, **changes: Any) -> Extension:
    extension = make_extension(**changes)
    async with database.transaction() as conn:
        await extension_store.add(conn, extension)
    return extension


async def launch(
    database: Database, extension: Extension | str, *owner_ids: str, waits: bool = True
) -> list[str]:
    """Call out for each owner, and leave the calls to be made."""
    id_ = extension if isinstance(extension, str) else extension.id
    orders = [Order("scripted", o, id_, CREATED, waits) for o in owner_ids or ("owner-1",)]
    async with database.transaction() as conn:
        return await service.launch(conn, orders, now=MONDAY)


async def park(database: Database, extension: Extension, *owner_ids: str) -> list[str]:
    """Call out for each owner, and have the endpoints take the calls."""
    ids = await launch(database, extension, *owner_ids)
    async with database.transaction() as conn:
        held = await store.lock(conn, ids)
        await store.save(conn, [accepted(c, now=MONDAY) for c in held.values()])
    return ids


async def read(database: Database, id_: str) -> Callout:
    async with database.reading() as conn:
        return (await store.read(conn, [id_]))[id_]


async def entries(database: Database, owner_id: str = "owner-1") -> list[tuple[str, str | None]]:
    async with database.reading() as conn:
        found = await ledger.read(conn, [owner_id])
    return [(entry.result, entry.label) for entry in found]


async def work_items(database: Database) -> list[tuple[str, str]]:
    async with database.reading() as conn:
        rows = await conn.execute(select(work.c.kind, work.c.key).order_by(work.c.kind))
        return [(kind, key) for kind, key in rows]


async def test_a_launch_stores_the_wait_before_anything_is_sent(
    database: Database, extension: Extension
) -> None:
    ids = await launch(database, extension, "owner-1", "owner-2")

    first = await read(database, ids[0])
    assert (first.owner_id, first.stage, first.extension_id) == ("owner-1", CREATED, extension.id)
    assert (first.status, first.waits) == (CalloutStatus.CALLOUT_SENT, True)
    assert (first.timeout, first.deadline) == (HOUR, MONDAY + HOUR)
    assert first.sent_at is None
    assert sorted(await work_items(database)) == sorted(("callout", id_) for id_ in ids)


async def test_a_stage_may_have_no_use_for_an_answer(
    database: Database, extension: Extension
) -> None:
    (id_,) = await launch(database, extension, waits=False)

    callout = await read(database, id_)
    assert (callout.waits, callout.deadline) == (False, None)


async def test_an_extension_without_callback_is_launched_and_left(database: Database) -> None:
    extension = await add_extension(database, callback=None)

    (id_,) = await launch(database, extension)

    assert not (await read(database, id_)).waits


async def test_an_extension_that_is_gone_can_be_launched(database: Database) -> None:
    (id_,) = await launch(database, "b8d4fdd0-0000-4000-8000-000000000000")

    assert (await read(database, id_)).is_open


async def test_an_answer_ends_the_wait_and_its_owner_goes_on(
    database: Database, extension: Extension, resumes: Resumes, owner: ScriptedOwner
) -> None:
    (id_,) = await park(database, extension)

    callout = await resumes.submit(make_answer(callout_id=id_, detail="verified", source="Sod"))

    assert callout == await read(database, id_)
    assert (callout.status, callout.outcome) == (
        CalloutStatus.CALLBACK_RECEIVED,
        Outcome.RESUMED,
    )
    assert (callout.detail, callout.source) == ("verified", "Sod")
    assert owner.went_on == [callout]
    assert await entries(database) == [("accepted", None)]


async def test_an_answer_before_the_call_was_taken_counts(
    database: Database, extension: Extension, resumes: Resumes, owner: ScriptedOwner
) -> None:
    (id_,) = await launch(database, extension)

    await resumes.submit(make_answer(callout_id=id_))

    assert [c.id for c in owner.went_on] == [id_]


async def test_the_same_answer_again_changes_nothing(
    database: Database, extension: Extension, resumes: Resumes, owner: ScriptedOwner
) -> None:
    await park(database, extension)
    answer = make_answer(data={"a": [1, 2.5, None]}, detail="verified")
    first = await resumes.submit(answer)

    second = await resumes.submit(replace(answer, received_at=MONDAY + 2 * HOUR))

    assert first == second
    assert len(owner.went_on) == 1
    assert await entries(database) == [("accepted", None), ("repeated", None)]


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"callout_id": "957d0c50-466b-4840-bb5b-c92cea7141ff"}, UnknownInstance),
        ({"callout_id": "rubbish"}, UnknownInstance),
        ({"stage": "assignmentRequestGranted"}, WrongStage),
        ({"received_at": MONDAY + HOUR}, TooLate),
        ({"owner_id": "owner-2"}, NotWaiting),
        ({"owner_kind": "other"}, NotWaiting),
    ],
)
async def test_an_answer_that_does_not_fit_changes_nothing_and_is_kept(
    changes: dict[str, Any],
    error: type[DomainError],
    database: Database,
    extension: Extension,
    resumes: Resumes,
    owner: ScriptedOwner,
) -> None:
    (id_,) = await park(database, extension)
    before = await read(database, id_)

    with pytest.raises(error):
        await resumes.submit(make_answer(**changes))

    assert await read(database, id_) == before
    assert owner.went_on == []
    refused = await entries(database, changes.get("owner_id", "owner-1"))
    assert refused == [("refused", error.code)]


async def test_a_contradicting_answer_is_refused(
    database: Database, extension: Extension, resumes: Resumes, owner: ScriptedOwner
) -> None:
    (id_,) = await park(database, extension)
    await resumes.submit(make_answer())

    with pytest.raises(Contradicting):
        await resumes.submit(make_answer(verdict="deny"))

    assert (await read(database, id_)).outcome is Outcome.RESUMED
    assert await entries(database) == [("accepted", None), ("refused", Contradicting.code)]


async def test_the_owner_may_refuse_an_answer(
    database: Database, extension: Extension, resumes: Resumes, owner: ScriptedOwner
) -> None:
    await park(database, extension)
    owner.refuses["deny"] = BadRequest("No denial at this stage.")

    with pytest.raises(BadRequest, match="No denial"):
        await resumes.submit(make_answer(verdict="deny"))

    await resumes.submit(make_answer())
    assert await entries(database) == [("refused", "BadRequest"), ("accepted", None)]


async def test_of_answers_that_race_exactly_one_counts(
    database: Database, extension: Extension, resumes: Resumes, owner: ScriptedOwner
) -> None:
    (id_,) = await park(database, extension)
    answers = [make_answer(verdict=v) for v in ("deny", "continue") * 20]

    results = await asyncio.gather(
        *(resumes.submit(answer) for answer in answers), return_exceptions=True
    )

    stored = await read(database, id_)
    accepted = [r for r in results if isinstance(r, Callout)]
    assert len(owner.went_on) == 1
    assert len(accepted) == 20
    assert {r.outcome for r in accepted} == {stored.outcome}
    assert {type(r) for r in results} == {Callout, Contradicting}
    results_kept = [result for result, _ in await entries(database)]
    assert sorted(results_kept) == ["accepted"] + ["refused"] * 20 + ["repeated"] * 19


async def test_answers_on_two_nodes_race_as_well(
    database: Database, extension: Extension, clock: FixedClock
) -> None:
    ids = await park(database, extension, *(f"owner-{n}" for n in range(20)))
    owners = [ScriptedOwner(), ScriptedOwner()]
    nodes = [Resumes(database, clock, Owners([owner])) for owner in owners]

    results = await asyncio.gather(
        *(
            node.submit(make_answer(owner_id=f"owner-{n}", verdict=verdict))
            for n in range(20)
            for node, verdict in zip(nodes, ("continue", "deny"), strict=True)
        ),
        return_exceptions=True,
    )

    for node in nodes:
        await node.close()
    went_on = [c.id for owner in owners for c in owner.went_on]
    assert sorted(went_on) == sorted(ids)
    assert sum(isinstance(r, Callout) for r in results) == 20


async def test_an_owner_that_fails_fails_alone_and_leaves_no_trace(
    database: Database, extension: Extension, resumes: Resumes, owner: ScriptedOwner
) -> None:
    ids = await park(database, extension, "owner-1", "owner-2", "owner-3")
    owner.broken = {"owner-2"}

    results = await asyncio.gather(
        *(resumes.submit(make_answer(owner_id=f"owner-{n}")) for n in (1, 2, 3)),
        return_exceptions=True,
    )

    assert [type(result) for result in results] == [Callout, RuntimeError, Callout]
    assert (await read(database, ids[1])).is_open
    async with database.reading() as conn:
        assert await read_fact(conn, ids[1]) is None
        assert await read_fact(conn, ids[0]) == "resumed"


async def test_a_refusal_elsewhere_is_kept_too(database: Database, resumes: Resumes) -> None:
    await resumes.refuse(make_answer(), Forbidden())
    await resumes.refuse(make_answer(owner_id="no\x00such" + "x" * 500), NotFound())

    assert await entries(database) == [("refused", "Authorization_RequestDenied")]
    assert await entries(database, ("nosuch" + "x" * 500)[:36]) == [("refused", "ResourceNotFound")]


async def test_the_ledger_knows_the_caller_and_the_callout(
    database: Database, extension: Extension, resumes: Resumes
) -> None:
    (id_,) = await park(database, extension)

    with pytest.raises(WrongStage):
        await resumes.submit(make_answer(stage="other"))

    async with database.reading() as conn:
        (entry,) = await ledger.read(conn, ["owner-1"])
    assert (entry.callout_id, entry.direction, entry.at) == (id_, "in", MONDAY)
    assert (entry.caller, entry.caller_app) == (make_answer().caller.id, "an-app")


async def test_an_answer_takes_the_timer_away(
    database: Database, extension: Extension, resumes: Resumes
) -> None:
    (id_,) = await park(database, extension)
    async with database.transaction() as conn:
        await queue.put(conn, [NewWork(kind="callout.timeout", key=id_, due_at=MONDAY + HOUR)])

    await resumes.submit(make_answer())

    assert ("callout.timeout", id_) not in await work_items(database)


async def test_canceling_ends_the_open_callouts_of_an_owner(
    database: Database, extension: Extension, resumes: Resumes, owner: ScriptedOwner
) -> None:
    unsent, kept = await launch(database, extension, "owner-1", "owner-2")

    async with database.transaction() as conn:
        await service.cancel(conn, "scripted", ["owner-1"], now=MONDAY)
        await service.cancel(conn, "other", ["owner-2"], now=MONDAY)

    callout = await read(database, unsent)
    assert (callout.status, callout.outcome) == (CalloutStatus.CALLOUT_FAILED, Outcome.CANCELED)
    assert (await read(database, kept)).is_open
    assert await work_items(database) == [("callout", kept)]
    assert (owner.went_on, owner.went_without) == ([], [])
    with pytest.raises(BadRequest, match="canceled"):
        await resumes.submit(make_answer(callout_id=unsent))


async def test_only_an_open_callout_is_sent_again(
    database: Database, extension: Extension, resumes: Resumes
) -> None:
    waiting, answered = await park(database, extension, "owner-1", "owner-2")
    await resumes.submit(make_answer(owner_id="owner-2"))

    async with database.transaction() as conn:
        await service.replay(conn, [waiting], now=MONDAY)

    assert (await work_items(database)).count(("callout", waiting)) == 2
    for ids in ([answered], [waiting, answered], ["unknown"]):
        with pytest.raises(NotReplayable):
            async with database.transaction() as conn:
                await service.replay(conn, ids, now=MONDAY)


async def test_callouts_are_listed_by_owner_and_by_age(
    database: Database, extension: Extension, resumes: Resumes
) -> None:
    first, second = await park(database, extension, "owner-1", "owner-2")
    await resumes.submit(make_answer())

    async with database.reading() as conn:
        of_owners = await store.of_owners(conn, "scripted", ["owner-1", "owner-3"])
        still_open = await store.recent(conn, limit=10, is_open=True)
        ended = await store.recent(conn, limit=10, is_open=False)
        both = await store.recent(conn, limit=1)

    assert {owner: [c.id for c in found] for owner, found in of_owners.items()} == {
        "owner-1": [first]
    }
    assert ([c.id for c in still_open], [c.id for c in ended]) == ([second], [first])
    assert len(both) == 1


async def test_a_deadline_is_kept_to_the_microsecond(
    database: Database, extension: Extension
) -> None:
    odd = MONDAY + timedelta(microseconds=123_457)
    async with database.transaction() as conn:
        (id_,) = await service.launch(
            conn, [Order("scripted", "owner-1", extension.id, CREATED)], now=odd
        )

    assert (await read(database, id_)).deadline == odd + HOUR
