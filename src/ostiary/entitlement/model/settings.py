"""What holds for the whole of entitlement management: its settings and control configurations."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, ClassVar

from ostiary.graph.types import Beta, BetaOnly, EdmEnum, Entity, ReadOnly


class AccessPackageExternalUserLifecycleAction(EdmEnum):
    """What becomes of a governed guest whose last assignment has ended."""

    NONE = "none", 0
    BLOCK_SIGN_IN = "blockSignIn", 1
    BLOCK_SIGN_IN_AND_DELETE = "blockSignInAndDelete", 2
    UNKNOWN_FUTURE_VALUE = "unknownFutureValue", 3


class EntitlementManagementSettings(Entity, kw_only=True):
    """The settings; beta counts the days."""

    duration_until_external_user_deleted_after_blocked: Annotated[
        timedelta | None, Beta(absent=True)
    ] = None
    days_until_external_user_deleted_after_blocked: Annotated[int | None, BetaOnly] = None
    external_user_lifecycle_action: Annotated[
        AccessPackageExternalUserLifecycleAction | None, Beta(pascal=True)
    ] = None


class AccessPackageSuggestionRelatedPeopleInsightLevel(EdmEnum):
    """How much suggestions tell of colleagues."""

    DISABLED = "disabled", 0
    COUNT = "count", 1
    COUNT_AND_NAMES = "countAndNames", 2
    UNKNOWN_FUTURE_VALUE = "unknownFutureValue", 3


class ControlConfiguration(Entity, kw_only=True):
    """One group of settings under a name of its own."""

    ABSTRACT: ClassVar[bool] = True

    created_by: Annotated[str | None, ReadOnly] = None
    created_date_time: Annotated[datetime | None, ReadOnly] = None
    is_enabled: bool = True
    modified_by: Annotated[str | None, ReadOnly] = None
    modified_date_time: Annotated[datetime | None, ReadOnly] = None


class EndUserSettings(ControlConfiguration, kw_only=True):
    """What people see of those who decide, and of their colleagues."""

    related_people_insight_level: AccessPackageSuggestionRelatedPeopleInsightLevel | None = None
    show_approver_details_to_members: bool = True
