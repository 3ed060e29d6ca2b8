"""What mails of tasks need to know, read for a whole batch of people at once."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence, Set
from dataclasses import dataclass, field
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.directory import store
from ostiary.directory.model import User
from ostiary.directory.people import Person
from ostiary.lifecycle.letters import Audience, Letter
from ostiary.lifecycle.model.shared import EmailSettings
from ostiary.lifecycle.recipients import read_recipients
from ostiary.lifecycle.results import Turn
from ostiary.lifecycle.store.settings import read_settings

_NAMING: Final = ("sponsorships-for-manager", "sponsorships-for-co-sponsors")
"""The templates that name whom the user sponsors."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What is known about those whom mails are about and those who are written to."""

    users: Mapping[str, User]
    """The people that tasks are for."""
    people: Mapping[str, Person]
    """They, and whoever has to do with them."""
    sponsors: Mapping[str, Set[str]] = field(default_factory=dict)
    """The people who sponsor each."""
    sponsored: Mapping[str, Set[str]] = field(default_factory=dict)
    """Whom each sponsors."""
    co_sponsors: Mapping[str, Mapping[str, Set[str]]] = field(default_factory=dict)
    """The people who sponsor somebody together with each, and whom."""
    email: EmailSettings | None = None
    """None: nobody has changed a setting."""

    def manager_of(self, user_id: str) -> Person | None:
        """Give somebody's manager."""
        return self.people.get(self.people[user_id].manager_id or "")


async def read_facts(conn: AsyncConnection, turns: Sequence[Turn], letter: Letter) -> Facts:
    """Read what the mails of these turns need."""
    ids = {turn.subject_id for turn in turns}
    each = [read_recipients(turn.arguments, letter.audience) for turn in turns]
    audiences = {one.audience for one in each}
    users = await store.users(conn, ids)
    subjects = await store.people(conn, ids)
    sponsors = await _sponsors(conn, ids) if Audience.SPONSORS in audiences else {}
    is_naming = letter.template in _NAMING
    sponsored = await store.sponsored_by(conn, ids) if is_naming else {}
    beside: dict[str, dict[str, set[str]]] = {}
    if Audience.CO_SPONSORS in audiences:
        beside = await _co_sponsors(conn, sponsored)
    wanted = {one.manager_id for one in subjects.values() if one.manager_id}
    wanted = wanted.union(*sponsors.values(), *sponsored.values(), *beside.values())
    wanted = wanted.union(*(one.ids + one.copies for one in each))
    settings = await read_settings(conn)
    return Facts(
        users=users,
        people={**subjects, **await store.people(conn, wanted - subjects.keys())},
        sponsors=sponsors,
        sponsored=sponsored,
        co_sponsors=beside,
        email=settings.email_settings if settings else None,
    )


async def _sponsors(conn: AsyncConnection, ids: Collection[str]) -> dict[str, set[str]]:
    """Give the sponsors of each person, the members of groups one by one."""
    found = await store.sponsors(conn, ids)
    people = await store.people_behind(conn, set().union(*found.values()))
    return {
        id: set().union(*(people[sponsor] for sponsor in sponsors))
        for id, sponsors in found.items()
    }


async def _co_sponsors(
    conn: AsyncConnection, sponsored: Mapping[str, Set[str]]
) -> dict[str, dict[str, set[str]]]:
    sponsors = await _sponsors(conn, set().union(*sponsored.values()))
    found: dict[str, dict[str, set[str]]] = {id: {} for id in sponsored}
    for id, others in sponsored.items():
        for other in others:
            for sponsor in sponsors[other] - {id}:
                found[id].setdefault(sponsor, set()).add(other)
    return found
