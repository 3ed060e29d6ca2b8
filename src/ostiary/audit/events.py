"""What an audit record tells, as the packages say it.

An event carries ids and names, never a token, a secret or a body.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import msgspec

from ostiary.audit.model import OperationResult


class Actor(msgspec.Struct, frozen=True):
    """Whoever did it: a person, an application, or this server itself."""

    kind: Literal["user", "app", "system"]
    id: str
    """The object id: of the user, or of the service principal."""
    display_name: str | None = None
    app_id: str | None = None
    user_principal_name: str | None = None


SYSTEM = Actor(kind="system", id="", display_name="Ostiary")
"""What happens because time passed, or because an earlier act is carried out."""


class Change(msgspec.Struct, frozen=True):
    """One property that got another value; ``None`` stands for no value."""

    property: str
    old: Any = None  # any JSON value: it is stored as JSON text, as the schema wants it
    new: Any = None


class Target(msgspec.Struct, frozen=True):
    """One object that the act was about; ``type`` is a name such as ``User`` or ``Group``."""

    id: str
    type: str
    display_name: str | None = None
    user_principal_name: str | None = None
    changes: tuple[Change, ...] = ()


class AuditEvent(msgspec.Struct, frozen=True, kw_only=True):
    """One act (``directoryAudit`` on the wire).

    ``activity``, ``category`` and ``service`` are fixed phrases of the published audit log;
    ``operation`` is ``Add``, ``Assign``, ``Update``, ``Unassign`` or ``Delete``. ``reason`` is the
    text of a failure, ``details`` become ``additionalDetails``. All events of one process share
    their ``correlation_id``.
    """

    activity: str
    category: str
    service: str
    operation: str = "Update"
    actor: Actor
    targets: tuple[Target, ...] = ()
    result: Literal["success", "failure", "timeout"] | OperationResult = "success"
    reason: str | None = None
    details: Mapping[str, str] = msgspec.field(default_factory=dict)
    correlation_id: str | None = None
