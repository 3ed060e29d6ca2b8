"""The published task definitions, as data.

The first twenty-five stand in the order in which the API lists them; six more are known from the
product's pages alone. ``category`` is what is served. Where published lists differ, ``also`` has
the kinds of workflow that are accepted besides.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from ostiary.lifecycle import argument_forms
from ostiary.lifecycle.argument_forms import Form
from ostiary.lifecycle.model.enums import LifecycleWorkflowCategory as Category

JOINER, LEAVER, MOVER = Category.JOINER, Category.LEAVER, Category.MOVER
ALL = (JOINER, LEAVER, MOVER)
EXTENSIBILITY = Category.EXTENSIBILITY

ADD_TO_GROUPS = "22085229-5809-45e8-97fd-270d28d66910"
DISABLE_ACCOUNT = "1dfdfcc7-52fa-4c2e-bf3a-e3919cc12950"
ENABLE_ACCOUNT = "6fc52c9d-398b-4305-9763-15f42c1676fc"
REMOVE_FROM_GROUPS = "1953a66c-751c-45e5-8bfe-01462c70da3c"
DELETE_ACCOUNT = "8d18588d-9ad3-4c0f-99d0-ec215f0e3dff"
REMOVE_FROM_ALL_GROUPS = "b3a31406-2a15-4c9a-b25b-a658fa5f07fc"
RUN_CUSTOM_EXTENSION = "4262b724-8dba-4fad-afc3-43fcbb497a0e"
GENERATE_TAP = "1b555e50-7f65-41d5-b514-5894a026d10d"
SEND_WELCOME = "70b29d51-b59a-4773-9280-8841dfd3f2ea"
ADD_TO_TEAMS = "e440ed8d-25a1-4618-84ce-091ed5be5594"
REMOVE_FROM_TEAMS = "06aa7acb-01af-4824-8899-b14e5ed788d6"
REMOVE_FROM_ALL_TEAMS = "81f7b200-2816-4b3b-8c5d-dc556f07b024"
REMOVE_ALL_LICENSES = "8fa97d28-3e52-4985-b3a9-a1126f9b8b4e"
REQUEST_PACKAGE = "c1ec1e76-f374-4375-aaa6-0bb6bd4c60be"
REMOVE_PACKAGE = "4a0b64f2-c7ec-46ba-b117-18f262946c50"
REMOVE_ALL_PACKAGES = "42ae2956-193d-4f39-be06-691b8ac4fa1d"
CANCEL_PACKAGE_REQUESTS = "498770d9-bab7-4e4c-b73d-5ded82a1d0b3"
NOTIFY_OF_MOVE = "aab41899-9972-422a-9d97-f626014578b7"
ASSIGN_LICENSES = "683c87a4-2ad4-420b-97d4-220d90afcd24"
REMOVE_LICENSES = "5fc402a8-daaf-4b7b-9203-da868b05fc5f"
REVOKE_SESSIONS = "509589a4-0466-4471-829e-49c5e502bdee"
UPDATE_ATTRIBUTES = "2c8f4a1b-7d3e-4f9c-8a5b-6e1d2c3f4a5b"
TRANSFER_SPONSORSHIPS = "b8f4c3d5-9e7a-4b1c-8f2d-6a5e8b9c7f4a"
SEND_BEFORE_LAST_DAY = "52853a3e-f4e5-4eb8-bb24-1ac09a1da935"
SEND_ON_LAST_DAY = "9c0a1eaf-5bda-4392-9d9e-6e155bb57411"
SEND_AFTER_LAST_DAY = "6f22ddd4-b3a5-47a4-a846-0d7c201a49ce"
REMIND_OF_ONBOARDING = "3C860712-2D37-42A4-928F-5C93935D26A1"
TELL_MANAGER_OF_SPONSORSHIPS = "b8c4e1f9-3a7d-4b2e-9c5f-8d6a9b1c2e3f"
TELL_CO_SPONSORS = "ad3b85cd-75b1-43e7-b4b9-0e52faba3944"
TELL_OF_INACTIVITY = "92f74cb4-f1b6-4ec0-b766-96210f56edc2"
TELL_OF_GUEST_REMOVAL = "a8e4c7f2-9d1b-4a3e-b5c6-8f2e7a9d4c1b"

STALE_IDS = {"d79d1fcc-16be-490c-a865-f4533b1639ee": RUN_CUSTOM_EXTENSION}
"""Ids that published examples still use, and what they mean today."""

STALE_PARAMETERS = {"tapLifetimeInMinutes": "tapLifetimeMinutes"}
"""Likewise for parameters."""

EXTENSION_PARAMETER = "customTaskExtensionID"
GROUPS_PARAMETER = "groupID"
TEAMS_PARAMETER = "teamID"
LICENSES_PARAMETER = "licenses"
UPDATES_PARAMETER = "attributeUpdates"
PACKAGE = "accessPackageId"
POLICY = "assignmentPolicyId"
DAYS = "daysUntilExpiration"
TAP_LIFETIME = "tapLifetimeMinutes"
TAP_IS_USABLE_ONCE = "tapIsUsableOnce"


@dataclass(frozen=True, slots=True)
class Parameter:
    """An argument that a task may take; with ``choices`` it is an enumeration."""

    name: str
    choices: tuple[str, ...] = ()
    hints: tuple[str, ...] = ()
    """Patterns that the catalogue shows as values, without limiting them."""
    required: bool = False
    form: Form | None = None
    """What a value must look like."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Definition:
    """A kind of task."""

    id: str
    display_name: str
    description: str
    category: tuple[Category, ...]
    parameters: tuple[Parameter, ...] = ()
    also: tuple[Category, ...] = ()
    version: int = 1
    continue_on_error: bool = False

    def fits(self, category: Category) -> bool:
        """Whether such a task may stand in a workflow of this category."""
        return category in self.category or category in self.also


