"""The embedded development issuer: tokens on a laptop or in CI, with no cloud.

Its tokens have Microsoft's shape, v2.0 unless v1.0 is asked for, and are valid by the server's
clock. The issuer is known under every base URL of the server and under one more that never changes,
so that a token made on the command line is good wherever the server listens.
"""

from __future__ import annotations

import hashlib
import secrets
from base64 import urlsafe_b64encode
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from joserfc import jwt
from joserfc.jwk import RSAKey

from ostiary.identity.catalogue import (
    COMMAND_LINE_APP_ID,
    GRAPH_URL,
    ORDINARY_USER_MARKER,
    REAL_GRAPH_AUDIENCES,
)
from ostiary.identity.issuer_errors import InvalidResource
from ostiary.identity.issuers import Grant, Shape, TrustedIssuer
from ostiary.identity.ports import Client, Subject

LOCAL_AUDIENCE = "api://ostiary"
FIXED_BASE = "https://ostiary.localhost"
"""The base of the issuer whose name does not depend on where the server listens."""
LIFETIME = timedelta(seconds=3600)


class TokenVersion(StrEnum):
    """The two shapes of Microsoft's access tokens."""

    V1 = "1.0"
    V2 = "2.0"


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuedToken:
    """A token and the instants of its life."""

    token: str
    not_before: datetime
    expires: datetime
    resource: str


class DevelopmentIssuer:
    """Issues tokens of one tenant, signed with one key.

    ``base_urls`` are the addresses of the server (``https://localhost:8443``); the first is the one
    to be told where a request does not tell.
    """

    def __init__(self, key: RSAKey, *, tenant_id: str, base_urls: Sequence[str] = ()) -> None:
        key.ensure_kid()
        self._key = key
        self.tenant_id = tenant_id
        self.base_urls = tuple(url.rstrip("/") for url in base_urls)
        slashed = {f"{url}/" for url in self.base_urls}
        self.audiences = REAL_GRAPH_AUDIENCES | {LOCAL_AUDIENCE, *self.base_urls, *slashed}

    @property
    def verification_key(self) -> RSAKey:
        """The public half of the key."""
        return RSAKey.import_key(self._key.as_dict(private=False))

    def jwks(self) -> dict[str, Any]:  # JSON
        """Give the key set that clients verify tokens with."""
        return {"keys": [self._key.as_dict(private=False, use="sig", alg="RS256")]}

    def name(self, version: TokenVersion, *, base: str = FIXED_BASE) -> str:
        """Give the issuer string of a token version, at one of the bases."""
        tail = "/v2.0" if version is TokenVersion.V2 else "/"
        return f"{base}/{self.tenant_id}{tail}"

    def trusted(self) -> tuple[TrustedIssuer, ...]:
        """Give what the validator must trust: each name of this issuer, for all it says."""
        return tuple(
            TrustedIssuer(
                name="development",
                issuer=self.name(version, base=base),
                tenant=self.tenant_id,
                audiences=frozenset(self.audiences),
                shape=Shape.MICROSOFT,
                algorithms=frozenset({"RS256"}),
                authoritative_for=frozenset(Grant),
                controlled=True,
            )
            for base in dict.fromkeys((FIXED_BASE, *self.base_urls))
            for version in TokenVersion
        )

    def for_app(
        self,
        client: Client,
        *,
        now: datetime,
        resource: str = GRAPH_URL,
        roles: Collection[str] | None = None,
        version: TokenVersion = TokenVersion.V2,
        base: str = FIXED_BASE,
    ) -> IssuedToken:
        """Issue a token to an application, with its app roles unless others are given.

        :raises InvalidResource: the resource is not this server.
        """
        granted = sorted(client.app_roles if roles is None else roles)
        return self._issue(
            {
                "sub": client.object_id,
                "oid": client.object_id,
                "idtyp": "app",
                "roles": granted,
                "app_displayname": client.display_name,
                **_client_claims(client.app_id, version, how="1"),
            },
            now=now,
            resource=resource,
            version=version,
            base=base,
        )

    def for_user(
        self,
        person: Subject,
        *,
        now: datetime,
        scopes: Collection[str],
        directory_roles: Collection[str] = (),
        app_id: str = COMMAND_LINE_APP_ID,
        resource: str = GRAPH_URL,
        version: TokenVersion = TokenVersion.V2,
        base: str = FIXED_BASE,
    ) -> IssuedToken:
        """Issue a token on behalf of a person; ``directory_roles`` are template ids.

        :raises InvalidResource: the resource is not this server.
        """
        name = "preferred_username" if version is TokenVersion.V2 else "unique_name"
        return self._issue(
            {
                "sub": _pairwise(self.tenant_id, app_id, person.object_id),
                "oid": person.object_id,
                "idtyp": "user",
                "scp": " ".join(sorted(scopes)),
                "wids": [*sorted(directory_roles), ORDINARY_USER_MARKER],
                "name": person.display_name,
                name: person.user_principal_name,
                **_client_claims(app_id, version, how="0"),
            },
            now=now,
            resource=resource,
            version=version,
            base=base,
        )

    def _issue(
        self,
        claims: dict[str, Any],  # JSON
        *,
        now: datetime,
        resource: str,
        version: TokenVersion,
        base: str,
    ) -> IssuedToken:
        if resource not in self.audiences:
            raise InvalidResource(resource, self.tenant_id)
        expires = now + LIFETIME
        whole = {
            # A v1.0 token names the resource as it was asked for, a v2.0 token names it one way.
            "aud": resource if version is TokenVersion.V1 else LOCAL_AUDIENCE,
            "iss": self.name(version, base=base),
            "iat": int(now.timestamp()),
            "nbf": int(now.timestamp()),
            "exp": int(expires.timestamp()),
            "tid": self.tenant_id,
            "uti": secrets.token_urlsafe(16),
            "ver": str(version),
            **{name: value for name, value in claims.items() if value is not None},
        }
        header = {"alg": "RS256", "kid": self._key.kid}
        token = jwt.encode(header, whole, self._key, algorithms=["RS256"])
        return IssuedToken(token=token, not_before=now, expires=expires, resource=resource)


def _client_claims(app_id: str, version: TokenVersion, *, how: str) -> dict[str, str]:
    """Name the application in both ways; ``how`` it proved itself: 0 not at all, 1 by secret."""
    proof = "azpacr" if version is TokenVersion.V2 else "appidacr"
    return {"azp": app_id, "appid": app_id, proof: how}


def _pairwise(*parts: str) -> str:
    """Give a subject that differs from application to application."""
    digest = hashlib.sha256("/".join(parts).encode()).digest()
    return urlsafe_b64encode(digest).rstrip(b"=").decode()
