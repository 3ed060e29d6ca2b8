"""The catalogue of task definitions, and execution limits."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from msgspec import field

from ostiary.graph.types import Complex, Entity, Int64
from ostiary.lifecycle.model.enums import (
    LifecycleTaskCategory,
    MatchMode,
    QuarantineType,
    ValueType,
)
from ostiary.lifecycle.model.shared import EmailSettings

NAMESPACE = "microsoft.graph.identityGovernance"


class Parameter(Complex, kw_only=True):
    """What a task definition can be told, and which values make sense."""

    name: str
    values: list[str] = field(default_factory=list)
    value_type: ValueType


class TaskDefinition(Entity, kw_only=True):
    """A kind of task; the catalogue is fixed."""

    display_name: str
    description: str | None = None
    category: LifecycleTaskCategory
    version: int
    continue_on_error: bool
    parameters: list[Parameter] = field(default_factory=list)


class QuarantineCondition(Complex, kw_only=True):
    """A number of people above which a run is held back."""

    ABSTRACT: ClassVar[bool] = True


class CountBasedQuarantineCondition(QuarantineCondition, kw_only=True):
    """So many people."""

    threshold: Int64


class PercentageBasedQuarantineCondition(QuarantineCondition, kw_only=True):
    """Such a part of all people."""

    percentage: int


class QuarantineConfiguration(Complex, kw_only=True):
    """An execution limit."""

    conditions: list[QuarantineCondition]
    match_mode: MatchMode


class QuarantineDetails(Complex, kw_only=True):
    """Whether and why a workflow is held back."""

    quarantined_date_time: datetime | None = None
    quarantine_reason: str | None = None
    quarantine_type: QuarantineType = QuarantineType.NOT_QUARANTINED


class LifecycleWorkflowsContainer(Entity, kw_only=True):
    """What holds everything else; its children are read one by one."""


class LifecycleManagementSettings(Entity, kw_only=True):
    """What holds for every workflow of the tenant."""

    workflow_schedule_interval_in_hours: int
    email_settings: EmailSettings
    quarantine_configuration: QuarantineConfiguration | None = None


class WorkflowSetting(Complex, kw_only=True):
    """Settings of one workflow that go before those of the tenant."""

    quarantine_configuration: QuarantineConfiguration | None = None
