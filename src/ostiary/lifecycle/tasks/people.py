"""What tasks on people have in common: whether there still is such a person."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.directory import store
from ostiary.directory.people import Person
from ostiary.lifecycle.results import Failed, Turn

GONE: Final = Failed("The user does not exist any more.")


async def people_of(conn: AsyncConnection, turns: Iterable[Turn]) -> dict[str, Person]:
    """Read the people that tasks are for; those who are gone are missing."""
    return await store.people(conn, {turn.subject_id for turn in turns})
