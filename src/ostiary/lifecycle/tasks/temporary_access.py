"""Make a temporary access pass for a person, and have it delivered.

The pass is kept as a hash only, with the time in which it is valid, so that a sign-in page can ask
whether what somebody types is one. The text itself leaves with the delivery, in the same
transaction. Where nobody could be reached no pass is made: it would help nobody.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Protocol

from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.directory.people import Person
from ostiary.lifecycle import catalogue
from ostiary.lifecycle.catalogue import TAP_IS_USABLE_ONCE, TAP_LIFETIME
from ostiary.lifecycle.results import Completed, Failed, Outcome, Turn
from ostiary.lifecycle.store import passes as store
from ostiary.lifecycle.tasks.people import GONE, PRIVILEGED, people_of, privileged
from ostiary.lifecycle.tasks.port import Step

_ALPHABET: Final = "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789"
_LENGTH: Final = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Pass:
    """A pass on its way to somebody. ``text`` is stored nowhere."""

    turn: Turn
    text: str
    starts_at: datetime
    lifetime: timedelta
    is_usable_once: bool


class PassRound(Protocol):
    """What was found out about the people of some turns, by which passes can be brought to them."""

    @property
    def refusals(self) -> Mapping[str, Failed]:
        """For which turns nobody could be reached, by task result."""

    async def deliver(
        self, conn: AsyncConnection, passes: Sequence[Pass], *, now: datetime
    ) -> Mapping[str, str]:
        """Send passes for turns that were not refused; what is raised undoes that they were made.

        Gives what there is to note about some of them, by task result.
        """


class PassDelivery(Protocol):
    """Brings passes to people."""

    async def prepare(self, conn: AsyncConnection, turns: Sequence[Turn]) -> PassRound:
        """Find out who can be reached."""

    async def faults(self, conn: AsyncConnection, steps: Sequence[Step]) -> Mapping[str, str]:
        """Say which tasks could reach nobody, whoever they are for; see ``port.Task.faults``."""


class GenerateTap:
    """Make a pass for a new hire; it begins on the first day, or at once when that has passed."""

    definition_id = catalogue.GENERATE_TAP

    def __init__(self, delivery: PassDelivery) -> None:
        self._delivery = delivery

    async def run(
        self, conn: AsyncConnection, turns: Sequence[Turn], *, now: datetime
    ) -> Mapping[str, Outcome]:
        """See ``port.Task.run``."""
        people = await people_of(conn, turns)
        refused, round_ = await self._prepare(conn, turns, people)
        made = [
            _make(turn, people[turn.subject_id], now)
            for turn in turns
            if turn.task.id not in refused
        ]
        await store.insert_passes(conn, [_row(one) for one in made], now=now)
        notes = await round_.deliver(conn, made, now=now) if made else {}
        done = (one.turn.task.id for one in made)
        return {**refused, **{id: Completed(notes.get(id)) for id in done}}

    async def foresee(
        self, conn: AsyncConnection, turns: Sequence[Turn], *, now: datetime
    ) -> Mapping[str, Outcome]:
        """See ``port.Task.foresee``."""
        people = await people_of(conn, turns)
        refused, _ = await self._prepare(conn, turns, people)
        told = {
            turn.task.id: _told(turn, people[turn.subject_id], now)
            for turn in turns
            if turn.task.id not in refused
        }
        return {**refused, **told}

    async def faults(self, conn: AsyncConnection, steps: Sequence[Step]) -> Mapping[str, str]:
        """See ``port.Task.faults``."""
        return await self._delivery.faults(conn, steps)

    async def _prepare(
        self, conn: AsyncConnection, turns: Sequence[Turn], people: Mapping[str, Person]
    ) -> tuple[dict[str, Failed], PassRound]:
        """Say for which turns no pass is made, and how those of the others are brought."""
        spared = await privileged(conn, people)
        found = {t.task.id: GONE for t in turns if t.subject_id not in people}
        found |= {t.task.id: PRIVILEGED for t in turns if t.subject_id in spared}
        left = [turn for turn in turns if turn.task.id not in found]
        round_ = await self._delivery.prepare(conn, left)
        return {**found, **round_.refusals}, round_


def _make(turn: Turn, person: Person, now: datetime) -> Pass:
    return Pass(
        turn=turn,
        text="".join(secrets.choice(_ALPHABET) for _ in range(_LENGTH)),
        starts_at=_start(person, now),
        lifetime=timedelta(minutes=int(turn.arguments[TAP_LIFETIME])),
        is_usable_once=turn.arguments.get(TAP_IS_USABLE_ONCE) == "true",
    )


def _start(person: Person, now: datetime) -> datetime:
    hired = person.employee_hire_date
    return now if hired is None or hired < now else hired


def _told(turn: Turn, person: Person, now: datetime) -> Completed:
    start = _start(person, now).isoformat()
    return Completed(
        f"Would make a pass that is valid from {start} for {turn.arguments[TAP_LIFETIME]} minutes, "
        "and send it."
    )


def _row(made: Pass) -> store.NewPass:
    return store.NewPass(
        user_id=made.turn.subject_id,
        task_processing_result_id=made.turn.task.id,
        text=made.text,
        starts_at=made.starts_at,
        ends_at=made.starts_at + made.lifetime,
        is_usable_once=made.is_usable_once,
    )
