"""The outbound issuer's public documents, for receivers that check tokens.

They need no authentication: they hold nothing but a name and public keys.
"""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from ostiary.extensions.published_keys import PublishedKeys
from ostiary.extensions.signing import OutboundIssuer

PREFIX = "/outbound"
_CACHED = {"Cache-Control": "public, max-age=3600"}
_CACHED_BRIEFLY = {"Cache-Control": "public, max-age=300"}
"""A node that joins signs with a key of its own from then on."""


def outbound_routes(issuer: OutboundIssuer, published: PublishedKeys) -> list[Route]:
    """Give the routes of the issuer's metadata and key set, below ``/outbound``."""

    async def metadata(_: Request) -> JSONResponse:
        """GET /outbound/.well-known/openid-configuration."""
        return JSONResponse(_document(issuer), headers=_CACHED)

    async def keys(_: Request) -> JSONResponse:
        """GET /outbound/keys."""
        return JSONResponse(await published.jwks(), headers=_CACHED_BRIEFLY)

    return [
        Route(f"{PREFIX}/.well-known/openid-configuration", metadata),
        Route(f"{PREFIX}/keys", keys),
    ]


def _document(issuer: OutboundIssuer) -> dict[str, object]:
    return {
        "issuer": issuer.issuer,
        "jwks_uri": f"{issuer.issuer}/keys",
        "id_token_signing_alg_values_supported": ["RS256"],
        "token_endpoint_auth_signing_alg_values_supported": ["RS256"],
        "response_types_supported": ["token"],
        "subject_types_supported": ["public"],
        "claims_supported": ["aud", "iss", "iat", "nbf", "exp", "appid", "azp", "oid", "tid"],
    }
