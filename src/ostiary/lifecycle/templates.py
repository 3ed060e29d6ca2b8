"""The published workflow templates, as data: starting points that a client copies and changes.

They are served as they were published. Empty arguments are part of that; a workflow made of one
must fill them in.
"""

from __future__ import annotations

from dataclasses import dataclass

from ostiary.directory.model import Group
from ostiary.lifecycle.catalogue import (
    ADD_TO_GROUPS,
    ADD_TO_TEAMS,
    DELETE_ACCOUNT,
    DISABLE_ACCOUNT,
    ENABLE_ACCOUNT,
    EXTENSION_PARAMETER,
    GENERATE_TAP,
    GROUPS_PARAMETER,
    NOTIFY_OF_MOVE,
    REMOVE_ALL_LICENSES,
    REMOVE_FROM_ALL_GROUPS,
    REMOVE_FROM_ALL_TEAMS,
    REMOVE_FROM_GROUPS,
    REMOVE_FROM_TEAMS,
    REMOVE_PACKAGE,
    REQUEST_PACKAGE,
    RUN_CUSTOM_EXTENSION,
    SEND_WELCOME,
    TEAMS_PARAMETER,
)
from ostiary.lifecycle.model.conditions import (
    AttributeChangeTrigger,
    GroupBasedSubjectSet,
    MembershipChangeTrigger,
    OnDemandExecutionOnly,
    RuleBasedSubjectSet,
    TimeBasedAttributeTrigger,
    TriggerAndScopeBasedConditions,
    TriggerAttribute,
    WorkflowExecutionConditions,
    WorkflowExecutionTrigger,
)
from ostiary.lifecycle.model.enums import LifecycleWorkflowCategory as Category
from ostiary.lifecycle.model.enums import MembershipChangeType
from ostiary.lifecycle.model.enums import WorkflowTriggerTimeBasedAttribute as Date
from ostiary.lifecycle.model.references import only_id

RULE = "department eq 'Marketing'"

_HIRED, _LEAVES = Date.EMPLOYEE_HIRE_DATE, Date.EMPLOYEE_LEAVE_DATE_TIME
_NO_GROUP = ((GROUPS_PARAMETER, ""),)
_NO_TEAM = ((TEAMS_PARAMETER, ""),)


@dataclass(frozen=True, slots=True)
class TemplateTask:
    """A task of a template. Two templates share some of the ids."""

    id: str
    definition_id: str
    arguments: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Template:
    """A workflow to start from."""

    id: str
    category: Category
    display_name: str
    description: str
    conditions: WorkflowExecutionConditions
    tasks: tuple[TemplateTask, ...]


def _people(trigger: WorkflowExecutionTrigger) -> TriggerAndScopeBasedConditions:
    return TriggerAndScopeBasedConditions(scope=RuleBasedSubjectSet(rule=RULE), trigger=trigger)


def _on(date: Date, offset: int) -> TriggerAndScopeBasedConditions:
    return _people(TimeBasedAttributeTrigger(time_based_attribute=date, offset_in_days=offset))


_MOVED = TriggerAndScopeBasedConditions(
    scope=GroupBasedSubjectSet(groups=[only_id(Group, "groupID")]),
    trigger=MembershipChangeTrigger(change_type=MembershipChangeType.ADD),
)
_CHANGED = _people(AttributeChangeTrigger(trigger_attributes=[TriggerAttribute(name="department")]))

