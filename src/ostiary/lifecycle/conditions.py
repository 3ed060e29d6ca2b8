"""Which execution conditions a workflow may have."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches
from typing import Final

from msgspec import UNSET, UnsetType
from msgspec.structs import replace

from ostiary.directory.model import Group
from ostiary.directory.rules import RuleError, Syntax, parse
from ostiary.directory.rules.attributes import ATTRIBUTES, Kind
from ostiary.graph.edm import qualified_name
from ostiary.graph.errors import InvalidModel
from ostiary.graph.types import EdmEnum
from ostiary.lifecycle.dates import DATES, is_date
from ostiary.lifecycle.errors import InvalidOperation, InvalidRule, InvalidTrigger
from ostiary.lifecycle.model import (
    AttributeChangeTrigger,
    GroupBasedSubjectSet,
    GuestSponsorTrigger,
    MembershipChangeTrigger,
    OperatorBetween,
    OperatorEqualTo,
    OperatorLessThanEqualTo,
    ProvisioningAttributeMapping,
    RuleBasedSubjectSet,
    SubjectSet,
    TimeBasedAttributeTrigger,
    TimeBasedAttributeTriggerV2,
    TriggerAndScopeBasedConditions,
    UserInactivityTrigger,
    WorkflowExecutionConditions,
    WorkflowExecutionTrigger,
)
from ostiary.lifecycle.model import LifecycleWorkflowCategory as Category
from ostiary.lifecycle.model import WorkflowExecutionTriggerEventTiming as Timing
from ostiary.lifecycle.model import WorkflowTriggerTimeBasedAttribute as DateAttribute
from ostiary.lifecycle.model.references import only_id

OFFSET = range(-180, 181)
"""Days that a time-based trigger may lie before or after its date."""

SPAN = 180
"""Days between the two ends of ``operatorBetween``."""

_CHANGEABLE: Final = {
    attribute.path.lower(): attribute.path
    for attribute in ATTRIBUTES
    if Syntax.FILTER in attribute.syntaxes and attribute.kind in (Kind.TEXT, Kind.BOOLEAN)
}

_CATEGORY_OF_DATE = {
    DateAttribute.EMPLOYEE_HIRE_DATE: Category.JOINER,
    DateAttribute.CREATED_DATE_TIME: Category.JOINER,
    DateAttribute.EMPLOYEE_LEAVE_DATE_TIME: Category.LEAVER,
}


def check_known(member: EdmEnum, path: str) -> None:
    """Refuse the sentinel, which stands for members that a client does not know.

    :raises InvalidModel: it was sent.
    """
    if member.value != "unknownFutureValue":
        return
    known = ", ".join(f"'{m.value}'" for m in type(member) if m.value != "unknownFutureValue")
    raise InvalidModel(f"The property '{path}' must be one of {known}.", target=path)


def check_conditions(
    conditions: WorkflowExecutionConditions | UnsetType | None,
    *,
    category: Category,
    path: str = "executionConditions",
) -> WorkflowExecutionConditions:
    """Give the conditions in the form in which they are kept.

    :raises InvalidModel: there are none.
    :raises InvalidTrigger: trigger, scope and category do not fit together.
    :raises InvalidRule: the rule is empty.
    :raises RuleError: it is not valid, and where.
    """
    if conditions is None or conditions is UNSET:
        raise InvalidModel(
            f"The property '{path}' is required: use onDemandExecutionOnly for a workflow that "
            "never runs by itself.",
            target=path,
        )
    _check_kind(conditions, category, path)
    if isinstance(conditions, TriggerAndScopeBasedConditions):
        if conditions.trigger is None:
            raise _invalid(f"{path}/trigger", "is required")
        if conditions.scope is None:
            raise _invalid(f"{path}/scope", "is required")
        _check_trigger(conditions.trigger, category, f"{path}/trigger")
        _check_scope(conditions.scope, conditions.trigger, f"{path}/scope")
    return pruned(conditions)


def _check_kind(conditions: WorkflowExecutionConditions, category: Category, path: str) -> None:
    """What is in no directory can neither meet a rule nor be a member of a group."""
    for_others = category is Category.EXTENSIBILITY
    if for_others and isinstance(conditions, TriggerAndScopeBasedConditions):
        raise _invalid(
            path,
            "must be provisioningAttributeMapping or onDemandExecutionOnly for a workflow of the "
            "category 'extensibility'",
        )
    if not for_others and isinstance(conditions, ProvisioningAttributeMapping):
        raise _invalid(
            path, "can be provisioningAttributeMapping for the category 'extensibility' only"
        )


def check_schedule(
    conditions: WorkflowExecutionConditions, *, is_enabled: bool, is_scheduling_enabled: bool
) -> None:
    """Check the two switches of a workflow against each other and against its conditions.

    :raises InvalidOperation: the schedule is on where it cannot be.
    """
    if not is_scheduling_enabled:
        return
    if not is_enabled:
        raise InvalidOperation(
            "'isSchedulingEnabled' cannot be true while 'isEnabled' is false.",
            target="isSchedulingEnabled",
        )
    if not isinstance(conditions, TriggerAndScopeBasedConditions):
        name = qualified_name(type(conditions)).rpartition(".")[2]
        raise InvalidOperation(
            f"'isSchedulingEnabled' cannot be true for a workflow with {name}.",
            target="isSchedulingEnabled",
        )


def group_ids(conditions: WorkflowExecutionConditions) -> frozenset[str]:
    """Give the groups that a scope names."""
    scope = conditions.scope if isinstance(conditions, TriggerAndScopeBasedConditions) else None
    groups = scope.groups if isinstance(scope, GroupBasedSubjectSet) else []
    return frozenset(group.id for group in groups)


def pruned(conditions: WorkflowExecutionConditions) -> WorkflowExecutionConditions:
    """Give the conditions with groups that are named by nothing but their ids, in lower case."""
    scope = conditions.scope if isinstance(conditions, TriggerAndScopeBasedConditions) else None
    if not isinstance(scope, GroupBasedSubjectSet):
        return conditions
    groups = [only_id(Group, group.id.strip().lower()) for group in scope.groups]
    return replace(conditions, scope=replace(scope, groups=groups))


def _check_scope(scope: SubjectSet, trigger: WorkflowExecutionTrigger, path: str) -> None:
    by_group = isinstance(trigger, MembershipChangeTrigger)
    if by_group and not isinstance(scope, GroupBasedSubjectSet):
        raise _invalid(path, "must be a groupBasedSubjectSet for a membershipChangeTrigger")
    if not by_group and not isinstance(scope, RuleBasedSubjectSet):
        raise _invalid(path, "must be a ruleBasedSubjectSet for this trigger")
    if isinstance(scope, RuleBasedSubjectSet):
        _check_rule(scope.rule, f"{path}/rule")
    groups = scope.groups if isinstance(scope, GroupBasedSubjectSet) else None
    if groups is not None and not (groups and all(group.id for group in groups)):
        raise _invalid(f"{path}/groups", "must name at least one group, each by its id")


def _check_rule(rule: str, path: str) -> None:
    if not rule.strip():
        raise InvalidRule(f"The property '{path}' must not be empty.", target=path)
    try:
        parse(rule, syntax=Syntax.FILTER)
    except RuleError as error:
        raise error.at(path) from error


def _check_trigger(trigger: WorkflowExecutionTrigger, category: Category, path: str) -> None:
    match trigger:
        case TimeBasedAttributeTrigger():
            _check_date(trigger, category, path)
        case AttributeChangeTrigger(trigger_attributes=attributes):
            _check_attributes([a.name for a in attributes], f"{path}/triggerAttributes")
        case MembershipChangeTrigger(change_type=change):
            check_known(change, f"{path}/changeType")
        case UserInactivityTrigger(inactivity_period_in_days=days):
            if days < 1:
                raise _invalid(f"{path}/inactivityPeriodInDays", "must be at least 1")
        case GuestSponsorTrigger(minimum_required_sponsors=minimum):
            if minimum is not None and minimum < 1:
                raise _invalid(f"{path}/minimumRequiredSponsors", "must be at least 1")
        case TimeBasedAttributeTriggerV2():
            _check_date_v2(trigger, path)
        case _:
            return


def attribute_path(name: str) -> str | None:
    """Give an attribute whose change can be a trigger in its own spelling; None: it is none."""
    return _CHANGEABLE.get(name.strip().lower())


def _check_attributes(names: Sequence[str], path: str) -> None:
    if not names:
        raise _invalid(path, "must name at least one attribute")
    for place, name in enumerate(names):
        if attribute_path(name) is None:
            near = get_close_matches(name.strip().lower(), _CHANGEABLE, n=1)
            meant = f" Did you mean '{_CHANGEABLE[near[0]]}'?" if near else ""
            here = f"{path}/{place}/name"
            raise InvalidTrigger(
                f"The property '{here}' is '{name}'; it must be an attribute with a single value "
                f"that rules can ask for, such as 'department'.{meant}",
                target=here,
            )


def _check_date(trigger: TimeBasedAttributeTrigger, category: Category, path: str) -> None:
    check_known(trigger.time_based_attribute, f"{path}/timeBasedAttribute")
    if trigger.offset_in_days not in OFFSET:
        raise _invalid(
            f"{path}/offsetInDays", f"must lie between {OFFSET.start} and {OFFSET.stop - 1}"
        )
    fitting = _CATEGORY_OF_DATE[trigger.time_based_attribute]
    if category is not fitting:
        raise _invalid(
            f"{path}/timeBasedAttribute",
            f"is '{trigger.time_based_attribute.value}', which a workflow of the category "
            f"'{fitting.value}' can have and one of the category '{category.value}' cannot",
        )


def _check_date_v2(trigger: TimeBasedAttributeTriggerV2, path: str) -> None:
    if not (trigger.attribute or "").strip():
        raise _invalid(f"{path}/attribute", "is required")
    if not is_date(trigger.attribute or ""):
        known = ", ".join(f"'{name}'" for name in DATES)
        raise _invalid(f"{path}/attribute", f"must be a date of people: {known}")
    here = f"{path}/operator"
    match trigger.operator:
        case (
            OperatorEqualTo(offset_in_days=days, event_timing=timing)
            | OperatorLessThanEqualTo(offset_in_days=days, event_timing=timing)
        ):
            check_known(timing, f"{here}/eventTiming")
            if days < 0:
                raise _invalid(f"{here}/offsetInDays", "must not be negative")
            if (timing is Timing.ON) != (days == 0):
                raise _invalid(
                    f"{here}/eventTiming", "must be 'on' when the offset is 0, and only then"
                )
        case OperatorBetween():
            _check_between(trigger.operator, here)
        case _:
            raise _invalid(here, "is required")


def _check_between(operator: OperatorBetween, path: str) -> None:
    check_known(operator.event_timing, f"{path}/eventTiming")
    if operator.event_timing is Timing.ON:
        raise _invalid(f"{path}/eventTiming", "must be 'before' or 'after'")
    low, high = operator.greater_than_offset_in_days, operator.less_than_offset_in_days
    if low < 0 or not 2 <= high - low <= SPAN:
        raise _invalid(
            f"{path}/lessThanOffsetInDays",
            f"must be greater than 'greaterThanOffsetInDays' by 2 to {SPAN}, so that a day lies "
            "between them; neither may be negative",
        )


def _invalid(path: str, what: str) -> InvalidTrigger:
    return InvalidTrigger(f"The property '{path}' {what}.", target=path)
