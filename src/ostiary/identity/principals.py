"""The caller of a request, once its token has been believed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ostiary.audit.events import Actor
from ostiary.graph.resources import Call


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """Who calls, through which application, and what the token says they may.

    ``object_id`` is the only key to the directory; names are for display. ``roles`` are app roles
    granted to the application: in a delegated call there are none, whatever the token carries.
    """

    kind: Literal["application", "delegated"]
    tenant_id: str
    object_id: str
    app_id: str | None
    scopes: frozenset[str]
    roles: frozenset[str]
    directory_roles: frozenset[str]
    """Template ids."""
    display_name: str | None = None
    user_principal_name: str | None = None
    token_id: str | None = None
    issuer: str = ""

    def actor(self) -> Actor:
        """Give the caller as an audit record names it."""
        return Actor(
            kind="user" if self.kind == "delegated" else "app",
            id=self.object_id,
            display_name=self.display_name,
            app_id=self.app_id,
            user_principal_name=self.user_principal_name,
        )


def principal(call: Call) -> Principal:
    """Give the whole caller of a request.

    :raises TypeError: the request was authenticated by something else than ``Authenticator``.
    """
    if not isinstance(call.caller, Principal):
        raise TypeError(f"not a principal: {type(call.caller).__name__}")
    return call.caller
