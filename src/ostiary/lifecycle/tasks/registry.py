"""Which task does what a definition promises."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.lifecycle.catalogue import definition_of
from ostiary.lifecycle.results import Failed, Outcome, Turn
from ostiary.lifecycle.tasks.accounts import DeleteAccount, DisableAccount, EnableAccount
from ostiary.lifecycle.tasks.attributes import UpdateAttributes
from ostiary.lifecycle.tasks.custom_extension import RunCustomExtension
from ostiary.lifecycle.tasks.group_additions import AddToGroups
from ostiary.lifecycle.tasks.group_removals import RemoveFromAllGroups, RemoveFromGroups
from ostiary.lifecycle.tasks.licenses import AssignLicenses, RemoveAllLicenses, RemoveLicenses
from ostiary.lifecycle.tasks.mails import mail_tasks
from ostiary.lifecycle.tasks.packages import Access, access_tasks
from ostiary.lifecycle.tasks.pass_mails import PassMails
from ostiary.lifecycle.tasks.port import Step, Task
from ostiary.lifecycle.tasks.provided import provided
from ostiary.lifecycle.tasks.sessions import RevokeSessions
from ostiary.lifecycle.tasks.sponsorships import TransferSponsorships
from ostiary.lifecycle.tasks.temporary_access import GenerateTap


def built_in(
    *,
    providers: Mapping[str, str] | None = None,
    domain: str | None = None,
    access: Access | None = None,
) -> list[Task]:
    """Give the tasks that this server brings with it.

    ``providers`` names the extensions that carry out tasks of other systems, by definition;
    ``domain`` is the organisation's first, which mails are sent from where no setting says more.

    ``access`` looks after access packages; without it those tasks are not available.

    :raises ValueError: a provider is named for a task that needs none.
    """
    return [
        AddToGroups(),
        AssignLicenses(),
        DeleteAccount(),
        DisableAccount(),
        EnableAccount(),
        GenerateTap(PassMails(domain)),
        RemoveAllLicenses(),
        RemoveFromAllGroups(),
        RemoveFromGroups(),
        RemoveLicenses(),
        RevokeSessions(),
        RunCustomExtension(),
        TransferSponsorships(),
        UpdateAttributes(),
        *mail_tasks(domain),
        *(access_tasks(access) if access is not None else ()),
        *provided(providers or {}),
    ]


class Registry:
    """The tasks by definition."""

    def __init__(self, tasks: Iterable[Task] = ()) -> None:
        self._tasks: dict[str, Task] = {}
        for task in tasks:
            self.register(task)

    def register(self, task: Task) -> None:
        """Add a task.

        :raises ValueError: its definition has one already, or is in no catalogue.
        """
        if definition_of(task.definition_id) is None:
            raise ValueError(f"There is no task definition {task.definition_id!r}.")
        if task.definition_id.lower() in self._tasks:
            raise ValueError(f"Two tasks are registered for {task.definition_id!r}.")
        self._tasks[task.definition_id.lower()] = task

    async def run(
        self, conn: AsyncConnection, turns: Sequence[Turn], *, now: datetime
    ) -> dict[str, Outcome]:
        """Run each turn's task, all turns of one definition together; see ``Task.run``."""
        outcomes: dict[str, Outcome] = {}
        for definition_id, group in _by_definition(turns).items():
            task = self._tasks.get(definition_id)
            if task is None:
                outcomes |= dict.fromkeys((t.task.id for t in group), _unavailable(definition_id))
            else:
                outcomes |= await task.run(conn, group, now=now)
        return outcomes

    async def foresee(
        self, conn: AsyncConnection, turns: Sequence[Turn], *, now: datetime
    ) -> dict[str, Outcome]:
        """Say what each turn's task would do; see ``Task.foresee``."""
        outcomes: dict[str, Outcome] = {}
        for definition_id, group in _by_definition(turns).items():
            task = self._tasks.get(definition_id)
            if task is None:
                outcomes |= dict.fromkeys((t.task.id for t in group), _unavailable(definition_id))
            else:
                outcomes |= await task.foresee(conn, group, now=now)
        return outcomes

    async def faults(self, conn: AsyncConnection, steps: Sequence[Step]) -> dict[str, str]:
        """Say which tasks would fail for everybody, and why, by the task's id."""
        groups: dict[str, list[Step]] = defaultdict(list)
        for step in steps:
            groups[step.definition_id.lower()].append(step)
        found: dict[str, str] = {}
        for definition_id, group in groups.items():
            task = self._tasks.get(definition_id)
            if task is None:
                found |= dict.fromkeys(
                    (step.task_id for step in group), _unavailable(definition_id).reason
                )
            else:
                found |= await task.faults(conn, group)
        return found


def _by_definition(turns: Sequence[Turn]) -> dict[str, list[Turn]]:
    groups: dict[str, list[Turn]] = defaultdict(list)
    for turn in turns:
        groups[turn.definition_id.lower()].append(turn)
    return groups


def _unavailable(definition_id: str) -> Failed:
    definition = definition_of(definition_id)
    name = definition.display_name if definition else definition_id
    return Failed(f"The task '{name}' is not available on this server yet, so nothing was done.")
