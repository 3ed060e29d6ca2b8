"""Assign licences to a person, and take them away: those that a task names, or all.

Only what a person holds directly is known here, and nothing counts seats.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.directory import changes, store
from ostiary.directory.model import AssignedLicense
from ostiary.directory.people import Person
from ostiary.lifecycle import catalogue, names
from ostiary.lifecycle.argument_forms import split
from ostiary.lifecycle.catalogue import LICENSES_PARAMETER
from ostiary.lifecycle.results import Completed, Failed, Turn
from ostiary.lifecycle.tasks.judged import JudgedTask, Judgement, ToDo
from ostiary.lifecycle.tasks.people import GONE, people_of


class _LicenseTask(JudgedTask):
    """A task on licences; what a person holds in the end decides what there is to do."""

    nothing_to_do: str

    async def judge(
        self, conn: AsyncConnection, turns: Sequence[Turn], *, now: datetime
    ) -> Mapping[str, Judgement]:
        """See ``JudgedTask``."""
        people = await people_of(conn, turns)
        return {turn.task.id: self._judge(turn, people.get(turn.subject_id)) for turn in turns}

    async def do(self, conn: AsyncConnection, turns: Sequence[Turn], *, now: datetime) -> None:
        """See ``JudgedTask``; several turns of one person add up."""
        users = await store.users(conn, {turn.subject_id for turn in turns}, lock=True)
        held = {id: list(user.assigned_licenses) for id, user in users.items()}
        for turn in turns:
            known = {_key(license): license for license in held[turn.subject_id]}
            after = self._after(frozenset(known), turn)
            held[turn.subject_id] = [
                known.get(sku) or AssignedLicense(sku_id=sku) for sku in sorted(after)
            ]
        await changes.set_licenses(conn, held, now=now, actor=names.ACTOR)

    def _judge(self, turn: Turn, person: Person | None) -> Judgement:
        if person is None:
            return GONE
        held = frozenset(sku.lower() for sku in person.license_sku_ids)
        changing = sorted(held ^ self._after(held, turn))
        if not changing:
            return Completed(self.nothing_to_do)
        return self._refusal(person) or ToDo(self._would(", ".join(changing)))

    def _refusal(self, person: Person) -> Failed | None:
        return None

    @abstractmethod
    def _after(self, held: frozenset[str], turn: Turn) -> frozenset[str]:
        """Give the licences that the person holds in the end."""

    @abstractmethod
    def _would(self, listed: str) -> str:
        """Say what would happen with these licences."""


class AssignLicenses(_LicenseTask):
    """Give a person the licences that the task names."""

    definition_id = catalogue.ASSIGN_LICENSES
    nothing_to_do = "The user had every licence already."

    def _after(self, held: frozenset[str], turn: Turn) -> frozenset[str]:
        return held | _named(turn)

    def _would(self, listed: str) -> str:
        return f"assign the licences {listed}"

    def _refusal(self, person: Person) -> Failed | None:
        if person.usage_location:
            return None
        return Failed("The user has no usageLocation, without which no licence can be assigned.")


class RemoveLicenses(_LicenseTask):
    """Take from a person the licences that the task names."""

    definition_id = catalogue.REMOVE_LICENSES
    nothing_to_do = "The user had none of the licences."

    def _after(self, held: frozenset[str], turn: Turn) -> frozenset[str]:
        return held - _named(turn)

    def _would(self, listed: str) -> str:
        return f"remove the licences {listed}"


class RemoveAllLicenses(RemoveLicenses):
    """Take from a person every licence."""

    definition_id = catalogue.REMOVE_ALL_LICENSES
    nothing_to_do = "The user had no licence."

    def _after(self, held: frozenset[str], turn: Turn) -> frozenset[str]:
        return frozenset()


def _named(turn: Turn) -> frozenset[str]:
    return frozenset(id.lower() for id in split(turn.arguments.get(LICENSES_PARAMETER, "")))


def _key(license: AssignedLicense) -> str:
    return (license.sku_id or "").lower()
