"""Wire types of lifecycle workflows, spelled as published.

``enums`` and ``conditions`` hold what a workflow is made of, ``workflows`` and ``extensions`` what
is configured, ``results`` what happened. The types of the plain ``microsoft.graph`` namespace that
only this feature uses stand in ``shared``.
"""

from ostiary.lifecycle.model.conditions import (
    AttributeChangeTrigger,
    GroupBasedSubjectSet,
    GuestSponsorTrigger,
    MembershipChangeTrigger,
    OnDemandExecutionOnly,
    OperatorBetween,
    OperatorEqualTo,
    OperatorLessThanEqualTo,
    RuleBasedSubjectSet,
    TimeBasedAttributeTrigger,
    TimeBasedAttributeTriggerV2,
    TriggerAndScopeBasedConditions,
    TriggerAttribute,
    UserInactivityTrigger,
    WorkflowExecutionConditions,
    WorkflowExecutionTrigger,
    WorkflowExecutionTriggerOperator,
    WorkflowTriggerTimeBasedOperator,
)
from ostiary.lifecycle.model.enums import (
    ActivationTaskScopeType,
    ActivationUserScopeType,
    CustomTaskExtensionOperationStatus,
    LifecycleTaskCategory,
    LifecycleWorkflowCategory,
    LifecycleWorkflowProcessingStatus,
    MatchMode,
    MembershipChangeType,
    QuarantineType,
    ValueType,
    WorkflowExecutionTriggerEventTiming,
    WorkflowExecutionType,
    WorkflowTriggerTimeBasedAttribute,
)
from ostiary.lifecycle.model.shared import KeyValuePair, SubjectSet

__all__ = [
    "ActivationTaskScopeType",
    "ActivationUserScopeType",
    "AttributeChangeTrigger",
    "CustomTaskExtensionOperationStatus",
    "GroupBasedSubjectSet",
    "GuestSponsorTrigger",
    "KeyValuePair",
    "LifecycleTaskCategory",
    "LifecycleWorkflowCategory",
    "LifecycleWorkflowProcessingStatus",
    "MatchMode",
    "MembershipChangeTrigger",
    "MembershipChangeType",
    "OnDemandExecutionOnly",
    "OperatorBetween",
    "OperatorEqualTo",
    "OperatorLessThanEqualTo",
    "QuarantineType",
    "RuleBasedSubjectSet",
    "SubjectSet",
    "TimeBasedAttributeTrigger",
    "TimeBasedAttributeTriggerV2",
    "TriggerAndScopeBasedConditions",
    "TriggerAttribute",
    "UserInactivityTrigger",
    "ValueType",
    "WorkflowExecutionConditions",
    "WorkflowExecutionTrigger",
    "WorkflowExecutionTriggerEventTiming",
    "WorkflowExecutionTriggerOperator",
    "WorkflowExecutionType",
    "WorkflowTriggerTimeBasedAttribute",
    "WorkflowTriggerTimeBasedOperator",
]
