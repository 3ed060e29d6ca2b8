"""What the command line asks about callouts: lists by filters, and one with all that is known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.durable.deadletters import DeadLetter, dead_letters
from ostiary.extensions import effects, extension_store, ledger, store
from ostiary.extensions.callouts import Callout, CalloutStatus
from ostiary.extensions.ledger import Entry
from ostiary.extensions.tables import callouts, custom_extensions
from ostiary.server import stored_types  # noqa: F401  # what is read may name any of them

_MANY = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """Which callouts are wanted: all that were given must hold."""

    statuses: tuple[CalloutStatus, ...] = ()
    owner: str | None = None
    """The id of a request or of a task result."""
    extension: str | None = None
    """An id or a display name."""
    is_open: bool | None = None
    limit: int = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One callout with what belongs to it."""

    callout: Callout
    extension_name: str | None
    entries: tuple[Entry, ...] = ()
    dead: tuple[DeadLetter, ...] = ()


async def listed(conn: AsyncConnection, filters: Filters) -> list[Found]:
    """Give the latest callouts that fit, the newest first."""
    statement = select(callouts.c.id).where(*_conditions(filters))
    newest = statement.order_by(callouts.c.created_at.desc(), callouts.c.id).limit(filters.limit)
    ids = list((await conn.execute(newest)).scalars())
    found = await store.read(conn, ids)
    names = await _names(conn, list(found.values()))
    return [
        Found(callout=found[id_], extension_name=names.get(found[id_].extension_id)) for id_ in ids
    ]


async def one(conn: AsyncConnection, callout_id: str) -> Found | None:
    """Give one callout with its ledger, and with work about it that has failed for good.

    Answers that fit none of the owner's callouts are part of the ledger too.
    """
    callout = (await store.read(conn, [callout_id])).get(callout_id)
    if callout is None:
        return None
    names = await _names(conn, [callout])
    about = await ledger.read(conn, [callout.owner_id])
    return Found(
        callout=callout,
        extension_name=names.get(callout.extension_id),
        entries=tuple(entry for entry in about if entry.callout_id in (callout.id, None)),
        dead=tuple(await dead(conn, [callout.id])),
    )


async def dead(conn: AsyncConnection, callout_ids: Sequence[str]) -> list[DeadLetter]:
    """Give the work about these callouts that has failed for good."""
    letters = [
        letter
        for kind in (effects.CALLOUT, effects.TIMEOUT)
        for letter in await dead_letters(conn, kind=kind, limit=_MANY)
    ]
    return [letter for letter in letters if letter.key in callout_ids]


def _conditions(filters: Filters) -> list[ColumnElement[bool]]:
    wanted: list[ColumnElement[bool]] = []
    if filters.statuses:
        wanted.append(callouts.c.status.in_([status.value for status in filters.statuses]))
    if filters.owner:
        wanted.append(callouts.c.owner_id == filters.owner)
    if filters.extension:
        named = select(custom_extensions.c.id).where(
            custom_extensions.c.display_name == filters.extension
        )
        is_it = callouts.c.extension_id == filters.extension
        wanted.append(or_(is_it, callouts.c.extension_id.in_(named)))
    if filters.is_open is not None:
        ended = callouts.c.outcome
        wanted.append(ended.is_(None) if filters.is_open else ended.is_not(None))
    return wanted


async def _names(conn: AsyncConnection, found: Sequence[Callout]) -> dict[str, str]:
    extensions = await extension_store.read(conn, {callout.extension_id for callout in found})
    return {id_: extension.display_name for id_, extension in extensions.items()}
