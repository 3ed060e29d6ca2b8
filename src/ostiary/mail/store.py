"""Queries about mails."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, RowMapping, delete, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.graph.values import read_instant, write_instant
from ostiary.mail.mails import About, Look, Mail, MailState
from ostiary.mail.tables import mails
from ostiary.storage.archive import Outgoing
from ostiary.storage.batches import KEYS, among
from ostiary.storage.rows import Change, Insertion

_columns = mails.c
_MOVING: Final = (
    "state",
    "reason",
    "address",
    "said",
    "subject",
    "text",
    "html",
    "round",
    "attempts",
    "ended_at",
)
_SAVE: Final = Change(mails, _MOVING)
_AT: Final = "@at"
"""The member that marks an instant among JSON values."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """Which mails are wanted: all that were given must hold."""

    states: tuple[MailState, ...] = ()
    to: str | None = None
    """An address in any case, or the id of a person."""
    template: str | None = None
    about: str | None = None
    """The id of what they are about."""
    before: str | None = None
    """The id of a mail: only those that come after it in the list."""
    limit: int = 50


_ADD: Final = Insertion(mails)
_READ: Final = select(mails).where(among(_columns.id, KEYS))
_LOCK: Final = _READ.order_by(_columns.id).with_for_update()


async def add(conn: AsyncConnection, new: Sequence[Mail]) -> None:
    """Store new mails, in one statement."""
    await _ADD.run(conn, [_row(mail) for mail in new])


async def save(conn: AsyncConnection, moved: Sequence[Mail]) -> None:
    """Store what can change of mails whose rows the caller has locked."""
    await _SAVE.run(conn, [_row(mail) for mail in moved])


async def lock(conn: AsyncConnection, keys: Collection[str]) -> dict[str, Mail]:
    """Give mails by id, their rows locked until the end of the transaction."""
    rows = (await conn.execute(_LOCK, {"keys": keys})).mappings()
    return {row["id"]: _mail(row) for row in rows}


async def read(conn: AsyncConnection, keys: Collection[str]) -> dict[str, Mail]:
    """Give mails by id; those that do not exist are missing."""
    rows = (await conn.execute(_READ, {"keys": keys})).mappings()
    return {row["id"]: _mail(row) for row in rows}


async def listed(conn: AsyncConnection, filters: Filters) -> list[Mail]:
    """Give mails that fit, the newest first."""
    query = (
        select(mails)
        .where(*_conditions(filters))
        .order_by(_columns.created_at.desc(), _columns.id.desc())
        .limit(filters.limit)
    )
    return [_mail(row) for row in (await conn.execute(query)).mappings()]


async def delete_old(conn: AsyncConnection, out: Outgoing, *, before: datetime, limit: int) -> int:
    """Delete some mails that came to their end by an instant; give how many."""
    query = (
        select(_columns.id)
        .where(_columns.created_at <= before, _columns.ended_at <= before)
        .order_by(_columns.created_at, _columns.id)
        .limit(limit)
    )
    keys = list((await conn.execute(query)).scalars())
    if keys:
        await out.delete(mails, among(_columns.id, keys))
    return len(keys)


async def delete_about(conn: AsyncConnection, about_ids: Collection[str]) -> None:
    """Delete the mails about these objects; those that are still on their way stay."""
    about = among(_columns.about_id, about_ids)
    await conn.execute(delete(mails).where(about, _columns.ended_at.is_not(None)))


async def oldest(conn: AsyncConnection) -> datetime | None:
    """Say when the oldest mail was made that has come to its end."""
    ended = select(_columns.created_at).where(_columns.ended_at.is_not(None))
    found: datetime | None = await conn.scalar(ended.order_by(_columns.created_at).limit(1))
    return found


def _conditions(filters: Filters) -> list[ColumnElement[bool]]:
    wanted: list[ColumnElement[bool]] = []
    if filters.states:
        wanted.append(_columns.state.in_([state.value for state in filters.states]))
    if filters.to:
        same = func.lower(_columns.address) == filters.to.lower()
        wanted.append(same | (_columns.recipient_id == filters.to.lower()))
    if filters.template:
        wanted.append(_columns.template == filters.template)
    if filters.about:
        wanted.append(_columns.about_id == filters.about.lower())
    if filters.before:
        last = select(_columns.created_at).where(_columns.id == filters.before.lower())
        at = last.scalar_subquery()
        earlier = _columns.created_at < at
        wanted.append(earlier | ((_columns.created_at == at) & (_columns.id < filters.before)))
    return wanted


def _mail(row: RowMapping) -> Mail:
    said = _unpacked(row["said"])
    names = ("id", "reason", "template", "recipient_id", "recipient_name", "address", "language")
    more = ("is_confidential", "subject", "text", "html", "round", "attempts")
    return Mail(
        **{name: row[name] for name in (*names, *more, "created_at", "ended_at")},
        state=MailState(row["state"]),
        cc=tuple(row["cc"] or ()),
        values=said.get("values", {}),
        attributes=said.get("attributes", {}),
        custom_subject=said.get("subject"),
        custom_body=said.get("body"),
        about=About(row["about_kind"], row["about_id"]) if row["about_id"] else None,
        look=Look(**row["look"]) if row["look"] else Look(),
    )


def _row(mail: Mail) -> dict[str, Any]:  # column values
    names = ("id", "reason", "template", "recipient_id", "recipient_name", "address", "language")
    more = ("is_confidential", "subject", "text", "html", "round", "attempts")
    return {
        **{name: getattr(mail, name) for name in (*names, *more, "created_at", "ended_at")},
        "state": mail.state.value,
        "cc": list(mail.cc) or None,
        "said": _said(mail),
        "about_kind": mail.about.kind if mail.about else None,
        "about_id": mail.about.id if mail.about else None,
        "look": None if mail.look == Look() else asdict(mail.look),
    }


def _said(mail: Mail) -> dict[str, Any]:
    parts = {
        "values": mail.values,
        "attributes": mail.attributes,
        "subject": mail.custom_subject,
        "body": mail.custom_body,
    }
    return {name: _packed(part) for name, part in parts.items() if part}


def _packed(value: Any) -> Any:
    """Make JSON of values, instants included."""
    match value:
        case datetime():
            return {_AT: write_instant(value)}
        case Mapping():
            return {key: _packed(item) for key, item in value.items()}
        case list() | tuple():
            return [_packed(item) for item in value]
    return value


def _unpacked(value: Any) -> Any:
    match value:
        case {"@at": str(text)}:
            return read_instant(text)
        case dict():
            return {key: _unpacked(item) for key, item in value.items()}
        case list():
            return [_unpacked(item) for item in value]
    return value
