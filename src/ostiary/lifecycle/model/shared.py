"""Types of the plain ``microsoft.graph`` namespace that lifecycle workflows use."""

from __future__ import annotations

from typing import ClassVar

from ostiary.graph.types import Complex


class KeyValuePair(Complex, kw_only=True):
    """One argument of a task: the name of a parameter, and always a text."""

    name: str
    value: str | None = None


class EmailSettings(Complex, kw_only=True):
    """Under which domain mails of workflows are sent, and whether they carry the banner."""

    sender_domain: str
    use_company_branding: bool


class SubjectSet(Complex, kw_only=True):
    """A description of who is meant. Those of other features are not valid in a workflow."""

    ABSTRACT: ClassVar[bool] = True
