"""Callouts on the command line: found by filters, shown with their ledger, sent again."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.durable import queue, recurring
from ostiary.durable.items import NewWork
from ostiary.durable.tables import work
from ostiary.extensions import ledger, store
from ostiary.extensions.callouts import Callout, CalloutStatus, Outcome
from ostiary.extensions.effects import CALLOUT
from ostiary.extensions.ledger import Entry
from tests.cli.commands import Commands, in_data
from tests.support.clocks import MONDAY

WAITING = "957d0c50-466b-4840-bb5b-c92cea714100"
ANSWERED = "957d0c50-466b-4840-bb5b-c92cea714101"
UNSENT = "957d0c50-466b-4840-bb5b-c92cea714102"
REQUEST = "0e60f18c-b2a0-4887-9da8-da2e30a39d99"

OPEN = work.c.dead_at.is_(None) & (work.c.key != recurring.KEY)


def make_callout(id: str, status: CalloutStatus, **more: Any) -> Callout:
    """Make a callout of a request of its own, unless another is named."""
    made: dict[str, Any] = {
        "owner_kind": "assignmentRequest",
        "owner_id": id[:-3] + "fff",
        "extension_id": id[:-3] + "eee",
        "stage": "assignmentRequestCreated",
        "waits": True,
        "timeout": timedelta(hours=1),
        "deadline": MONDAY + timedelta(hours=1),
        "created_at": MONDAY,
    }
    return Callout(id=id, status=status, **{**made, **more})


@pytest.fixture(autouse=True)
def _callouts(data_dir: Path) -> None:
    """Three callouts: one waits, one was answered, one could not be sent and its work is dead."""
    waiting = make_callout(WAITING, CalloutStatus.WAITING_FOR_CALLBACK, owner_id=REQUEST)
    answered = make_callout(
        ANSWERED,
        CalloutStatus.CALLBACK_RECEIVED,
        outcome=Outcome.RESUMED,
        answer={"verdict": "continue"},
        created_at=MONDAY + timedelta(minutes=1),
    )
    unsent = make_callout(
        UNSENT, CalloutStatus.CALLOUT_SENT, created_at=MONDAY + timedelta(minutes=2)
    )
    taken = Entry(
        callout_id=WAITING,
        owner_kind="assignmentRequest",
        owner_id=REQUEST,
        direction="out",
        at=MONDAY,
        result="taken",
        status=202,
        url="http://127.0.0.1:9000/check",
        duration_ms=12,
    )
    stray = Entry(
        callout_id=None,
        owner_kind="assignmentRequest",
        owner_id=REQUEST,
        direction="in",
        at=MONDAY,
        result="refused",
        label="unknownInstance",
        caller="somebody",
    )

    async def fill(conn: AsyncConnection) -> None:
        await store.add(conn, [waiting, answered, unsent])
        await ledger.write(conn, [taken, stray])
        await queue.put(conn, [NewWork(kind=CALLOUT, key=UNSENT, due_at=MONDAY)])
        values = {"dead_at": MONDAY, "last_error": "it broke", "attempts": 9}
        await conn.execute(work.update().values(values))

    in_data(data_dir, fill)


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ([], [UNSENT, ANSWERED, WAITING]),
        (["--open"], [UNSENT, WAITING]),
        (["--ended"], [ANSWERED]),
        (["--status", "waitingforcallback", "--status", "callbackReceived"], [ANSWERED, WAITING]),
        (["--owner", REQUEST.upper()], [WAITING]),
        (["--extension", WAITING[:-3] + "eee", "--limit", "1"], [UNSENT]),
        (["--extension", "nobody's"], []),
    ],
)
def test_a_list_holds_the_latest_callouts_that_fit(
    ostiary: Commands, filters: list[str], found: list[str]
) -> None:
    listed = ostiary("callouts", "list", "--json", *filters).json

    assert [one["id"] for one in listed] == found


def test_a_list_for_other_programs_is_columns(ostiary: Commands) -> None:
    lines = ostiary("callouts", "list", "--owner", REQUEST).out.splitlines()

    assert [line.split("\t")[:2] for line in lines] == [[WAITING, "waitingForCallback"]]


def test_a_callout_is_shown_with_every_line_of_its_ledger(ostiary: Commands) -> None:
    shown = ostiary("callouts", "show", WAITING, "--json").json

    assert shown["deadline"] == "2026-01-05T10:00:00Z"
    assert [(one["direction"], one["result"], one["label"]) for one in shown["ledger"]] == [
        ("call", "taken", None),
        ("answer", "refused", "unknownInstance"),
    ]


def test_a_callout_is_shown_for_a_person(ostiary: Commands) -> None:
    page = ostiary("callouts", "show", WAITING).out

    assert f"request {REQUEST}" in page
    assert "waitingForCallback" in page
    assert "http://127.0.0.1:9000/check" in page


def test_work_that_has_failed_for_good_is_shown(ostiary: Commands) -> None:
    shown = ostiary("callouts", "show", UNSENT, "--json").json

    assert [one["lastError"] for one in shown["failedWork"]] == ["it broke"]


def test_an_unknown_callout_is_not_shown(ostiary: Commands) -> None:
    result = ostiary("callouts", "show", REQUEST)

    assert (result.code, result.out) == (1, "")


def test_open_callouts_are_ordered_to_be_sent_again(ostiary: Commands, data_dir: Path) -> None:
    result = ostiary("callouts", "replay", WAITING, UNSENT, "--json")

    async def open_work(conn: AsyncConnection) -> list[tuple[str, bool]]:
        rows = await conn.execute(select(work).where(OPEN))
        return [(row.key, "replay" in row.payload) for row in rows]

    assert result.json == {"replayed": [WAITING, UNSENT], "workPutBack": 1}
    assert sorted(in_data(data_dir, open_work)) == [(WAITING, True), (UNSENT, False)]


@pytest.mark.parametrize("other", [ANSWERED, REQUEST])
def test_nothing_is_sent_again_when_one_of_them_has_ended_or_is_unknown(
    ostiary: Commands, data_dir: Path, other: str
) -> None:
    result = ostiary("callouts", "replay", WAITING, other)

    async def open_work(conn: AsyncConnection) -> int:
        rows = await conn.execute(select(work.c.id).where(OPEN))
        return len(rows.all())

    assert result.code == 1
    assert other in result.err
    assert ("ask again" in result.err) == (other == ANSWERED)
    assert in_data(data_dir, open_work) == 0
