"""The use cases of lifecycle workflows, by noun; whatever moves results shares ``settling``."""

from __future__ import annotations

from dataclasses import dataclass

from ostiary.extensions.egress import EgressPolicy
from ostiary.extensions.resumes import Resumes
from ostiary.lifecycle.service.resuming import Address, Resuming
from ostiary.lifecycle.service.runs import Runs
from ostiary.lifecycle.service.task_extensions import TaskExtensions
from ostiary.lifecycle.service.workflows import Workflows
from ostiary.storage.database import Database

__all__ = ["Address", "Lifecycle", "Resuming", "Runs", "TaskExtensions", "Workflows"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Lifecycle:
    """All of them, for the routes."""

    extensions: TaskExtensions
    resuming: Resuming
    runs: Runs
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
    ) -> Lifecycle:
        """Make the use cases of one deployment; see ``TaskExtensions`` for the settings."""
        return cls(
            extensions=TaskExtensions(
                database=database,
                egress=egress,
                logic_app_template=logic_app_template,
                refuse_unresolved=refuse_unresolved,
            ),
            resuming=Resuming(database, resumes),
            runs=Runs(database),
            workflows=Workflows(database),
        )