TEMPLATES: tuple[Template, ...] = (
    Template(
        "77179007-8114-41b5-922e-2e22109df41f",
        Category.JOINER,
        "Onboard pre-hire employee",
        "Configure pre-hire tasks for onboarding employees before their first day",
        _on(_HIRED, -7),
        (
            TemplateTask(
                "3e062c24-d219-483d-9258-288f2a039b94",
                GENERATE_TAP,
                (("tapLifetimeMinutes", "480"), ("tapIsUsableOnce", "true")),
            ),
        ),
    ),
    Template(
        "4e06785d-7c1d-4b24-b9e1-bba2b890c58b",
        Category.JOINER,
        "Onboard new hire employee",
        "Configure new hire tasks for onboarding employees on their first day",
        _on(_HIRED, 0),
        (
            TemplateTask("e18f3208-311c-46a3-a27b-d9c15cd595bc", ENABLE_ACCOUNT),
            TemplateTask("e9551045-4302-499f-9108-60b9e23c067a", SEND_WELCOME),
            TemplateTask("560acd0c-321e-4e7e-9f31-ff8899c55878", ADD_TO_GROUPS, _NO_GROUP),
        ),
    ),
    Template(
        "dce038a6-482a-46a2-9ee0-675c5e8477b9",
        Category.JOINER,
        "Post-Onboarding of an employee",
        "Configure onboarding tasks for an employee after their first day of work.",
        _on(_HIRED, 7),
        (
            TemplateTask("33350498-4404-487f-94ae-db312e436eda", ADD_TO_GROUPS, _NO_GROUP),
            TemplateTask("6f7925a5-633d-4cd9-9c4b-8f4b2f040e2b", ADD_TO_TEAMS, _NO_TEAM),
        ),
    ),
    Template(
        "77a82a99-9dfb-471d-a396-107954328b7f",
        Category.MOVER,
        "Real-time employee job change",
        "Execute real-time tasks for employee job changes",
        OnDemandExecutionOnly(),
        (
            TemplateTask(
                "f187bcde-830a-4f4b-bed0-e2347b418c01",
                RUN_CUSTOM_EXTENSION,
                ((EXTENSION_PARAMETER, ""),),
            ),
        ),
    ),
    Template(
        "56da3093-d105-40d4-9886-fccd074f2f2a",
        Category.MOVER,
        "Employee group membership changes",
        "Configure mover tasks for employees once their group membership changes",
        _MOVED,
        (
            TemplateTask("db0500d1-c988-4114-a005-f227649aedfd", REMOVE_PACKAGE),
            TemplateTask("b1049615-0be5-43dc-a919-1f5bf6db967b", REMOVE_FROM_TEAMS, _NO_TEAM),
            TemplateTask("96c00437-3a06-4710-bd0b-ab57773a9189", NOTIFY_OF_MOVE),
        ),
    ),
    Template(
        "16819b2d-74e9-4fb9-9ba7-48b8a26ab11d",
        Category.MOVER,
        "Employee job profile change",
        "Configure mover tasks for employees once their job profile changes",
        _CHANGED,
        (
            TemplateTask("96c00437-3a06-4710-bd0b-ab57773a9189", NOTIFY_OF_MOVE),
            TemplateTask("e9e641d3-e457-433c-9d6c-78a4f2505aef", REMOVE_FROM_GROUPS, _NO_GROUP),
            TemplateTask("b1049615-0be5-43dc-a919-1f5bf6db967b", REMOVE_FROM_TEAMS, _NO_TEAM),
            TemplateTask("8c2c653f-46a1-4042-9b4d-2c3d503a4fcc", REQUEST_PACKAGE),
        ),
    ),
    Template(
        "145735f1-57cc-48c2-81ec-727f07a10096",
        Category.LEAVER,
        "Real-time employee termination",
        "Execute real-time termination tasks for employees on their last day of work",
        OnDemandExecutionOnly(),
        (
            TemplateTask("1b89bb69-a8cf-416b-a69e-4f6d8108834c", REMOVE_FROM_ALL_GROUPS),
            TemplateTask("d3cea676-ccce-4426-825c-63c63e9a64c7", REMOVE_FROM_ALL_TEAMS),
            TemplateTask("adbd4f05-99f0-4260-a155-7657623ca071", DELETE_ACCOUNT),
        ),
    ),
    Template(
        "25abd83d-3b5d-4d6f-bb9a-4ed366fd96b1",
        Category.LEAVER,
        "Pre-Offboarding of an employee",
        "Configure pre-offboarding tasks for employees before their last day of work",
        _on(_LEAVES, -7),
        (
            TemplateTask("7e9aac8a-d239-4867-be60-b3c999c50ee7", REMOVE_FROM_GROUPS, _NO_GROUP),
            TemplateTask("40eab675-1aaf-432d-b17e-053d93b0fe2e", REMOVE_FROM_TEAMS, _NO_TEAM),
        ),
    ),
    Template(
        "e821c59e-d28c-44d7-902f-5fed05e926f1",
        Category.LEAVER,
        "Offboard an employee",
        "Configure offboarding tasks for employees on their last day of work",
        _on(_LEAVES, 0),
        (
            TemplateTask("8d9eab35-6c32-4b76-acbd-6a22cb07aa6a", DISABLE_ACCOUNT),
            TemplateTask("4f5d8835-5d38-4106-ac7e-ebc407749bd2", REMOVE_FROM_ALL_GROUPS),
            TemplateTask("8087b303-e7d5-492d-ab75-31d4aa34bd73", REMOVE_FROM_ALL_TEAMS),
        ),
    ),
    Template(
        "50149a4a-7c2d-4fd8-8018-761f4eb915cb",
        Category.LEAVER,
        "Post-Offboarding of an employee",
        "Configure offboarding tasks for employees after their last day of work",
        _on(_LEAVES, 7),
        (
            TemplateTask("760ab754-8249-4bce-9315-1ad06488e434", REMOVE_ALL_LICENSES),
            TemplateTask("17b4e37b-c50b-4e04-a11c-93479f487d1d", REMOVE_FROM_ALL_TEAMS),
            TemplateTask("46849618-30e7-4b67-abf0-f8c7f0d54b95", DELETE_ACCOUNT),
        ),
    ),
)
"""Every template, in the order in which the API lists them."""
