"""What must hold at the end of every history, read from the file and from everybody's notes."""

from __future__ import annotations

import json
import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from tests.simulation.actors import Told, about
from tests.simulation.world import Offer

ENDED = (
    "delivered",
    "partiallyDelivered",
    "deliveryFailed",
    "denied",
    "canceled",
)
_DECIDED = {"Approve": "Approved", "Deny": "Denied"}
_CHANGED_ITS_MIND = """
CREATE TABLE changed_minds (callout TEXT, before TEXT, after TEXT);
CREATE TRIGGER watch_outcomes AFTER UPDATE ON callouts
WHEN old.outcome IS NOT NULL AND old.outcome IS NOT new.outcome
BEGIN INSERT INTO changed_minds VALUES (old.id, old.outcome, new.outcome); END;
"""


class Witness(Protocol):
    """Everybody outside: what they were told, and what the endpoint was called about."""

    @property
    def told(self) -> Told:
        """What the server has promised."""

    @property
    def calls(self) -> Sequence[Mapping[str, Any]]:
        """The bodies of the calls."""


class Offering(Protocol):
    """What can be asked for."""

    @property
    def offers(self) -> Sequence[Offer]:
        """The packages."""


def watch(file: Path) -> None:
    """Have the database note whenever a callout that has ended ends differently."""
    with sqlite3.connect(file) as conn:
        conn.executescript(_CHANGED_ITS_MIND)
    conn.close()


def violations(file: Path, outside: Witness, places: Offering) -> list[str]:
    """Give everything that does not hold, in words."""
    conn = sqlite3.connect(file)
    conn.row_factory = sqlite3.Row
    try:
        found = Facts(conn)
        return [
            *_promises_kept(found, outside),
            *_one_outcome(found, outside),
            *_nothing_stuck(found),
            *_directory_is_true(found, places),
            *_every_gate_passed(found, outside),
            *_numbers_agree(found),
        ]
    finally:
        conn.close()


def is_quiet(file: Path) -> bool:
    """Whether every request, run and callout has ended."""
    conn = sqlite3.connect(file)
    conn.row_factory = sqlite3.Row
    try:
        return not list(_nothing_stuck(Facts(conn)))
    finally:
        conn.close()


def undecided(file: Path) -> list[str]:
    """Give the requests that wait for an approver, in the order of their ids."""
    conn = sqlite3.connect(file)
    statement = "SELECT id FROM assignment_requests WHERE phase = 'approval' ORDER BY id"
    found = [id for (id,) in conn.execute(statement)]
    conn.close()
    return found


class Facts:
    """The rows of the file."""

    def __init__(self, conn: sqlite3.Connection) -> None:
        self._conn = conn

    def rows(self, statement: str) -> list[dict[str, Any]]:
        """Give the rows of a query."""
        return [dict(row) for row in self._conn.execute(statement)]

    def by_id(self, table: str) -> dict[str, dict[str, Any]]:
        """Give the rows of a table by their ids."""
        return {row["id"]: row for row in self.rows(f"SELECT * FROM {table}")}  # noqa: S608


def _promises_kept(facts: Facts, outside: Witness) -> Iterator[str]:
    """1: a 2xx means that it is on disk."""
    told = outside.told
    requests, stages = facts.by_id("assignment_requests"), facts.by_id("approval_stages")
    callouts = facts.by_id("callouts")
    for request in told.requests:
        if request not in requests:
            yield f"request {request} was promised and is not there"
    for request in told.cancels:
        if requests[request]["state"] != "canceled":
            yield f"request {request} was canceled and is {requests[request]['state']}"
    for stage, result in told.decisions:
        if stages[stage]["result"] != _DECIDED[result]:
            yield f"stage {stage} was decided {result} and says {stages[stage]['result']}"
    of_owner = _by(callouts.values(), "owner_id")
    for callout, verdict in told.answers:
        kept = _answer([callouts[callout]] if callout in callouts else of_owner[callout])
        if kept != verdict:
            yield f"callout {callout} was answered {verdict} and holds {kept}"
    runs = facts.rows("SELECT count(*) AS number FROM runs")[0]["number"]
    if runs < told.runs:
        yield f"{told.runs} runs were promised and there are {runs}"


def _answer(callouts: Iterable[Mapping[str, Any]]) -> str | None:
    """Give the verdict that is stored for a callout, or for the task that it is about."""
    for row in callouts:
        kept = json.loads(row["answer"]) if row["answer"] else None
        if kept:
            return (
                "no" if kept["verdict"] in ("deny", "failed") or kept["detail"] == "no" else "yes"
            )
    return None


