"""What the development issuer asks of the directory, and the directory answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """An application that may ask for tokens."""

    app_id: str
    object_id: str
    """Of its service principal."""
    display_name: str | None = None
    secret_hashes: tuple[str, ...] = ()
    """Of the secrets that are valid now (``secrets.hash_secret``)."""
    app_roles: frozenset[str] = frozenset()
    """The names of the application permissions it was granted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """A person for whom a token may be issued."""

    object_id: str
    display_name: str | None = None
    user_principal_name: str | None = None


class Clients(Protocol):
    """Whom the directory knows."""

    async def client(self, app_id: str) -> Client | None:
        """Give the application with this client id; None when there is none or it is disabled."""

    async def person(self, id_or_upn: str) -> Subject | None:
        """Give the person with this object id or user principal name."""
