"""The body of a callout, member by member as its published trigger schema names them.

Receivers validate against that schema, in which everything is a text or an object: what is not
known is left out, never null. Our one addition is ``callbackUri``, the path made absolute.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.directory import store as directory
from ostiary.directory.people import Person
from ostiary.extensions.callouts import Callout
from ostiary.graph.values import write_primitive
from ostiary.lifecycle.catalogue import RUN_CUSTOM_EXTENSION
from ostiary.lifecycle.store import results as store
from ostiary.lifecycle.store.rows import Row

SOURCE: Final = "/identityGovernance/lifecycleWorkflows"
TYPE: Final = "microsoft.graph.identityGovernance.customTaskExtension.callout"

Json = dict[str, Any]


async def payloads(
    conn: AsyncConnection, callouts: Sequence[Callout], *, base_url: str
) -> Mapping[str, Mapping[str, Any]]:
    """Give the bodies by callout id; a task that is not in progress has none to give."""
    calls = await store.calls(conn, {callout.owner_id for callout in callouts})
    bodies = await _bodies(conn, list(calls.values()), base_url)
    return {
        callout.id: bodies[callout.owner_id] for callout in callouts if callout.owner_id in calls
    }


async def payload_of(conn: AsyncConnection, row: Row, *, base_url: str) -> Json:
    """Give the body that an endpoint would be sent of one task now, whatever its state."""
    return (await _bodies(conn, [row], base_url))[row["id"]]


async def _bodies(conn: AsyncConnection, rows: Sequence[Row], base_url: str) -> dict[str, Json]:
    people = await directory.people(conn, {row["subject_id"] for row in rows})
    managers = await directory.people(conn, {p.manager_id for p in people.values() if p.manager_id})
    return {row["id"]: _body(row, people, managers, base_url) for row in rows}


def callback_path(row: Row) -> str:
    """Give the path at which the task is resumed, below the version."""
    return (
        f"/identityGovernance/lifecycleWorkflows/workflows/{row['workflow_id']}"
        f"/tasks/{row['task_id']}/taskProcessingResults/{row['id']}/resume"
    )


def _body(
    row: Row, people: Mapping[str, Person], managers: Mapping[str, Person], base_url: str
) -> Json:
    path = callback_path(row)
    data = {
        "callbackUriPath": path,
        "callbackUri": f"{base_url}/v1.0{path}",
        **_target(row, people, managers),
        "task": _task(row),
        "taskProcessingResult": {
            "id": row["id"],
            "createdDateTime": write_primitive(row["created_date_time"]),
        },
        "workflow": {
            "id": row["workflow_id"],
            "displayName": row["workflow_name"],
            "workflowVersion": row["workflow_version"],
        },
    }
    return {"data": data, "source": SOURCE, "type": TYPE}


def _target(row: Row, people: Mapping[str, Person], managers: Mapping[str, Person]) -> Json:
    """Name the person, or what is in no directory."""
    if row["subject"] is not None:
        return {"targetSubject": row["subject"]}
    return {"subject": _subject(row["subject_id"], people, managers)}


def _task(row: Row) -> Json:
    """Name the task; one that stands for another system's says what is asked of that."""
    named = {"id": row["task_id"], "displayName": row["task_name"]}
    if row["task_definition_id"] == RUN_CUSTOM_EXTENSION:
        return named
    arguments = dict(row["arguments"])
    return {**named, "taskDefinitionId": row["task_definition_id"], "arguments": arguments}


def _subject(id: str, people: Mapping[str, Person], managers: Mapping[str, Person]) -> Json:
    person = people.get(id)
    if person is None:
        return {"id": id}
    subject = _named(person) | {"userPrincipalName": person.user_principal_name}
    manager = managers.get(person.manager_id or "")
    return subject if manager is None else subject | {"manager": _named(manager)}


def _named(person: Person) -> Json:
    known = {"id": person.id, "displayName": person.display_name, "email": person.mail}
    return {name: value for name, value in known.items() if value is not None}
