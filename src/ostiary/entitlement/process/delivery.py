"""Rights as assignments want them: noted, written in our own directory, and ordered elsewhere.

What an assignment wants is noted beside it, so that exactly this is taken away, and a right that
another assignment wants stays. The people concerned are locked first: two assignments that end at
once must not each leave the right to the other. Our own directory is written in the same
transaction; every other origin is called later, by ``provisioning``, which ends here as well.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from msgspec.structs import replace
from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.durable import queue
from ostiary.durable.queue import NewWork
from ostiary.entitlement import rights
from ostiary.entitlement.assignments import Assignment
from ostiary.entitlement.process import kinds, waking
from ostiary.entitlement.providers.local import LOCAL
from ostiary.entitlement.rights import Effort, Held, Refusal, Right, RightState
from ostiary.entitlement.states import Delivery
from ostiary.entitlement.store import assignments as assignment_store
from ostiary.entitlement.store import rights as store
from ostiary.entitlement.store.catalogs import given_roles
from ostiary.entitlement.store.rights import Want


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the giving of an assignment's rights has come."""

    outcome: Delivery | None
    """None: attempts are still to come."""
    is_begun: bool
    """Whether at least one is there, or none is needed: a package may be empty."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Plan:
    """Rights as they were, as they are to be, and those that are to be written now."""

    before: Mapping[str, Held]
    after: dict[str, Held | None]
    """None: it is forgotten."""
    now: Sequence[str]


async def give(
    conn: AsyncConnection,
    assignments: Sequence[Assignment],
    *,
    efforts: Mapping[str, Effort],
    now: datetime,
) -> dict[str, Progress]:
    """Bring the rights of assignments in line with their packages; tell how far that is, by id."""
    if not assignments:
        return {}
    await assignment_store.lock_targets(conn, {one.target_id for one in assignments})
    had = await store.wants_of(conn, [one.id for one in assignments])
    wanted = await _wanted(conn, assignments)
    await _note(conn, had, {key: [w for w, _ in pairs] for key, pairs in wanted.items()}, now=now)
    fresh: dict[str, Held] = {}
    effort: dict[str, Effort] = defaultdict(lambda: Effort.LOOK)
    for one in assignments:
        for _, held in wanted[one.id]:
            fresh[held.id] = held
            effort[held.id] = max(effort[held.id], efforts.get(one.id, Effort.LOOK))
    dropped = {w.right_id for wants in had.values() for w in wants} - fresh.keys()
    after = await _apply(conn, fresh, dropped, effort, own=wanted.keys(), now=now)
    return {key: _progress(after[held.id] for _, held in pairs) for key, pairs in wanted.items()}


async def take(
    conn: AsyncConnection, assignments: Sequence[Assignment], *, effort: Effort, now: datetime
) -> dict[str, Delivery | None]:
    """Take away whatever these assignments have given; tell how far that is, by id."""
    if not assignments:
        return {}
    await assignment_store.lock_targets(conn, {one.target_id for one in assignments})
    had = await store.wants_of(conn, [one.id for one in assignments])
    await store.want_no_more(conn, [w for wants in had.values() for w in wants if w.is_wanted])
    dropped = {w.right_id for wants in had.values() for w in wants}
    efforts = dict.fromkeys(dropped, effort)
    after = await _apply(conn, {}, dropped, efforts, own=had.keys(), now=now)
    left = await store.wants_of(conn, had.keys()) if dropped else had
    return {
        key: rights.withdrawal(held.state for w in wants if (held := after.get(w.right_id)))
        for key, wants in left.items()
    }


async def write_again(conn: AsyncConnection, attempts: Mapping[str, int], *, now: datetime) -> None:
    """Try rights of our own directory again; ``attempts`` says how often each has failed."""
    await assignment_store.lock_targets(conn, await store.people_of(conn, attempts.keys()))
    before = await store.read(conn, attempts.keys())
    due = [
        key
        for key, held in before.items()
        if held.attempts == attempts[key] and held.state is not RightState.GIVEN
    ]
    after: dict[str, Held | None] = {key: before[key] for key in due}
    await _carry_out(conn, _Plan(before=before, after=after, now=due), own=(), now=now)


async def settle(
    conn: AsyncConnection,
    before: Mapping[str, Held],
    refusals: Mapping[Right, Refusal],
    *,
    now: datetime,
) -> dict[str, Held | None]:
    """Note how attempts went; give the rights as they are now, None for those that are gone."""
    after: dict[str, Held | None] = {}
    retries = []
    for key, held in before.items():
        refusal = refusals.get(held.right)
        if refusal is None:
            after[key] = rights.succeeded(held, now=now)
            continue
        moved, at = rights.failed(held, refusal, now=now)
        after[key] = moved
        retries += [order(moved, at)] if at is not None else []
    await queue.put(conn, retries)
    return after


async def keep(
    conn: AsyncConnection,
    before: Mapping[str, Held],
    after: Mapping[str, Held | None],
    *,
    own: Collection[str],
    now: datetime,
) -> None:
    """Store rights, let go of who wanted those that are settled, and wake whoever waits for them.

    ``own`` are the assignments that the caller is busy with.
    """
    gone = [key for key, held in after.items() if held is None]
    changed = [h for key, h in after.items() if h is not None and h != before.get(key)]
    await store.save(conn, changed)
    await store.forget(conn, gone)
    known = [key for key, held in before.items() if key in after and _has_moved(held, after[key])]
    waiting = await store.concerned(conn, known) - set(own) if known else set()
    settled = [key for key, held in after.items() if held is None or held.state.is_wanted]
    await store.release(conn, [key for key in settled if key in before])
    await waking.wake(conn, waiting, now=now)


def order(held: Held, at: datetime) -> NewWork:
    """Order an attempt; the calls to each origin elsewhere have a lane of their own."""
    attempt = {"attempt": held.attempts}
    if is_local(held.right):
        return NewWork(kind=kinds.WRITE_RIGHT, key=held.id, due_at=at, payload=attempt)
    lane = held.right.system
    return NewWork(kind=kinds.CALL_ORIGIN, key=held.id, due_at=at, lane=lane, payload=attempt)


def is_local(right: Right) -> bool:
    """Say whether a right is one of our own directory."""
    return right.system in LOCAL


async def _wanted(
    conn: AsyncConnection, assignments: Sequence[Assignment]
) -> dict[str, list[tuple[Want, Held]]]:
    packages = await given_roles(conn, {one.package_id for one in assignments})
    found: dict[str, list[tuple[Want, Held]]] = {one.id: [] for one in assignments}
    for one in assignments:
        for role in packages[one.package_id]:
            right = Right(
                system=role.system,
                resource=role.resource,
                role=role.role,
                scope=role.scope,
                principal=one.target_id,
            )
            held = Held(right=right, role_id=role.role_id, scope_id=role.scope_id)
            want = Want(
                assignment_id=one.id,
                role_scope_id=role.role_scope_id,
                right_id=held.id,
                target_id=one.target_id,
            )
            found[one.id].append((want, held))
    return found


async def _note(
    conn: AsyncConnection,
    had: Mapping[str, Sequence[Want]],
    wanted: Mapping[str, Sequence[Want]],
    *,
    now: datetime,
) -> None:
    """Note what assignments want now, and what they want no more."""
    before = {want for wants in had.values() for want in wants}
    after = {want for wants in wanted.values() for want in wants}
    still = {(want.assignment_id, want.role_scope_id) for want in after}
    await store.want(conn, [want for want in after if want not in before], now=now)
    old = [w for w in before if w.is_wanted and (w.assignment_id, w.role_scope_id) not in still]
    await store.want_no_more(conn, old)


async def _apply(
    conn: AsyncConnection,
    fresh: Mapping[str, Held],
    dropped: Collection[str],
    efforts: Mapping[str, Effort],
    *,
    own: Collection[str],
    now: datetime,
) -> dict[str, Held | None]:
    """Move rights to where they belong; ``fresh`` are wanted, ``dropped`` maybe by others."""
    before = await store.read(conn, {*fresh, *dropped})
    others = await store.wanting(conn, dropped) if dropped else set()
    after: dict[str, Held | None] = {}
    due = []
    for key in {**fresh, **before}:
        held = _named(before.get(key), fresh.get(key))
        effort = Effort.LOOK if key in others else efforts.get(key, Effort.LOOK)
        moved, is_due = _moved(held, key in fresh or key in others, effort)
        after[key] = moved
        due += [key] if is_due else []
    return await _carry_out(conn, _Plan(before=before, after=after, now=due), own=own, now=now)


async def _carry_out(
    conn: AsyncConnection, plan: _Plan, *, own: Collection[str], now: datetime
) -> dict[str, Held | None]:
    after = dict(plan.after)
    due = [held for key in plan.now if (held := after[key]) is not None]
    local = {held.id: held for held in due if is_local(held.right)}
    refusals = await _write(conn, local.values(), now=now)
    after |= await settle(conn, local, refusals, now=now)
    await queue.put(conn, [order(held, now) for held in due if held.id not in local])
    await keep(conn, plan.before, after, own=own, now=now)
    return after


async def _write(
    conn: AsyncConnection, due: Iterable[Held], *, now: datetime
) -> dict[Right, Refusal]:
    """Give and take rights in our own directory; tell what could not be done."""
    parts: dict[tuple[str, bool], list[Right]] = defaultdict(list)
    for held in due:
        parts[held.right.system, held.state.is_wanted].append(held.right)
    refusals: dict[Right, Refusal] = {}
    for (system, is_wanted), some in sorted(parts.items()):
        provider = LOCAL[system]
        change = provider.give if is_wanted else provider.take
        refusals |= await change(conn, some, now=now)
    return refusals


def _has_moved(before: Held, after: Held | None) -> bool:
    return after is None or after.state is not before.state


def _named(held: Held | None, fresh: Held | None) -> Held:
    """Give a right as it is kept, under the role and scope by which it is wanted now."""
    known = held or fresh
    assert known is not None
    return replace(known, role_id=fresh.role_id, scope_id=fresh.scope_id) if fresh else known


def _moved(held: Held, is_wanted: bool, effort: Effort) -> tuple[Held | None, bool]:
    rule = rights.wanted if is_wanted else rights.unwanted
    return rule(held, effort, is_local=is_local(held.right))


def _progress(all_: Iterable[Held | None]) -> Progress:
    states = [held.state for held in all_ if held is not None]
    outcome = rights.outcome(states)
    is_begun = outcome is Delivery.COMPLETE or any(s is RightState.GIVEN for s in states)
    return Progress(outcome=outcome, is_begun=is_begun)
