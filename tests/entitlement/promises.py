"""What must hold of requests and assignments at any moment, read from the tables.

``at_any_time`` holds between any two transactions, after a crash as well; ``at_rest`` when
everything that is due has been done.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Table, select

from ostiary.directory.tables import memberships
from ostiary.durable.tables import work
from ostiary.entitlement import dynamic
from ostiary.entitlement.process import kinds
from ostiary.entitlement.states import OPEN, REMOVALS, UPDATES, Decide, Phase
from ostiary.entitlement.store import automatic as automatic_store
from ostiary.entitlement.store import extensions as extension_store
from ostiary.entitlement.store import policies as policy_store
from ostiary.entitlement.tables import (
    approval_stages,
    assignment_policies,
    assignment_requests,
    assignments,
    policy_stage_settings,
)
from ostiary.extensions.tables import callouts
from ostiary.storage.database import Database

Row = Mapping[str, Any]

_HELD = ("delivering", "delivered", "partiallyDelivered")
_OPEN = {state.value for state in OPEN}
_NOT_ADDS = {type_.value for type_ in (*REMOVALS, *UPDATES)}
_MOVES_DELIVERY = {kinds.DELIVER, kinds.WRITE_RIGHT, kinds.CALL_ORIGIN, kinds.REWRITE}


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """The tables, as they are now."""

    requests: Sequence[Row]
    assignments: Mapping[str, Row]
    stages: Sequence[Row]
    callouts: Mapping[str, Row]
    work: Sequence[Row]

    def items(self, kind: str, key: str) -> list[Row]:
        """Give the open work of a kind about something."""
        return [w for w in self.work if w["kind"] == kind and w["key"] == key and not w["dead_at"]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Apart:
    """What nobody gets who has something else: packages by package, and groups by package."""

    packages: Mapping[str, str]
    groups: Mapping[str, str]


async def read(database: Database) -> Rows:
    """Read everything in one snapshot."""
    async with database.reading() as conn:

        async def rows(table: Table) -> list[Row]:
            return [dict(row) for row in (await conn.execute(select(table))).mappings()]

        return Rows(
            requests=await rows(assignment_requests),
            assignments={row["id"]: row for row in await rows(assignments)},
            stages=await rows(approval_stages),
            callouts={row["id"]: row for row in await rows(callouts)},
            work=await rows(work),
        )


async def at_any_time(database: Database, rows: Rows) -> list[str]:
    """Give what does not hold of what must hold at any time."""
    return [
        *_moved_by_something(rows),
        *_nobody_asked_in_vain(rows),
        *_nothing_given_up(rows),
        *await _gates(database, rows),
    ]


async def at_rest(
    database: Database, rows: Rows, groups: Mapping[str, str], apart: Apart, *, now: datetime
) -> list[str]:
    """Give what does not hold when nothing is due; ``groups`` are what the packages give."""
    return [
        *await _duties_are_apart(database, rows, apart, now),
        *await _directory_is_true(database, rows, groups),
        *await _rules_are_followed(database, rows, now),
        *(f"{w['kind']} of {w['key']} is due" for w in rows.work if w["due_at"] <= now),
    ]


def _moved_by_something(rows: Rows) -> Iterator[str]:
    """Nothing open waits on nothing."""
    asked: dict[str, list[Row]] = defaultdict(list)
    for stage in rows.stages:
        if stage["status"] == "InProgress":
            asked[stage["request_id"]].append(stage)
    for request in rows.requests:
        if request["state"] in _OPEN and not _is_moved(request, rows, asked[request["id"]]):
            yield f"request {request['id']} ({request['status']}) waits on nothing"
    for callout in rows.callouts.values():
        waits = rows.items("callout", callout["id"]) + rows.items("callout.timeout", callout["id"])
        if callout["outcome"] is None and not waits:
            yield f"callout {callout['id']} ({callout['status']}) waits on nothing"
    removing = {r["removal_of"] for r in rows.requests}
    for one in rows.assignments.values():
        if one["given_at"] is None or one["state"] not in _HELD or one["id"] in removing:
            continue
        for column, kind in (
            ("leaves_at", kinds.ASSIGNMENT_LEAVES),
            ("ends_at", kinds.ASSIGNMENT_EXPIRES),
        ):
            if one[column] is not None and not rows.items(kind, one["id"]):
                yield f"assignment {one['id']} has no timer for its {column}"


def _is_moved(request: Row, rows: Rows, asked: Sequence[Row]) -> bool:
    match request["awaits"]:
        case "callout":
            callout = rows.callouts.get(request["callout_id"])
            return callout is not None and callout["outcome"] is None
        case "approval":
            timed = [bool(rows.items(kinds.APPROVAL_EXPIRES, stage["id"])) for stage in asked]
            return bool(timed) and all(timed)
        case "start":
            return bool(rows.items(kinds.START, request["id"]))
        case "delivery":
            return any(w["kind"] in _MOVES_DELIVERY and not w["dead_at"] for w in rows.work)
        case _:
            return bool(rows.items(kinds.ADVANCE, request["id"]))


def _nobody_asked_in_vain(rows: Rows) -> Iterator[str]:
    """All stages are open whose turn it is, until one of them ends the request, and no others."""
    requests = {request["id"]: request for request in rows.requests}
    for stage in rows.stages:
        request = requests[stage["request_id"]]
        is_due = request["awaits"] == "approval" and request["position"] == stage["turn"]
        is_open, said = stage["status"] == "InProgress", (stage["status"], stage["result"])
        if is_open != is_due and said != ("Completed", "Approved"):
            yield f"stage {stage['id']} is {said} in a request that is {request['status']}"
        if is_open and stage["is_escalated"] and "Escalated" not in request["status"]:
            yield f"request {request['id']} does not say that stage {stage['id']} is escalated"


def _nothing_given_up(rows: Rows) -> Iterator[str]:
    for item in rows.work:
        if item["dead_at"] is not None:
            yield f"{item['kind']} of {item['key']} was given up: {item['last_error']}"


async def _gates(database: Database, rows: Rows) -> list[str]:
    """Nothing was given that an extension or an approver of its terms did not let through."""
    adds = [
        request
        for request in rows.requests
        if request["request_type"] not in _NOT_ADDS
        and (held := rows.assignments.get(request["assignment_id"]))
        and held["given_at"] is not None
    ]
    async with database.reading() as conn:
        terms = await policy_store.terms(conn, {request["terms_id"] for request in adds})
        column = policy_stage_settings.c.extension_id
        named = set((await conn.execute(select(column))).scalars())
        named |= {callout["extension_id"] for callout in rows.callouts.values()}
        known = await extension_store.known(conn, named)
    passed: dict[str, list[Row]] = defaultdict(list)
    for callout in rows.callouts.values():
        if callout["outcome"] == "resumed":
            passed[callout["owner_id"]].append(callout)
    found = []
    for request in adds:
        plan = dynamic.plan(terms[request["terms_id"]], known)
        by_server = request["request_type"] == "systemAdd"
        for phase in (Phase.CREATED, *(() if by_server else (Phase.APPROVED,))):
            for call in plan.at(phase):
                let = any(
                    c["stage"] == call.stage and c["extension_id"] == call.extension_id
                    for c in passed[request["id"]]
                )
                if call.waits and not let:
                    found.append(f"request {request['id']} was given without its {call.stage}")
        if request["needs_approval"]:
            agreed = [
                stage
                for stage in rows.stages
                if stage["request_id"] == request["id"] and stage["result"] == "Approved"
            ]
            wanted = sum(len(s.stages) for s in plan.approval if isinstance(s, Decide))
            if len(agreed) < wanted:
                found.append(f"request {request['id']} was given without its approval")
    return found


async def _directory_is_true(
    database: Database, rows: Rows, groups: Mapping[str, str]
) -> list[str]:
    """What the directory holds is what the assignments say."""
    async with database.reading() as conn:
        pairs = list(await conn.execute(select(memberships.c.group_id, memberships.c.member_id)))
    found = []
    for package, group in groups.items():
        said = {
            one["target_id"]
            for one in rows.assignments.values()
            if one["package_id"] == package
            and one["given_at"] is not None
            and one["state"] in _HELD
        }
        there = {member for key, member in pairs if key == group}
        if said != there:
            found.append(
                f"{package}: assignments say {sorted(said)}, the group has {sorted(there)}"
            )
    return found


async def _duties_are_apart(
    database: Database, rows: Rows, apart: Apart, now: datetime
) -> list[str]:
    """Nobody was given just now what they have something against, in the order of giving."""
    async with database.reading() as conn:
        pairs = {
            (group, member)
            for group, member in await conn.execute(
                select(memberships.c.group_id, memberships.c.member_id)
            )
        }
    held = [a for a in rows.assignments.values() if a["holder_key"] and a["starts_at"]]
    since = {(one["package_id"], one["target_id"]): one["starts_at"] for one in held}
    found = []
    for (package, person), start in since.items():
        before = since.get((apart.packages.get(package, ""), person))
        if before is not None and before < start:
            found.append(f"{person} was given {package} beside what excludes it")
        if start == now and (apart.groups.get(package), person) in pairs:
            found.append(f"{person} was given {package} as a member of a group that excludes it")
    return found


async def _rules_are_followed(database: Database, rows: Rows, now: datetime) -> list[str]:
    """Who a rule is true of has the package or was refused it; nobody else has it by the rule."""
    found = []
    everybody = {request["target_id"] for request in rows.requests}
    async with database.reading() as conn:
        column = assignment_policies.c.automatic_of
        query = select(assignment_policies.c.id).where(column.is_not(None))
        ids = set((await conn.execute(query)).scalars())
        stored = await policy_store.policies(conn, ids)
        policies = [automatic_store.automatic(one) for one in stored.values()]
        targets = await automatic_store.targets(conn, policies, everybody, now=now)
    for policy in policies:
        mine = [a for a in rows.assignments.values() if a["package_id"] == policy.package_id]
        have = {a["target_id"] for a in mine if a["holder_key"] is not None}
        for one in mine:
            is_target = (policy.policy_id, one["target_id"]) in targets
            stays = is_target or not policy.takes or one["leaves_at"] is not None
            by_rule = one["policy_id"] == policy.policy_id and one["holder_key"] is not None
            if by_rule and not stays and one["given_at"] is not None:
                found.append(f"{one['target_id']} still has {policy.package_id} by a rule")
        refused = {
            r["target_id"]
            for r in rows.requests
            if r["policy_id"] == policy.policy_id and r["state"] in ("denied", "deliveryFailed")
        }
        wanted = {person for key, person in targets if key == policy.policy_id and policy.gives}
        found += [f"{person} lacks what a rule gives" for person in wanted - have - refused]
    return found
