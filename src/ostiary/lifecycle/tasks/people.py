"""What tasks on people have in common: whether there still is such a person, and who is spared."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.directory import store
from ostiary.directory.people import Person
from ostiary.lifecycle.results import Failed, Turn

GONE: Final = Failed("The user does not exist any more.")
NO_BRIDGE: Final = Failed(
    "The account is managed on premises, and this server has no bridge to an on-premises directory."
)
PRIVILEGED: Final = Failed(
    "The user is a member or an owner of a role-assignable group; such accounts are not changed "
    "by workflows."
)


async def people_of(conn: AsyncConnection, turns: Iterable[Turn]) -> dict[str, Person]:
    """Read the people that tasks are for; those who are gone are missing."""
    return await store.people(conn, {turn.subject_id for turn in turns})


async def privileged(conn: AsyncConnection, people: Collection[str]) -> set[str]:
    """Give those who are members or owners of role-assignable groups."""
    related = await store.groups_of(conn, people)
    for person_id, owned in (await store.owned_by(conn, people)).items():
        related[person_id] = related[person_id] | owned
    groups = await store.groups(conn, set().union(*related.values()))
    assignable = {id for id, group in groups.items() if group.is_assignable_to_role}
    return {person_id for person_id, ids in related.items() if ids & assignable}