def _one_outcome(facts: Facts, outside: Witness) -> Iterator[str]:
    """2 and 4: one outcome for a callout, one callout for a stage of its owner."""
    for row in facts.rows("SELECT * FROM changed_minds"):
        yield f"callout {row['callout']} went from {row['before']} to {row['after']}"
    sent: dict[tuple[Any, ...], set[str]] = defaultdict(set)
    for body in outside.calls:
        sent[_subject(body)].add(about(body)[0])
    for subject, ids in sent.items():
        if len(ids) > 1:
            yield f"{subject} was sent under {len(ids)} instance ids"


def _subject(body: Mapping[str, Any]) -> tuple[Any, ...]:
    if "Stage" in body:
        return body["AccessPackageAssignmentRequestId"], body["Stage"]
    return (body["data"]["taskProcessingResult"]["id"],)


def _nothing_stuck(facts: Facts) -> Iterator[str]:
    """5: whatever was begun has ended, and nothing was given up."""
    for row in facts.rows("SELECT * FROM assignment_requests"):
        if row["state"] not in ENDED:
            yield f"request {row['id']} is {row['state']} ({row['status']}) at phase {row['phase']}"
    for row in facts.rows("SELECT * FROM callouts WHERE outcome IS NULL"):
        yield f"callout {row['id']} at {row['stage']} is {row['status']}"
    for row in facts.rows("SELECT * FROM runs WHERE completed_date_time IS NULL"):
        yield f"run {row['id']} is {row['processing_status']}"
    for row in facts.rows("SELECT * FROM work WHERE dead_at IS NOT NULL"):
        yield f"{row['kind']} of {row['key']} was given up: {row['last_error']}"


def _directory_is_true(facts: Facts, places: Offering) -> Iterator[str]:
    """6: the groups hold exactly whom the assignments say."""
    held = facts.rows("SELECT package_id, target_id FROM assignments WHERE state = 'delivered'")
    for offer in places.offers:
        said = {row["target_id"] for row in held if row["package_id"] == offer.package}
        there = _members(facts, offer.group)
        if said != there:
            yield f"{offer.name}: assignments say {sorted(said)}, the group has {sorted(there)}"


def _members(facts: Facts, group: str) -> set[str]:
    rows = facts.rows("SELECT * FROM memberships")
    return {row["member_id"] for row in rows if row["group_id"] == group}


def _every_gate_passed(facts: Facts, outside: Witness) -> Iterator[str]:
    """Nothing was given that an extension or an approver did not let through."""
    stages: dict[str, dict[str, Any]] = defaultdict(dict)
    for callout in facts.rows("SELECT * FROM callouts"):
        stages[callout["owner_id"]][callout["stage"]] = callout
    given = facts.rows(
        "SELECT r.id FROM assignment_requests r JOIN assignments a ON a.id = r.assignment_id "
        "WHERE a.given_at IS NOT NULL AND r.request_type LIKE '%Add'"
    )
    for row in given:
        offer = outside.told.requests.get(row["id"])
        gates = stages[row["id"]]
        for stage in offer.awaited if offer else ():
            if stage == "assignmentRequestGranted":
                continue  # roles are given first, and withdrawn when it fails
            if stage not in gates or gates[stage]["outcome"] != "resumed":
                yield f"request {row['id']} was given without its {stage}"
    said = _by(facts.rows("SELECT * FROM approval_stages"), "request_id")
    for row in given:
        results = {stage["result"] for stage in said[row["id"]]}
        if results - {"Approved"}:
            yield f"request {row['id']} was given although it says {sorted(results)}"


def _numbers_agree(facts: Facts) -> Iterator[str]:
    """A run's numbers are the sum of its people's, and theirs of their tasks'."""
    people = facts.rows("SELECT * FROM user_processing_results")
    tasks = facts.rows("SELECT * FROM task_processing_results")
    people_of, tasks_in = _by(people, "run_id"), _by(tasks, "run_id")
    tasks_of = _by(tasks, "user_processing_result_id")
    for run in facts.rows("SELECT * FROM runs"):
        yield from _tally(f"run {run['id']}", run, "people", people_of[run["id"]])
        yield from _tally(f"run {run['id']}", run, "tasks", tasks_in[run["id"]])
    for person in people:
        mine = tasks_of[person["id"]]
        yield from _tally(f"person {person['id']}", person, "tasks", mine)


def _by(rows: Iterable[dict[str, Any]], column: str) -> Mapping[str, list[dict[str, Any]]]:
    groups: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        groups[row[column]].append(row)
    return groups


def _tally(
    name: str, row: Mapping[str, Any], prefix: str, parts: Iterable[Mapping[str, Any]]
) -> Iterator[str]:
    states = [column for column in row if column.startswith(f"{prefix}_")]
    counted = [part["processing_status"] for part in parts]
    for column in states:
        state = column.removeprefix(f"{prefix}_")
        actual = sum(_snake(status) == state for status in counted)
        if row[column] != actual:
            yield f"{name} says {row[column]} {prefix} {state}, there are {actual}"


def _snake(text: str) -> str:
    return "".join(f"_{c.lower()}" if c.isupper() else c for c in text)
