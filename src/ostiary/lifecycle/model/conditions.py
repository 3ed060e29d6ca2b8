"""When a workflow runs by itself, and for whom."""

from __future__ import annotations

from typing import Annotated, ClassVar

from msgspec import field

from ostiary.directory.model import Group
from ostiary.graph.types import Complex, Nav
from ostiary.lifecycle.model.enums import (
    MembershipChangeType,
    WorkflowExecutionTriggerEventTiming,
    WorkflowTriggerTimeBasedAttribute,
)
from ostiary.lifecycle.model.shared import SubjectSet

NAMESPACE = "microsoft.graph.identityGovernance"


class WorkflowExecutionConditions(Complex, kw_only=True):
    """What has to hold for a workflow to run."""

    ABSTRACT: ClassVar[bool] = True


class OnDemandExecutionOnly(WorkflowExecutionConditions, kw_only=True):
    """The workflow never runs by itself."""


class ProvisioningAttributeMapping(WorkflowExecutionConditions, kw_only=True):
    """The workflow runs while an object of another system is provisioned."""


class WorkflowExecutionTrigger(Complex, kw_only=True):
    """The event that starts a workflow for a person of the scope."""

    ABSTRACT: ClassVar[bool] = True


class TriggerAndScopeBasedConditions(WorkflowExecutionConditions, kw_only=True):
    """The workflow runs for people of a scope when something happens to them."""

    scope: SubjectSet | None = None
    trigger: WorkflowExecutionTrigger | None = None


class RuleBasedSubjectSet(SubjectSet, kw_only=True):
    """People for whom a rule over their attributes is true."""

    rule: str


class GroupBasedSubjectSet(SubjectSet, kw_only=True):
    """Members of groups, named inline by their ids."""

    groups: Annotated[list[Group], Nav()] = field(default_factory=list)


class TimeBasedAttributeTrigger(WorkflowExecutionTrigger, kw_only=True):
    """A date of the person, with an offset in days: negative before it, positive after."""

    offset_in_days: int
    time_based_attribute: WorkflowTriggerTimeBasedAttribute


class TriggerAttribute(Complex, kw_only=True):
    """The name of an attribute whose change counts."""

    name: str


class AttributeChangeTrigger(WorkflowExecutionTrigger, kw_only=True):
    """One of these attributes changed."""

    trigger_attributes: list[TriggerAttribute]


class MembershipChangeTrigger(WorkflowExecutionTrigger, kw_only=True):
    """The person came into a group of the scope, or left it."""

    change_type: MembershipChangeType


class UserInactivityTrigger(WorkflowExecutionTrigger, kw_only=True):
    """The person has not signed in for so many days."""

    inactivity_period_in_days: int


class GuestSponsorTrigger(WorkflowExecutionTrigger, kw_only=True):
    """A guest has fewer sponsors than this (beta)."""

    minimum_required_sponsors: int | None = None


class WorkflowExecutionTriggerOperator(Complex, kw_only=True):
    """How a date of the person is compared with now (beta)."""

    ABSTRACT: ClassVar[bool] = True


class WorkflowTriggerTimeBasedOperator(WorkflowExecutionTriggerOperator, kw_only=True):
    """A comparison by days (beta)."""

    ABSTRACT: ClassVar[bool] = True


class OperatorEqualTo(WorkflowTriggerTimeBasedOperator, kw_only=True):
    """Exactly so many days before or after (beta)."""

    offset_in_days: int
    event_timing: WorkflowExecutionTriggerEventTiming


class OperatorLessThanEqualTo(WorkflowTriggerTimeBasedOperator, kw_only=True):
    """At most so many days before or after (beta)."""

    offset_in_days: int
    event_timing: WorkflowExecutionTriggerEventTiming


class OperatorBetween(WorkflowTriggerTimeBasedOperator, kw_only=True):
    """Between two offsets, both exclusive (beta)."""

    greater_than_offset_in_days: int
    less_than_offset_in_days: int
    event_timing: WorkflowExecutionTriggerEventTiming


class TimeBasedAttributeTriggerV2(WorkflowExecutionTrigger, kw_only=True):
    """Any date of the person, with a comparison of its own and no catch-up (beta)."""

    attribute: str | None = None
    operator: WorkflowExecutionTriggerOperator | None = None
