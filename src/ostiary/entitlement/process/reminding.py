"""Telling that assignments end soon: mails to those who have them, and calls of extensions.

Nothing here touches access: an extension that cannot be reached changes nothing, and the next one
is called all the same.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.entitlement import names, notices, reminders, stages
from ostiary.entitlement.assignments import Assignment
from ostiary.entitlement.model.catalogs import AccessPackageAssignmentPolicy
from ostiary.entitlement.model.enums import AccessPackageCustomExtensionStage as Stage
from ostiary.entitlement.notices import Event
from ostiary.entitlement.process.notifying import is_silent
from ostiary.entitlement.reminders import Reminder
from ostiary.entitlement.store import assignments as assignment_store
from ostiary.entitlement.store import catalogs as catalog_store
from ostiary.entitlement.store import policies as policy_store
from ostiary.entitlement.store import reminders as store
from ostiary.entitlement.store.reminders import Round
from ostiary.extensions.service import Order, launch
from ostiary.mail.mails import About, NewMail
from ostiary.mail.service import send

Terms = Mapping[str, AccessPackageAssignmentPolicy]
"""What the policies say now, by the policy's id."""


async def remind(conn: AsyncConnection, due: Sequence[Reminder], *, now: datetime) -> None:
    """Tell of assignments that have reached a stage before their ends."""
    held = await assignment_store.lock(conn, {one.assignment_id for one in due})
    each = dict.fromkeys(due)
    wanted = [one for one in each if reminders.counts(one, held.get(one.assignment_id), now=now)]
    if not wanted:
        return
    terms = await _terms(conn, [held[one.assignment_id] for one in wanted])
    rounds = [_round(one, terms.get(held[one.assignment_id].policy_id)) for one in wanted]
    new = await store.begin(conn, rounds, now=now)
    await _note(conn, new, held)
    await _call(conn, new, now=now)
    await _write(conn, [one.reminder for one in new], held, terms, now=now)


async def go_on(conn: AsyncConnection, callout_ids: Collection[str], *, now: datetime) -> None:
    """Call the next extensions of the stages whose calls these were, however they ended."""
    rounds = [one.next() for one in await store.of_callouts(conn, callout_ids)]
    held = await assignment_store.read(conn, {one.reminder.assignment_id for one in rounds})
    going = [one for one in rounds if one.extension and _stands(one.reminder, held)]
    await store.save(conn, [one for one in rounds if one not in going])
    await _call(conn, going, now=now)


async def _call(conn: AsyncConnection, rounds: Sequence[Round], *, now: datetime) -> None:
    """Call the extension whose turn it is, in each round; nobody waits for an answer."""
    turns = [(one, key) for one in rounds if (key := one.extension)]
    orders = [
        Order(names.ASSIGNMENT, one.reminder.assignment_id, key, one.reminder.stage, waits=False)
        for one, key in turns
    ]
    ids = await launch(conn, orders, now=now) if orders else []
    called = [replace(one, callout_id=id_) for (one, _), id_ in zip(turns, ids, strict=True)]
    await store.save(conn, called)


async def _note(
    conn: AsyncConnection, rounds: Sequence[Round], held: Mapping[str, Assignment]
) -> None:
    found = ((held[one.reminder.assignment_id], one.reminder.stage) for one in rounds)
    both = [(before, reminders.reached(before, stage)) for before, stage in found]
    await assignment_store.save(conn, [after for before, after in both if after != before])


async def _write(
    conn: AsyncConnection,
    told: Sequence[Reminder],
    held: Mapping[str, Assignment],
    terms: Terms,
    *,
    now: datetime,
) -> None:
    about = [(one, held[one.assignment_id]) for one in told]
    heard = [(one, held) for one, held in about if not _is_silent(held, terms)]
    if not heard:
        return
    packages = await catalog_store.packages(conn, {held.package_id for _, held in heard})
    mails = [
        NewMail(
            template=notice.template,
            to=held.target_id,
            values={
                "package": packages[held.package_id].display_name,
                "days": reminders.days_left(one.ends_at, now=now),
                "ends_at": one.ends_at,
            },
            about=About(names.ASSIGNMENT, held.id),
        )
        for one, held in heard
        for notice in notices.TABLE
        if notice.event is Event.EXPIRES_SOON
    ]
    await send(conn, mails, now=now)


async def _terms(conn: AsyncConnection, held: Sequence[Assignment]) -> Terms:
    current = await policy_store.current_terms(conn, {one.policy_id for one in held})
    said = await policy_store.terms(conn, set(current.values()))
    return {policy: said[terms_id] for policy, terms_id in current.items()}


def _round(reminder: Reminder, terms: AccessPackageAssignmentPolicy | None) -> Round:
    return Round(reminder=reminder, extensions=_extensions(reminder.stage, terms))


def _extensions(stage: Stage, terms: AccessPackageAssignmentPolicy | None) -> tuple[str, ...]:
    settings = stages.settings_of(terms) if terms else []
    found = (stages.extension_id(setting) for setting in settings if setting.stage is stage)
    return tuple(key for key in found if key)


def _is_silent(held: Assignment, terms: Terms) -> bool:
    said = terms.get(held.policy_id)
    return said is not None and is_silent(said)


def _stands(reminder: Reminder, held: Mapping[str, Assignment]) -> bool:
    one = held.get(reminder.assignment_id)
    return one is not None and one.is_held and one.ends_at == reminder.ends_at
