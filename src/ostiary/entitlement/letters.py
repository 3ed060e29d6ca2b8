"""The templates of this package: where they are, and what each may name."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from ostiary.mail.templates import TemplateSet

_SOON: Final = datetime(2026, 1, 19, 9, tzinfo=UTC)

_REQUEST: Final[Mapping[str, Any]] = {
    "package": "Sales",
    "requestor": "Megan Bowen",
    "target": "Adele Vance",
    "is_own": False,
}
"""What every mail about a request may name."""

_APPROVAL: Final = {**_REQUEST, "justification": "A new partner.", "due_at": _SOON}
_ASSIGNMENT: Final = {**_REQUEST, "ends_at": _SOON}

SAMPLES: Final[Mapping[str, Mapping[str, Any]]] = {
    "approval-requested": _APPROVAL,
    "approval-escalated": _APPROVAL,
    "approval-withdrawn": _APPROVAL,
    "approval-expired": _APPROVAL,
    "request-approved": _REQUEST,
    "request-denied": {**_REQUEST, "reason": "Ask the sales team first."},
    "request-expired": _REQUEST,
    "request-stopped": _REQUEST,
    "request-canceled": _REQUEST,
    "request-partly-delivered": _REQUEST,
    "request-failed": _REQUEST,
    "access-granted": _ASSIGNMENT,
    "access-changed": _ASSIGNMENT,
    "access-partly-granted": _ASSIGNMENT,
    "access-expires-soon": {"package": "Sales", "days": 14, "ends_at": _SOON},
    "access-expired": _ASSIGNMENT,
    "access-removed": _ASSIGNMENT,
}
"""By template: what it may name, with examples by which templates are tried."""

OPTIONAL: Final = ("justification", "reason", "due_at", "ends_at")
"""What may be empty."""

TEMPLATES: Final = TemplateSet(folder=Path(__file__).parent / "templates", samples=SAMPLES)
