"""The ledger: every attempt to reach an endpoint, and every answer, refused ones included.

It holds what is needed to find out later what happened, and nothing that would let anyone repeat
it: no token, no body, no query of a URL.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Final, Literal

import msgspec
from msgspec.structs import fields
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.extensions.answers import Accepted, Answer, Decision, Refused
from ostiary.extensions.callouts import Callout
from ostiary.extensions.calls import Attempt
from ostiary.extensions.tables import callout_attempts
from ostiary.storage.batches import KEYS, among
from ostiary.storage.rows import Insertion

Result = Literal["taken", "failed", "accepted", "repeated", "refused"]


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One line: a call (``out``) or an answer (``in``)."""

    callout_id: str | None
    owner_kind: str
    owner_id: str
    direction: Literal["out", "in"]
    at: datetime
    result: Result
    label: str | None = None
    """The short word for a failure, or the code of a refusal."""
    status: int | None = None
    url: str | None = None
    duration_ms: int | None = None
    nonce: str | None = None
    fingerprint: str | None = None
    caller: str | None = None
    caller_app: str | None = None


_COLUMNS: Final = tuple(field.name for field in fields(Entry))
_WRITE: Final = Insertion(callout_attempts)
_READ: Final = (
    select(*(callout_attempts.c[name] for name in _COLUMNS))
    .where(among(callout_attempts.c.owner_id, KEYS))
    .order_by(callout_attempts.c.id)
)


def of_attempt(callout: Callout, attempt: Attempt) -> Entry:
    """Tell of one attempt to reach the endpoint."""
    return Entry(
        callout_id=callout.id,
        owner_kind=callout.owner_kind,
        owner_id=callout.owner_id,
        direction="out",
        at=attempt.at,
        result="failed" if attempt.label else "taken",
        label=attempt.label,
        status=attempt.status,
        url=attempt.url,
        duration_ms=attempt.milliseconds,
        nonce=attempt.nonce,
        fingerprint=attempt.fingerprint,
    )


def of_answer(answer: Answer, decision: Decision) -> Entry:
    """Tell of one answer; what its sender wrote is cut to what the columns hold."""
    error = decision.error if isinstance(decision, Refused) else None
    return Entry(
        callout_id=_callout_id(decision),
        owner_kind=answer.owner_kind,
        owner_id=fitting(answer.owner_id, 36),
        direction="in",
        at=answer.received_at,
        result=_result(decision),
        label=error.code if error else None,
        caller=fitting(answer.caller.id, 64),
        caller_app=fitting(answer.caller.app_id or "", 64) or None,
    )


async def write(conn: AsyncConnection, entries: Sequence[Entry]) -> None:
    """Add lines, in one statement."""
    rows = [{name: getattr(entry, name) for name in _COLUMNS} for entry in entries]
    await _WRITE.run(conn, rows)


async def read(conn: AsyncConnection, owner_ids: Collection[str]) -> list[Entry]:
    """Give all lines about these owners, the oldest first."""
    rows = await conn.execute(_READ, {"keys": owner_ids})
    return [Entry(**row) for row in rows.mappings()]


def _callout_id(decision: Decision) -> str | None:
    """Give the callout that was meant; an error names it in its context where it is known."""
    if isinstance(decision, Refused):
        return decision.error.context.get("callout")
    return decision.callout.id


def _result(decision: Decision) -> Result:
    if isinstance(decision, Refused):
        return "refused"
    return "accepted" if isinstance(decision, Accepted) else "repeated"


def fitting(text: str, length: int) -> str:
    """Cut a text from outside to what a column holds."""
    return text.replace("\x00", "")[:length]
