"""The control configurations that there are, and whether somebody sees who decides.

The published configurations for risky users rest on risk scores of other services, which do not
exist here; they are refused by name.
"""

from __future__ import annotations

from typing import Final

from ostiary.entitlement.model.enums import ApproverInformationVisibility as Visibility
from ostiary.entitlement.model.settings import (
    AccessPackageSuggestionRelatedPeopleInsightLevel as InsightLevel,
)
from ostiary.entitlement.model.settings import EndUserSettings
from ostiary.graph.errors import InvalidModel, NotSupported

END_USER: Final = "endUserSettings"
RISK: Final = frozenset({"insiderriskyuserapproval", "entraidprotectionriskyuserapproval"})
"""Known names, in lower case, of configurations that would need risk scores."""


def default_end_user() -> EndUserSettings:
    """Give what holds until somebody says otherwise."""
    return EndUserSettings(id=END_USER, related_people_insight_level=InsightLevel.COUNT)


def check_key(key: str) -> None:
    """Check that a configuration of this name could be there.

    :raises NotSupported: it would need risk scores.
    """
    if key.lower() in RISK:
        raise NotSupported(
            f"'{key}' asks for approval by risk scores of other services, which this server does "
            "not have. Let an extension name the approvers instead."
        )


def check_end_user(settings: EndUserSettings) -> None:
    """Check the settings of end users.

    :raises InvalidModel: the level is missing or unknown, or they are to be switched off.
    """
    if not settings.is_enabled:
        raise InvalidModel(
            "'isEnabled' must be true: say what is not to be shown by the other properties.",
            target="isEnabled",
        )
    if settings.related_people_insight_level in (None, InsightLevel.UNKNOWN_FUTURE_VALUE):
        raise InvalidModel(
            "'relatedPeopleInsightLevel' must be 'disabled', 'count' or 'countAndNames'.",
            target="relatedPeopleInsightLevel",
        )


def shows_approver(visibility: Visibility, settings: EndUserSettings, *, is_member: bool) -> bool:
    """Say whether whoever asked sees who decides at a stage."""
    match visibility:
        case Visibility.VISIBLE:
            return True
        case Visibility.NOT_VISIBLE:
            return False
        case _:
            return is_member and settings.show_approver_details_to_members
