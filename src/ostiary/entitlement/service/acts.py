"""Who does something, when, and in which request of the API."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from ostiary.audit.events import Actor, AuditEvent, Target
from ostiary.entitlement import records
from ostiary.identity.principals import Principal


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """The surroundings of one use case."""

    caller: Principal
    now: datetime
    correlation_id: str

    @property
    def actor(self) -> Actor:
        """The caller as the audit log names it."""
        return self.caller.actor()

    @property
    def name(self) -> str:
        """The caller as ``createdBy`` and ``modifiedBy`` name it."""
        who = self.caller
        return who.user_principal_name or who.display_name or who.app_id or who.object_id

    def event(
        self,
        activity: str,
        operation: str,
        *targets: Target,
        details: Mapping[str, str] | None = None,
    ) -> AuditEvent:
        """Say that the caller did something to ``targets``."""
        return records.event(
            activity,
            operation,
            self.actor,
            *targets,
            details=details,
            correlation_id=self.correlation_id,
        )
