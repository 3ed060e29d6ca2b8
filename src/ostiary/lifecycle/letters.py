"""The mails of workflows: which task sends which, to whom as a rule, and what each may name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

from ostiary.lifecycle import catalogue
from ostiary.mail.templates import TemplateSet


class Audience(StrEnum):
    """Who is written to, as the argument ``to`` says it."""

    USER = "user"
    MANAGER = "manager"
    SPONSORS = "sponsors"
    CO_SPONSORS = "co-sponsors"
    """Whoever sponsors somebody together with the user. No argument says so: a task does."""

    CHOSEN = "chosen"
    """People by their ids."""

    ADDRESS = "address"
    """The user, at an address that another attribute holds."""


@dataclass(frozen=True, slots=True)
class Letter:
    """What a task sends, and to whom where its arguments do not say."""

    definition_id: str
    template: str
    audience: Audience = Audience.MANAGER


PASS: Final = Letter(catalogue.GENERATE_TAP, "temporary-access-pass")
LETTERS: Final = (
    Letter(catalogue.SEND_WELCOME, "welcome", Audience.USER),
    Letter(catalogue.REMIND_OF_ONBOARDING, "onboarding-reminder"),
    Letter(catalogue.SEND_BEFORE_LAST_DAY, "before-last-day"),
    Letter(catalogue.SEND_ON_LAST_DAY, "on-last-day"),
    Letter(catalogue.SEND_AFTER_LAST_DAY, "after-last-day"),
    Letter(catalogue.NOTIFY_OF_MOVE, "user-moved"),
    Letter(catalogue.TELL_MANAGER_OF_SPONSORSHIPS, "sponsorships-for-manager"),
    Letter(catalogue.TELL_CO_SPONSORS, "sponsorships-for-co-sponsors", Audience.CO_SPONSORS),
    Letter(catalogue.TELL_OF_INACTIVITY, "user-inactive"),
    Letter(catalogue.TELL_OF_GUEST_REMOVAL, "guest-removed"),
)
"""The mails of tasks that do nothing else."""

QUARANTINED: Final = "workflow-quarantined"

_SOON: Final = datetime(2026, 1, 19, tzinfo=UTC)
_PERSON: Final[Mapping[str, Any]] = {
    "user": "Adele Vance",
    "user_principal_name": "adele@contoso.example",
    "is_own": False,
    "department": "Sales",
    "job_title": "Seller",
    "manager": "Megan Bowen",
    "hired_at": _SOON,
    "leaves_at": _SOON,
    "last_seen_at": _SOON,
    "sponsored": "Ben Walters, Diego Siciliani",
}
"""What every mail of a task may name."""

SAMPLES: Final[Mapping[str, Mapping[str, Any]]] = {
    **{letter.template: _PERSON for letter in LETTERS},
    PASS.template: {
        **_PERSON,
        "temporary_access_pass": "TAPRocks3",
        "starts_at": _SOON,
        "minutes": 60,
        "is_usable_once": True,
    },
    QUARANTINED: {"workflow": "Offboard", "reason": "The run was for 120 people; 100 may be."},
}
"""By template: what it may name, with examples by which templates are tried."""

OPTIONAL: Final = ("department", "job_title", "manager", "hired_at", "leaves_at", "last_seen_at")
"""What may be empty."""

TEMPLATES: Final = TemplateSet(folder=Path(__file__).parent / "mails", samples=SAMPLES)
