"""Giving and taking what automatic policies say, for people who have changed.

The work grows with the people that are looked at: their rules are asked in SQL, what they have is
read for all of them at once, and what follows is stored in one statement each.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.audit.events import SYSTEM
from ostiary.audit.store import record
from ostiary.directory import store as directory
from ostiary.durable import queue
from ostiary.durable.queue import NewWork
from ostiary.entitlement import assignments, automatic, names, records, requests
from ostiary.entitlement.assignments import Assignment
from ostiary.entitlement.automatic import Act, Automatic
from ostiary.entitlement.model.enums import AccessPackageRequestType as RequestType
from ostiary.entitlement.process import ending, kinds, moves, waking
from ostiary.entitlement.process.moves import Move
from ostiary.entitlement.states import Request
from ostiary.entitlement.store import assignments as assignment_store
from ostiary.entitlement.store import automatic as store
from ostiary.entitlement.store import requests as request_store
from ostiary.entitlement.store import separation as separation_store
from ostiary.entitlement.store import subjects as subject_store
from ostiary.entitlement.store.automatic import Pair
from ostiary.extensions import service as extensions
from ostiary.storage.ids import new_id

LEFT = {"reason": "targetLeftAllowedTargets"}
"""Why the server asks for a removal."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """What was found when somebody was looked at."""

    policies: Mapping[str, Automatic]
    targets: Collection[Pair]
    now: datetime
    is_told_first: bool
    acts: dict[Act, list[Pair]] = field(default_factory=lambda: defaultdict(list))

    def act_on(self, policy: Automatic, person: str, held: Assignment | None) -> Act | None:
        """Say what is to be done about a person under a policy."""
        is_target = (policy.policy_id, person) in self.targets
        return automatic.act_on(policy, held, is_target=is_target, now=self.now)


async def look_at(
    conn: AsyncConnection,
    policies: Sequence[Automatic],
    people: Collection[str],
    *,
    is_told_first: bool,
    now: datetime,
) -> None:
    """Give these people what these policies give, and take what they no longer give.

    ``is_told_first`` is how the operator has the granted stage.
    """
    if not policies or not people:
        return
    looked = Looked(
        policies={policy.policy_id: policy for policy in policies},
        targets=await store.targets(conn, policies, people, now=now),
        now=now,
        is_told_first=is_told_first,
    )
    held = await store.holdings(conn, {policy.package_id for policy in policies}, people)
    for policy in policies:
        for person in sorted(people):
            act = looked.act_on(policy, person, held.get((policy.package_id, person)))
            if act is not None:
                looked.acts[act].append((policy.policy_id, person))
    ids = {pair: held[looked.policies[pair[0]].package_id, pair[1]].id for pair in _held(looked)}
    await _drop(conn, [ids[pair] for pair in looked.acts[Act.DROP]], now=now)
    changing = [*looked.acts[Act.LEAVE], *looked.acts[Act.STAY], *looked.acts[Act.REMOVE]]
    await _change(conn, looked, [ids[pair] for pair in changing])
    await _give(conn, looked, looked.acts[Act.GIVE])


def _held(looked: Looked) -> list[Pair]:
    return [pair for act, pairs in looked.acts.items() if act is not Act.GIVE for pair in pairs]


async def _drop(conn: AsyncConnection, assignment_ids: Sequence[str], *, now: datetime) -> None:
    """End the server's own requests whose access is not given yet, callouts first."""
    ids = await request_store.open_adds_of(conn, assignment_ids) if assignment_ids else []
    if not ids:
        return
    await extensions.cancel(conn, names.REQUEST, ids, now=now)
    found = (await request_store.lock(conn, ids)).values()
    own = [request for request in found if request.type is RequestType.SYSTEM_ADD]
    locked = await assignment_store.lock(conn, [request.assignment_id for request in own])
    given = {key for key, one in locked.items() if one.given_at is not None}
    both = [
        Move(request, requests.superseded(request, now=now))
        for request in own
        if request.assignment_id not in given
    ]
    await moves.store(conn, both, now=now)
    await waking.look_again(conn, [locked[key].target_id for key in given], now=now)


