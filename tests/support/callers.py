"""Callers who are believed as they are: the Authorization header is their claims as JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from ostiary.graph.errors import Unauthenticated
from ostiary.identity.principals import Principal
from ostiary.storage.ids import new_id


class NamedCallers:
    """Believes whatever the Authorization header says of the caller."""

    async def authenticate(self, headers: Mapping[str, str]) -> Principal:
        """Give the caller."""
        if "authorization" not in headers:
            raise Unauthenticated
        claims: dict[str, Any] = json.loads(headers["authorization"])
        return Principal(
            kind=claims["kind"],
            tenant_id="tenant",
            object_id=claims["id"],
            app_id=claims.get("app_id"),
            scopes=frozenset(claims.get("scopes", ())),
            roles=frozenset(claims.get("roles", ())),
            directory_roles=frozenset(claims.get("directory_roles", ())),
            display_name=claims.get("name"),
        )


def application(*roles: str, id: str | None = None) -> dict[str, str]:
    """Give the headers of an application with these permissions."""
    claims = {"kind": "application", "id": id or new_id(), "app_id": "an-app", "roles": roles}
    return {"Authorization": json.dumps(claims)}


def person(
    id: str, *scopes: str, directory_roles: Sequence[str] = (), name: str | None = None
) -> dict[str, str]:
    """Give the headers of a person."""
    claims = {
        "kind": "delegated",
        "id": id,
        "scopes": scopes,
        "directory_roles": directory_roles,
        "name": name,
    }
    return {"Authorization": json.dumps(claims)}
