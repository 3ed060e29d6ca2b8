"""The health of endpoints on the command line: what waits, what is left alone, what to do."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.durable.tables import work
from ostiary.extensions import circuit_store, extension_store, store
from ostiary.extensions.callouts import CalloutStatus
from ostiary.extensions.circuits import Circuit
from ostiary.extensions.effects import CALLOUT, TIMEOUT
from ostiary.graph.values import write_instant
from ostiary.storage.ids import new_id
from tests.cli.commands import Commands, in_data
from tests.cli.test_callouts import make_callout
from tests.extensions.makers import make_extension

HOUR = timedelta(hours=1)
BROKEN, IDLE = "957d0c50-466b-4840-bb5b-c92cea7141ee", "957d0c50-466b-4840-bb5b-c92cea7141ff"


@pytest.fixture
def now(data_dir: Path) -> datetime:
    """Two extensions, one of which is left alone: of its callouts one stands in every place."""
    now = datetime.now(UTC).replace(microsecond=0)

    async def fill(conn: AsyncConnection) -> None:
        for id_, name in ((BROKEN, "sod-check"), (IDLE, "other")):
            await extension_store.add(conn, make_extension(id=id_, display_name=name))
        await _add(conn, CALLOUT, now - HOUR)
        await _add(conn, CALLOUT, now - HOUR, lease_until=now + HOUR, leased_by="serve-1")
        await _add(conn, CALLOUT, now - HOUR, dead_at=now, last_error="it broke")
        await _add(conn, TIMEOUT, now + HOUR)
        until = now + timedelta(minutes=2)
        circuit = Circuit(failures=7, opens_until=until, label="connect_failure")
        await circuit_store.note(conn, "serve-1", {BROKEN: circuit}, now=now)

    in_data(data_dir, fill)
    return now


async def _add(conn: AsyncConnection, kind: str, due_at: datetime, **values: Any) -> None:
    """Add a callout of the broken extension, with its work."""
    is_sent = kind == TIMEOUT
    status = CalloutStatus.WAITING_FOR_CALLBACK if is_sent else CalloutStatus.CALLOUT_SENT
    id_ = new_id()
    await store.add(conn, [make_callout(id_, status, extension_id=BROKEN)])
    row = {
        "id": new_id(),
        "kind": kind,
        "lane": "" if is_sent else BROKEN,
        "key": id_,
        "due_at": due_at,
        "attempts": 0,
        "payload": {},
    }
    await conn.execute(work.insert().values({**row, **values}))


def test_an_extension_with_trouble_is_told_with_all_that_waits_for_it(
    ostiary: Commands, now: datetime
) -> None:
    (told,) = ostiary("callouts", "health", "--json").json

    until = write_instant(now + timedelta(minutes=2))
    assert told.pop("overdue").startswith("PT1H")
    assert len(told.pop("advice")) == 2
    assert [node.pop("node") for node in told["nodes"]] == ["serve-1"]
    assert told == {
        "extensionId": BROKEN,
        "extension": "sod-check",
        "kind": "accessPackageAssignmentRequestWorkflowExtension",
        "host": "hooks.contoso.test",
        "circuit": "open",
        "until": until,
        "failures": 7,
        "lastFailure": "connect_failure",
        "toSend": 1,
        "sending": 1,
        "awaited": 1,
        "dead": 1,
        "oldestDue": write_instant(now - HOUR),
        "nodes": [
            {
                "circuit": "open",
                "opensUntil": until,
                "pausedUntil": None,
                "failures": 7,
                "lastFailure": "connect_failure",
                "noted": write_instant(now),
            }
        ],
    }


@pytest.mark.usefixtures("now")
def test_what_to_do_about_it_is_said_to_a_person(ostiary: Commands) -> None:
    result = ostiary("callouts", "health")

    assert result.out.count("\n") == 1
    assert result.out.split("\t")[0] == "sod-check"
    assert "sod-check: serve-1 sends nothing until" in result.err
    assert "connect_failure: nothing listens there" in result.err
    assert "ostiary work retry" in result.err


def test_what_waits_for_its_turn_is_said_with_the_setting(
    ostiary: Commands, data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fill(conn: AsyncConnection) -> None:
        await extension_store.add(conn, make_extension(id=BROKEN, display_name="sod-check"))
        await _add(conn, CALLOUT, datetime.now(UTC) - HOUR)

    in_data(data_dir, fill)
    monkeypatch.setenv("OSTIARY_CALLOUT_RATE_PER_EXTENSION", "2.5")

    said = ostiary("callouts", "health").err
    assert "A node begins at most 2.5 calls to it a second" in said


def test_where_all_is_well_the_command_says_so(ostiary: Commands) -> None:
    result = ostiary("callouts", "health")

    assert (result.code, result.out) == (0, "")
    assert "No extension has work or trouble." in result.err
