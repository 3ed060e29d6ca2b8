"""What people have answered about themselves: put into the directory with the access, or cleared.

The answers that count are those in force: what an open request would change is not written yet. A
value that the directory will not take is passed over and told of in the log: a wrong postal code
must not keep anybody from their access.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Final

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.audit.events import SYSTEM
from ostiary.directory import changes, people
from ostiary.directory import store as directory
from ostiary.directory.errors import DirectoryError
from ostiary.directory.model import User
from ostiary.entitlement import attributes
from ostiary.entitlement.assignments import Assignment
from ostiary.entitlement.attributes import Attribute
from ostiary.entitlement.store import assignments as assignment_store
from ostiary.entitlement.store import attributes as store

_log: Final = structlog.get_logger(__name__)


async def describe(
    conn: AsyncConnection,
    given: Sequence[Assignment],
    *,
    by_administrators: Collection[str],
    now: datetime,
) -> None:
    """Write what the resources of new assignments ask for, as far as it was answered.

    What administrators have answered, by the ids of the assignments, also takes the place of a
    value that those who ask may not edit.
    """
    asked = await store.of_packages(conn, {one.package_id for one in given}) if given else {}
    if asked:
        answers = await assignment_store.answers_of(conn, [one.id for one in given])
        said = {key: attributes.values_of(some) for key, some in answers.items()}
        await _write(conn, given, asked, said, by_administrators, now=now)


async def edit(
    conn: AsyncConnection,
    changed: Sequence[Assignment],
    said: Mapping[str, Mapping[str, str]],
    *,
    by_administrators: Collection[str],
    now: datetime,
) -> None:
    """Write what was answered anew about held assignments, as ``describe`` does.

    ``said`` has the new answers alone: what was not edited may have been changed in the directory
    since it was answered.
    """
    edited = [one for one in changed if said.get(one.id)]
    asked = await store.of_packages(conn, {one.package_id for one in edited}) if edited else {}
    if asked:
        await _write(conn, edited, asked, said, by_administrators, now=now)


async def forget(conn: AsyncConnection, ended: Sequence[Assignment], *, now: datetime) -> None:
    """Clear what these assignments had written and is not to outlast them."""
    asked = await store.of_packages(conn, {one.package_id for one in ended}) if ended else {}
    if not asked:
        return
    answers = await assignment_store.answers_of(conn, [one.id for one in ended])
    known = await directory.users(conn, {one.target_id for one in ended})
    others = await store.wanted_of(conn, known.keys())
    after = dict(known)
    for one in ended:
        if one.target_id in after:
            said = attributes.values_of(answers.get(one.id, ()))
            kept = others.get(one.target_id, set())
            wanted = [a for a in asked.get(one.package_id, []) if a.name not in kept]
            after[one.target_id] = _without(after[one.target_id], wanted, said)
    await _save(conn, known, after, now=now)


async def _write(
    conn: AsyncConnection,
    given: Sequence[Assignment],
    asked: Mapping[str, Sequence[Attribute]],
    said: Mapping[str, Mapping[str, str]],
    by_administrators: Collection[str],
    *,
    now: datetime,
) -> None:
    people_ids = {one.target_id for one in given}
    await assignment_store.lock_targets(conn, people_ids)
    known = await directory.users(conn, people_ids)
    after = dict(known)
    for one in given:
        if one.target_id in after:
            wanted, values = asked.get(one.package_id, []), said.get(one.id, {})
            edits_all = one.id in by_administrators
            after[one.target_id] = _with(after[one.target_id], wanted, values, edits_all=edits_all)
    await _save(conn, known, after, now=now)


async def _save(
    conn: AsyncConnection, before: dict[str, User], after: dict[str, User], *, now: datetime
) -> None:
    pairs = [(before[key], user) for key, user in after.items() if user != before[key]]
    if pairs:
        await changes.update_users(conn, pairs, now=now, actor=SYSTEM)


def _with(
    user: User, wanted: Sequence[Attribute], said: Mapping[str, str], *, edits_all: bool
) -> User:
    for one in wanted:
        value = attributes.answer_to(one, said)
        current = attributes.value_of(user, one)
        if value is None or (current and not one.is_editable and not edits_all):
            continue
        changed = attributes.with_value(user, one, value)
        try:
            people.checked(changed)
        except DirectoryError as error:
            _log.warning("attribute.not_written", user=user.id, name=one.name, reason=str(error))
            continue
        user = changed
    return user


def _without(user: User, wanted: Sequence[Attribute], said: dict[str, str]) -> User:
    for one in wanted:
        value = attributes.answer_to(one, said)
        is_own = value is not None and attributes.value_of(user, one) == value
        if is_own and not one.is_persisted_on_assignment_removal:
            user = attributes.with_value(user, one, None)
    return user
