"""The use cases of lifecycle workflows, by noun; whatever moves results shares ``settling``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ostiary.extensions.egress import EgressPolicy
from ostiary.extensions.resumes import Resumes
from ostiary.lifecycle.service.deleted import DeletedWorkflows
from ostiary.lifecycle.service.resuming import Address, Resuming
from ostiary.lifecycle.service.runs import Runs
from ostiary.lifecycle.service.settings import TenantSettings
from ostiary.lifecycle.service.task_extensions import TaskExtensions
from ostiary.lifecycle.service.workflows import Workflows
from ostiary.storage.database import Database

__all__ = [
    "Address",
    "DeletedWorkflows",
    "Lifecycle",
    "Resuming",
    "Runs",
    "TaskExtensions",
    "TenantSettings",
    "Workflows",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Lifecycle:
    """All of them, for the routes."""

    deleted: DeletedWorkflows
    extensions: TaskExtensions
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
        egress: EgressPolicy,
        logic_app_template: str | None = None,
        refuse_unresolved: bool = False,
        domains: Sequence[str] = ("ostiary.local",),
    ) -> Lifecycle:
        """Make the use cases of one deployment.

        See ``TaskExtensions`` for the settings; ``domains`` are those of the tenant.
        """
        workflows = Workflows(database)
        return cls(
            deleted=DeletedWorkflows(workflows),
            extensions=TaskExtensions(
                database=database,
                egress=egress,
                logic_app_template=logic_app_template,
                refuse_unresolved=refuse_unresolved,
            ),
            resuming=Resuming(database, resumes),
            runs=Runs(database),
            settings=TenantSettings(database=database, domains=tuple(domains)),
            workflows=workflows,
        )
