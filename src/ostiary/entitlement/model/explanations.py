"""Why something stands as it does: what ``ostiary.why`` answers. These types are ours."""

from __future__ import annotations

from datetime import datetime

from msgspec import field

from ostiary.graph.types import Complex


class WhyPerson(Complex, kw_only=True):
    """Somebody who could act: a user, or a group for its members."""

    id: str
    display_name: str | None = None
    asked_as: str | None = None
    """``primary``, ``fallback`` or ``escalation``."""


class WhyWait(Complex, kw_only=True):
    """One thing that is waited for."""

    kind: str
    """``callout``, ``approval``, ``start``, ``delivery``, ``server``, ``end``, ``gracePeriod``
    or ``somebody``, when work of the server has failed for good."""
    text: str
    until: datetime | None = None
    """When it is over at the latest, or is tried next."""
    who: list[WhyPerson] = field(default_factory=list)
    """Those who could act; empty where nobody is named, or the caller may not see who."""
    callout_id: str | None = None


class WhyRefusal(Complex, kw_only=True):
    """One refusal: which rule refused, and what it says."""

    at: datetime | None = None
    rule: str
    text: str


class WhyStep(Complex, kw_only=True):
    """One thing that has happened."""

    at: datetime
    text: str
    by: str | None = None
    is_failure: bool = False


class WhyRequest(Complex, kw_only=True):
    """One request about an assignment."""

    id: str
    request_type: str
    state: str
    status: str
    created_date_time: datetime


class Why(Complex, kw_only=True):
    """Everything that is known of why a request or an assignment stands as it does."""

    id: str
    kind: str
    """``accessPackageAssignmentRequest`` or ``accessPackageAssignment``."""
    state: str
    status: str
    text: str
    """How it stands, in one sentence."""
    waits_for: list[WhyWait] = field(default_factory=list)
    refusals: list[WhyRefusal] = field(default_factory=list)
    steps: list[WhyStep] = field(default_factory=list)
    requests: list[WhyRequest] = field(default_factory=list)
    """The requests about the assignment, the newest first."""
