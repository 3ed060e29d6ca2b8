"""Directory objects of any kind: what all of them have in common."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """What a directory object is; its value is the type's name on the wire."""

    USER = "user"
    GROUP = "group"
    APPLICATION = "application"
    SERVICE_PRINCIPAL = "servicePrincipal"

    @property
    def noun(self) -> str:
        """The kind as a word of the audit log: ``User``, ``ServicePrincipal``."""
        return self.value[:1].upper() + self.value[1:]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """A live directory object, as far as naming it goes."""

    id: str
    kind: Kind
    display_name: str | None
    mail: str | None = None
    user_principal_name: str | None = None
    user_type: str | None = None
    app_id: str | None = None
    account_enabled: bool | None = None
