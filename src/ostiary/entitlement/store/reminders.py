"""Queries about reminders: which were told, and how far the calls of each have come."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import bindparam, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.entitlement.model.enums import AccessPackageCustomExtensionStage as Stage
from ostiary.entitlement.reminders import Reminder
from ostiary.entitlement.tables import assignment_reminders
from ostiary.storage import upserts
from ostiary.storage.batches import among

_columns = assignment_reminders.c
_KEY = ("assignment_id", "stage", "ends_at")


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """The calls of one reminder, one after the other."""

    reminder: Reminder
    extensions: tuple[str, ...] = ()
    position: int = 0
    callout_id: str | None = None
    """The call that is under way."""

    @property
    def extension(self) -> str | None:
        """Whose turn it is."""
        return self.extensions[self.position] if self.position < len(self.extensions) else None

    def next(self) -> Round:
        """Go on to the next extension."""
        return replace(self, position=self.position + 1, callout_id=None)


async def begin(conn: AsyncConnection, rounds: Sequence[Round], *, now: datetime) -> list[Round]:
    """Store reminders; give those that were not told before."""
    if not rounds:
        return []
    statement = upserts.insert(conn, assignment_reminders).on_conflict_do_nothing()
    rows = [{**_key(one), "extension_ids": list(one.extensions), **_place(one)} for one in rounds]
    stored = [{**row, "created_at": now} for row in rows]
    told = await conn.execute(statement.returning(*(_columns[name] for name in _KEY)), stored)
    new = {(row.assignment_id, row.stage, row.ends_at) for row in told}
    return [one for one in rounds if tuple(_key(one).values()) in new]


async def save(conn: AsyncConnection, rounds: Sequence[Round]) -> None:
    """Store how far the calls have come."""
    if rounds:
        same = (
            _columns[name] == bindparam(f"of_{name}", type_=_columns[name].type) for name in _KEY
        )
        names = ("position", "callout_id")
        statement = update(assignment_reminders).where(*same)
        await conn.execute(
            statement.values({name: bindparam(f"new_{name}") for name in names}),
            [
                {f"of_{name}": value for name, value in _key(one).items()}
                | {f"new_{name}": value for name, value in _place(one).items()}
                for one in rounds
            ],
        )


async def of_callouts(conn: AsyncConnection, callout_ids: Collection[str]) -> list[Round]:
    """Give the rounds whose calls these are, their rows locked."""
    query = (
        select(assignment_reminders)
        .where(among(_columns.callout_id, callout_ids))
        .order_by(*(_columns[name] for name in _KEY))
        .with_for_update()
    )
    return [
        Round(
            reminder=Reminder(
                assignment_id=row["assignment_id"],
                stage=Stage(row["stage"]),
                ends_at=row["ends_at"],
            ),
            extensions=tuple(row["extension_ids"]),
            position=row["position"],
            callout_id=row["callout_id"],
        )
        for row in (await conn.execute(query)).mappings()
    ]


def _key(one: Round) -> dict[str, object]:
    reminder = one.reminder
    return {
        "assignment_id": reminder.assignment_id,
        "stage": reminder.stage.value,
        "ends_at": reminder.ends_at,
    }


def _place(one: Round) -> dict[str, object]:
    return {"position": one.position, "callout_id": one.callout_id}