def _needs(form: Form, *names: str) -> tuple[Parameter, ...]:
    return tuple(Parameter(name, required=True, form=form) for name in names)


def _switch(name: str, *, required: bool = False) -> Parameter:
    return Parameter(name, choices=("true", "false"), required=required)


_RECIPIENTS = ("User", "Manager", "Sponsors", "{UserId}")
_TAP_RECIPIENTS = (
    *_RECIPIENTS,
    "User/otherMails",
    "User/customSecurityAttributes/{attributeSet}/{attributeName}",
    "User/{directoryExtensionAttribute}",
    "User/onPremisesExtensionAttributes/{extensionAttribute[1-15]}",
)


def _email(recipients: tuple[str, ...] = _RECIPIENTS) -> tuple[Parameter, ...]:
    to = argument_forms.addresses if recipients is _TAP_RECIPIENTS else argument_forms.recipients
    return (
        Parameter("cc", form=argument_forms.ids),
        Parameter("customSubject"),
        Parameter("customBody"),
        Parameter("locale", form=argument_forms.locale),
        Parameter("to", hints=recipients, form=to),
    )


def _define(
    id: str,
    display_name: str,
    description: str,
    category: tuple[Category, ...],
    parameters: tuple[Parameter, ...] = (),
    also: tuple[Category, ...] = (),
) -> Definition:
    return Definition(
        id=id,
        display_name=display_name,
        description=description,
        category=category,
        parameters=parameters,
        also=also,
    )