async def _change(conn: AsyncConnection, looked: Looked, assignment_ids: Sequence[str]) -> None:
    """Begin or end times of grace, or remove, as it is when the assignments are locked."""
    if not assignment_ids:
        return
    locked = await assignment_store.lock(conn, assignment_ids)
    by_act: dict[Act | None, list[Assignment]] = defaultdict(list)
    for one in locked.values():
        policy = looked.policies.get(one.policy_id)
        by_act[looked.act_on(policy, one.target_id, one) if policy else None].append(one)
    graced = by_act[Act.LEAVE]
    ends = {one.id: looked.now + looked.policies[one.policy_id].grace for one in graced}
    await _note(conn, looked, graced, lambda one: assignments.leaving(one, at=ends[one.id]))
    timers = [NewWork(kind=kinds.ASSIGNMENT_LEAVES, key=key, due_at=at) for key, at in ends.items()]
    await queue.put(conn, timers)
    staying = by_act[Act.STAY]
    await _note(conn, looked, staying, assignments.staying)
    await queue.withdraw(conn, kinds.ASSIGNMENT_LEAVES, [one.id for one in staying])
    await ending.remove(conn, by_act[Act.REMOVE], details=LEFT, now=looked.now)


async def _note(
    conn: AsyncConnection,
    looked: Looked,
    before: Sequence[Assignment],
    change: Callable[[Assignment], Assignment],
) -> None:
    after = [change(one) for one in before]
    await assignment_store.save(conn, after)
    events = [
        records.of_assignment(
            records.LEAVES if one.leaves_at else records.STAYS,
            one,
            details={"until": one.leaves_at.isoformat()} if one.leaves_at else None,
        )
        for one in after
    ]
    await record(conn, events, now=looked.now)


async def _give(conn: AsyncConnection, looked: Looked, pairs: Sequence[Pair]) -> None:
    """Ask for the package for whoever nothing excludes it for."""
    if not pairs:
        return
    new = [
        Assignment(
            id=new_id(),
            catalog_id=looked.policies[policy].catalog_id,
            package_id=looked.policies[policy].package_id,
            policy_id=policy,
            target_id=person,
        )
        for policy, person in pairs
    ]
    wanted = await _allowed(conn, new, now=looked.now)
    known = await directory.references(conn, {one.target_id for one in wanted})
    await subject_store.know(conn, known.values())
    placed = await assignment_store.insert_vacant(conn, wanted)
    made = [_request(looked, one) for one in wanted if one.id in placed]
    await request_store.insert_requests(conn, made, {})
    now = looked.now
    await queue.put(conn, [NewWork(kind=kinds.ADVANCE, key=one.id, due_at=now) for one in made])
    events = [
        records.of_request(records.SYSTEM_ADDS, one, SYSTEM, operation="Assign") for one in made
    ]
    await record(conn, events, now=now)


async def _allowed(
    conn: AsyncConnection, new: Sequence[Assignment], *, now: datetime
) -> list[Assignment]:
    """Leave out what separation of duties forbids, and say so."""
    excluders = await separation_store.excluders(conn, {one.package_id for one in new})
    if not excluders:
        return list(new)
    people = {one.target_id for one in new}
    exclusions = await separation_store.exclusions(conn, excluders, people)
    allowed, refused = [], []
    for one in new:
        problem = exclusions.conflict(one.package_id, one.target_id)
        if problem is None:
            exclusions.note(one.package_id, one.target_id)
            allowed.append(one)
        else:
            refused.append(
                records.of_assignment(
                    records.SYSTEM_ADDS, one, result="failure", reason=str(problem)
                )
            )
    await record(conn, refused, now=now)
    return allowed


def _request(looked: Looked, assignment: Assignment) -> Request:
    return Request(
        id=new_id(),
        type=RequestType.SYSTEM_ADD,
        phase=requests.first_phase(RequestType.SYSTEM_ADD),
        catalog_id=assignment.catalog_id,
        package_id=assignment.package_id,
        policy_id=assignment.policy_id,
        terms_id=looked.policies[assignment.policy_id].terms_id,
        assignment_id=assignment.id,
        target_id=assignment.target_id,
        requestor_id=assignment.target_id,
        is_told_first=looked.is_told_first,
        created_at=looked.now,
    )
