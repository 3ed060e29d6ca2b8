"""The tenant's settings of workflows: what may be stored."""

from __future__ import annotations

from collections.abc import Collection

from ostiary.graph.errors import InvalidModel
from ostiary.lifecycle.limits import check_limit
from ostiary.lifecycle.model.definitions import LifecycleManagementSettings
from ostiary.lifecycle.model.shared import EmailSettings

INTERVAL = range(1, 25)
"""Hours that may lie between two evaluations of the schedules."""

DEFAULT_INTERVAL = 3


def defaults(domain: str) -> LifecycleManagementSettings:
    """Give what holds until somebody changes it; ``domain`` is the tenant's initial one."""
    return LifecycleManagementSettings(
        workflow_schedule_interval_in_hours=DEFAULT_INTERVAL,
        email_settings=EmailSettings(sender_domain=domain, use_company_branding=False),
    )


def checked(
    settings: LifecycleManagementSettings, *, domains: Collection[str], has_banner: bool
) -> LifecycleManagementSettings:
    """Give the settings in the form that is stored.

    ``domains`` are the verified ones; ``has_banner`` tells whether there is a logo to show.

    :raises InvalidModel: a value is out of its range.
    """
    if settings.workflow_schedule_interval_in_hours not in INTERVAL:
        raise InvalidModel(
            "The property 'workflowScheduleIntervalInHours' must lie between 1 and 24.",
            target="workflowScheduleIntervalInHours",
        )
    mail = settings.email_settings
    known = {domain.lower(): domain for domain in domains}
    if mail.sender_domain.lower() not in known:
        raise InvalidModel(
            f"'{mail.sender_domain}' is no verified domain of the tenant; it has: "
            f"{', '.join(sorted(known))}.",
            target="emailSettings/senderDomain",
        )
    mail.sender_domain = known[mail.sender_domain.lower()]
    if mail.use_company_branding and not has_banner:
        raise InvalidModel(
            "'useCompanyBranding' needs a logo, and the organisation has none: it is set with "
            "OSTIARY_MAIL_LOGO_URL.",
            target="emailSettings/useCompanyBranding",
        )
    check_limit(settings.quarantine_configuration, path="quarantineConfiguration")
    return settings