DEFINITIONS: tuple[Definition, ...] = (
    _define(
        ADD_TO_GROUPS,
        "Add user to groups",
        "Add user to selected groups",
        ALL,
        _needs(argument_forms.ids, GROUPS_PARAMETER),
    ),
    _define(
        DISABLE_ACCOUNT,
        "Disable user account",
        "Disable user account in the directory",
        (JOINER, LEAVER),
        (_switch("disableOnPremisesAccount"),),
    ),
    _define(
        ENABLE_ACCOUNT,
        "Enable user account",
        "Enable user account in the directory",
        (JOINER, LEAVER),
        (_switch("enableOnPremisesAccount"),),
    ),
    _define(
        REMOVE_FROM_GROUPS,
        "Remove user from selected groups",
        "Remove user from membership of selected Azure AD groups",
        ALL,
        _needs(argument_forms.ids, GROUPS_PARAMETER),
    ),
    _define(
        GENERATE_TAP,
        "Generate TAP and send email",
        "Generate Temporary Access Pass and send via email to user's manager",
        (JOINER,),
        (
            *_needs(argument_forms.whole_number(10, 43_200), TAP_LIFETIME),
            _switch(TAP_IS_USABLE_ONCE, required=True),
            *_email(_TAP_RECIPIENTS),
        ),
    ),
    _define(
        SEND_WELCOME,
        "Send welcome email",
        "Send welcome email to new hire",
        (JOINER,),
        _email(),
    ),
    _define(
        ADD_TO_TEAMS,
        "Add user to Teams",
        "Add user to selected Teams",
        ALL,
        _needs(argument_forms.ids, TEAMS_PARAMETER),
    ),
    _define(
        DELETE_ACCOUNT,
        "Delete user account",
        "Delete user account in Azure AD",
        (LEAVER,),
        (_switch("deleteOnPremisesAccount"),),
    ),
    _define(
        REMOVE_FROM_TEAMS,
        "Remove user from selected Teams",
        "Remove user from membership of selected Teams",
        ALL,
        _needs(argument_forms.ids, TEAMS_PARAMETER),
    ),
    _define(
        REMOVE_FROM_ALL_GROUPS,
        "Remove user from all groups",
        "Remove user from all Azure AD groups memberships",
        (LEAVER,),
    ),
    _define(
        REMOVE_FROM_ALL_TEAMS,
        "Remove user from all Teams",
        "Remove user from all Teams memberships",
        (LEAVER,),
    ),
    _define(
        REMOVE_ALL_LICENSES,
        "Remove all licenses for user",
        "Remove all licenses assigned to the user",
        (LEAVER,),
    ),
    _define(
        RUN_CUSTOM_EXTENSION,
        "Run a Custom Task Extension",
        "Run a Custom Task Extension to callout to an external system.",
        ALL,
        _needs(argument_forms.one_id, EXTENSION_PARAMETER),
        also=(EXTENSIBILITY,),
    ),
    _define(
        SEND_BEFORE_LAST_DAY,
        "Send email before user’s last day",
        "Send offboarding email to user’s manager before the last day of work",
        (LEAVER,),
        _email(),
    ),
    _define(
        SEND_ON_LAST_DAY,
        "Send email on user’s last day",
        "Send offboarding email to user’s manager on the last day of work",
        (LEAVER,),
        _email(),
    ),
    _define(
        SEND_AFTER_LAST_DAY,
        "Send email after user’s last day",
        "Send offboarding email to user’s manager after the last day of work",
        (LEAVER,),
        _email(),
    ),
    _define(
        REMIND_OF_ONBOARDING,
        "Send onboarding reminder email",
        "Send onboarding reminder email to user’s manager",
        (JOINER,),
        _email(),
    ),
    _define(
        REQUEST_PACKAGE,
        "Request user access package assignment",
        "Request user assignment to selected access package",
        (JOINER, MOVER),
        _needs(argument_forms.one_id, POLICY, PACKAGE),
    ),
    _define(
        REMOVE_PACKAGE,
        "Remove access package assignment for user",
        "Remove user assignment of selected access package",
        (LEAVER, MOVER),
        _needs(argument_forms.one_id, PACKAGE),
    ),
    _define(
        REMOVE_ALL_PACKAGES,
        "Remove all access package assignments for user",
        "Remove all access packages assigned to the user",
        (LEAVER,),
        (Parameter(DAYS, form=argument_forms.whole_number(0, 36_500)),),
        also=(MOVER,),
    ),
    _define(
        CANCEL_PACKAGE_REQUESTS,
        "Cancel pending access package assignment requests for user",
        "Cancel all pending access packages assignment requests for the user",
        (LEAVER, MOVER),
    ),
    _define(
        NOTIFY_OF_MOVE,
        "Send email to notify manager of user move",
        "Send email to notify user’s manager of user move",
        (MOVER,),
        _email(),
    ),
    _define(
        ASSIGN_LICENSES,
        "Assign licenses to user",
        "Assign selected licenses to the user",
        (JOINER, MOVER),
        _needs(argument_forms.ids, LICENSES_PARAMETER),
    ),
    _define(
        REMOVE_LICENSES,
        "Remove licenses from user",
        "Remove selected licenses assigned to the user",
        (LEAVER, MOVER),
        _needs(argument_forms.ids, LICENSES_PARAMETER),
    ),
    _define(
        REVOKE_SESSIONS,
        "Revoke all refresh tokens for user",
        "Revoke all refresh tokens for user",
        (LEAVER, MOVER),
    ),
    _define(
        UPDATE_ATTRIBUTES,
        "Update user attributes",
        "Update attributes of the user in the directory",
        ALL,
        _needs(argument_forms.updates, UPDATES_PARAMETER),
    ),
    _define(
        TELL_MANAGER_OF_SPONSORSHIPS,
        "Send email to manager about sponsorship changes",
        "Send email to user’s manager about changes of the user’s sponsorships",
        (LEAVER, MOVER),
        _email(),
    ),
    _define(
        TELL_CO_SPONSORS,
        "Send email to co-sponsors about sponsor changes",
        "Send email to co-sponsors about changes of the user’s sponsorships",
        (LEAVER, MOVER),
        _email(),
    ),
    _define(
        TRANSFER_SPONSORSHIPS,
        "Transfer agent identity sponsorships to manager",
        "Transfer the user’s agent identity sponsorships to the user’s manager",
        (LEAVER, MOVER),
    ),
    _define(
        TELL_OF_INACTIVITY,
        "Send email about user inactivity",
        "Send email to user’s manager about user inactivity",
        (LEAVER,),
        _email(),
    ),
    _define(
        TELL_OF_GUEST_REMOVAL,
        "Send email about unsponsored guest removal",
        "Send email about the removal of a guest without sponsors",
        (LEAVER,),
        _email(),
    ),
)


@cache
def _by_id() -> dict[str, Definition]:
    known = {definition.id.lower(): definition for definition in DEFINITIONS}
    return known | {stale: known[current] for stale, current in STALE_IDS.items()}


def definition_of(id: str) -> Definition | None:
    """Find a definition by its id in any case, or by a stale one; None: there is none."""
    return _by_id().get(id.strip().lower())
