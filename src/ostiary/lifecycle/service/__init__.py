"""The use cases of lifecycle workflows, by noun; whatever moves results shares ``settling``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from ostiary.extensions.egress import EgressPolicy
from ostiary.extensions.resumes import Resumes
from ostiary.lifecycle.service.activating import Activating
from ostiary.lifecycle.service.awaiting import PATIENCE, Awaiting
from ostiary.lifecycle.service.deleted import DeletedWorkflows
from ostiary.lifecycle.service.previewing import Previewing
from ostiary.lifecycle.service.reporting import Reporting
from ostiary.lifecycle.service.resuming import Address, Resuming
from ostiary.lifecycle.service.runs import Runs
from ostiary.lifecycle.service.settings import TenantSettings
from ostiary.lifecycle.service.task_extensions import TaskExtensions
from ostiary.lifecycle.service.workflows import Workflows
from ostiary.lifecycle.tasks.registry import Registry
from ostiary.storage.database import Database

__all__ = [
    "Activating",
    "Address",
    "Awaiting",
    "DeletedWorkflows",
    "Lifecycle",
    "Previewing",
    "Reporting",
    "Resuming",
    "Runs",
    "TaskExtensions",
    "TenantSettings",
    "Workflows",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Lifecycle:
    """All of them, for the routes."""

    activating: Activating
    awaiting: Awaiting
    deleted: DeletedWorkflows
    extensions: TaskExtensions
    previewing: Previewing
    reporting: Reporting
    resuming: Resuming
    runs: Runs
    settings: TenantSettings
    workflows: Workflows

    @classmethod
    def of(
        cls,
        database: Database,
        *,
        resumes: Resumes,
        registry: Registry,
        egress: EgressPolicy,
        logic_app_template: str | None = None,
        refuse_unresolved: bool = False,
        domains: Sequence[str] = ("ostiary.local",),
        has_banner: bool = False,
        patience: timedelta = PATIENCE,
    ) -> Lifecycle:
        """Make the use cases of one deployment.

        ``registry`` has the tasks, ``domains`` are those of the tenant, ``has_banner`` says
        that mails can show a logo, ``patience`` is that of calls that wait for a run; see
        ``TaskExtensions`` for the rest.
        """
        workflows = Workflows(database)
        return cls(
            activating=Activating(database, registry),
            awaiting=Awaiting(database, patience),
            deleted=DeletedWorkflows(workflows),
            extensions=TaskExtensions(
                database=database,
                egress=egress,
                logic_app_template=logic_app_template,
                refuse_unresolved=refuse_unresolved,
            ),
            previewing=Previewing(database, registry),
            reporting=Reporting(database),
            resuming=Resuming(database, resumes),
            runs=Runs(database),
            settings=TenantSettings(
                database=database, domains=tuple(domains), has_banner=has_banner
            ),
            workflows=workflows,
        )
