"""Temporary access passes: hashes, with the time in which they are valid."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.lifecycle.tables import temporary_access_passes as passes
from ostiary.storage.ids import new_id


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPass:
    """A pass that is to be stored, without its text."""

    user_id: str
    task_processing_result_id: str
    text: str
    starts_at: datetime
    ends_at: datetime
    is_usable_once: bool


async def insert_passes(conn: AsyncConnection, new: Sequence[NewPass], *, now: datetime) -> None:
    """Add passes."""
    rows = [
        {
            "id": new_id(),
            "user_id": one.user_id,
            "task_processing_result_id": one.task_processing_result_id,
            "hash": hash_of(one.text, one.user_id),
            "start_date_time": one.starts_at,
            "end_date_time": one.ends_at,
            "is_usable_once": one.is_usable_once,
            "created_date_time": now,
        }
        for one in new
    ]
    if rows:
        await conn.execute(insert(passes), rows)


async def use_pass(conn: AsyncConnection, user_id: str, text: str, *, now: datetime) -> bool:
    """Tell whether a text is a valid pass of a person, and note that it was used."""
    fitting = (
        select(passes.c.id)
        .where(
            passes.c.user_id == user_id,
            passes.c.hash == hash_of(text, user_id),
            passes.c.start_date_time <= now,
            passes.c.end_date_time > now,
            or_(~passes.c.is_usable_once, passes.c.used_date_time.is_(None)),
        )
        .limit(1)
        .with_for_update()
    )
    id = (await conn.execute(fitting)).scalar()
    if id is None:
        return False
    await conn.execute(update(passes).where(passes.c.id == id).values(used_date_time=now))
    return True


def hash_of(text: str, user_id: str) -> str:
    """Give the hash of a pass: it is random and short-lived, so a plain one will do."""
    return hashlib.sha256(f"{user_id}:{text}".encode()).hexdigest()
