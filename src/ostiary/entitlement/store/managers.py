"""Who is above whom."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.directory import store as directory

LEVELS: Final = 4
"""How far up a policy can look for a manager."""


async def managers(conn: AsyncConnection, people: Collection[str]) -> dict[str, str]:
    """Give the managers of people and of their managers: one query for each level."""
    found: dict[str, str] = {}
    level = set(people)
    for _ in range(LEVELS):
        known = await directory.people(conn, level) if level else {}
        found |= {one.id: one.manager_id for one in known.values() if one.manager_id}
        level = {one.manager_id for one in known.values() if one.manager_id} - found.keys()
    return found


def above(person: str, managers: dict[str, str]) -> list[str]:
    """Give the managers of somebody, the nearest first, as far as ``managers`` knows them."""
    chain: list[str] = []
    here = managers.get(person)
    while here is not None and len(chain) < LEVELS:
        chain.append(here)
        here = managers.get(here)
    return chain
