"""The routes of the development issuer.

They answer what msal, the azure-identity packages and go-azure-sdk ask of an authority. None of
them needs a token.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any

import structlog
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from ostiary.identity import token_requests
from ostiary.identity.issuer import (
    FIXED_BASE,
    LIFETIME,
    DevelopmentIssuer,
    IssuedToken,
    TokenVersion,
)
from ostiary.identity.issuer_errors import (
    NotAForm,
    TokenError,
    TooManyFailures,
    UnknownClient,
    UnknownTenant,
    WrongSecret,
    correlation_id,
)
from ostiary.identity.ports import Client, Clients
from ostiary.identity.secrets import is_secret
from ostiary.identity.throttle import FailureThrottle

log = structlog.get_logger(__name__)

ANY_TENANT = frozenset({"common", "organizations"})
"""Names under which every authority answers."""

NO_STORE = {"Cache-Control": "no-store", "Pragma": "no-cache"}


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuerRoutes:
    """The issuer on HTTP. ``now`` is the server's clock; the throttle runs in real time.

    ``tenant_names`` are domain names by which clients may call the tenant besides its id.
    """

    issuer: DevelopmentIssuer
    clients: Clients
    now: Callable[[], datetime]
    tenant_names: frozenset[str] = frozenset()
    throttle: FailureThrottle = field(default_factory=FailureThrottle)

    def routes(self) -> list[BaseRoute]:
        """Give the routes, to be mounted at the root of the server."""
        configuration = "/.well-known/openid-configuration"
        v1, v2 = TokenVersion.V1, TokenVersion.V2
        return [
            self._get(f"/{{tenant}}/v2.0{configuration}", partial(self._discovery, version=v2)),
            self._get(f"/{{tenant}}{configuration}", partial(self._discovery, version=v1)),
            self._get("/{tenant}/discovery/v2.0/keys", self._keys),
            self._get("/{tenant}/discovery/keys", self._keys),
            self._post("/{tenant}/oauth2/v2.0/token", partial(self._token, version=v2)),
            self._post("/{tenant}/oauth2/token", partial(self._token, version=v1)),
            self._get("/common/userrealm/{user}", self._user_realm),
            self._get("/metadata/endpoints", self._cloud),
        ]

    def _get(self, path: str, answer: Callable[[Request], Awaitable[Response]]) -> Route:
        return Route(path, partial(self._answered, answer), methods=["GET"])

    def _post(self, path: str, answer: Callable[[Request], Awaitable[Response]]) -> Route:
        return Route(path, partial(self._answered, answer), methods=["POST"])

    async def _answered(
        self, answer: Callable[[Request], Awaitable[Response]], request: Request
    ) -> Response:
        """Answer, with every refusal in the shape that the client libraries read."""
        try:
            return await answer(request)
        except TokenError as error:
            correlation = correlation_id(request.headers.get("client-request-id"))
            return JSONResponse(
                error.body(at=self.now(), correlation_id=correlation),
                status_code=error.status,
                headers=NO_STORE | error.headers,
            )

    async def _discovery(self, request: Request, *, version: TokenVersion) -> Response:
        """GET /{tenant}/v2.0/.well-known/openid-configuration, and the v1.0 document."""
        self._check_tenant(request)
        return JSONResponse(self._configuration(request, version))

    async def _keys(self, request: Request) -> Response:
        """GET /{tenant}/discovery/v2.0/keys"""
        self._check_tenant(request)
        return JSONResponse(self.issuer.jwks())

    async def _token(self, request: Request, *, version: TokenVersion) -> Response:
        """POST /{tenant}/oauth2/v2.0/token (scope), POST /{tenant}/oauth2/token (resource)"""
        self._check_tenant(request)
        asked = token_requests.read(request.headers, await _body(request), version)
        client = await self._client(asked)
        issued = self.issuer.for_app(
            client,
            now=self.now(),
            resource=asked.resource,
            version=version,
            base=self._issuer_base(request),
        )
        log.info("development_token_issued", app_id=client.app_id, resource=asked.resource)
        return JSONResponse(_answer(issued, version), headers=NO_STORE)

    async def _client(self, asked: token_requests.TokenRequest) -> Client:
        """Give the client that the request proves to be.

        :raises TokenError: unknown, the wrong secret, or too many of either within a minute.
        """
        if wait := self.throttle.wait(asked.client_id):
            raise TooManyFailures(wait)
        client = await self.clients.client(asked.client_id)
        if client is None:
            self.throttle.failed(asked.client_id)
            raise UnknownClient(asked.client_id, self.issuer.tenant_id)
        if not await asyncio.to_thread(is_secret, asked.secret, client.secret_hashes):
            self.throttle.failed(asked.client_id)
            log.warning("client_secret_refused", app_id=client.app_id)
            raise WrongSecret(asked.client_id)
        return client

    async def _user_realm(self, _: Request) -> Response:
        """GET /common/userrealm/{user}: msal takes 404 for "no realm" and goes on."""
        return Response(status_code=404)

    async def _cloud(self, request: Request) -> Response:
        """GET /metadata/endpoints: the description of a cloud that go-azure-sdk starts from."""
        base = self._base(request)
        return JSONResponse(
            {
                "name": "ostiary",
                "portal": base,
                "resourceManager": base,
                "microsoftGraphResourceId": base,
                "graph": base,
                "graphAudience": base,
                "authentication": {
                    "loginEndpoint": base,
                    "audiences": [base],
                    "tenant": "common",
                    "identityProvider": "AAD",
                },
                "suffixes": {"keyVaultDns": "localhost", "storage": "localhost"},
            }
        )

    def _configuration(self, request: Request, version: TokenVersion) -> dict[str, Any]:  # JSON
        tenant = f"{self._base(request)}/{request.path_params['tenant']}"
        part = "/v2.0" if version is TokenVersion.V2 else ""
        return {
            "issuer": self.issuer.name(version, base=self._issuer_base(request)),
            "authorization_endpoint": f"{tenant}/oauth2{part}/authorize",
            "token_endpoint": f"{tenant}/oauth2{part}/token",
            "jwks_uri": f"{tenant}/discovery{part}/keys",
            "response_types_supported": ["code"],
            "response_modes_supported": ["query", "form_post"],
            "subject_types_supported": ["pairwise"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "grant_types_supported": ["client_credentials"],
            "token_endpoint_auth_methods_supported": ["client_secret_post", "client_secret_basic"],
            "claims_supported": ["sub", "iss", "aud", "exp", "iat", "tid", "oid", "ver"],
        }

    def _check_tenant(self, request: Request) -> None:
        tenant = request.path_params["tenant"].lower()
        if tenant not in {self.issuer.tenant_id, *ANY_TENANT, *self.tenant_names}:
            raise UnknownTenant(tenant)

    def _base(self, request: Request) -> str:
        """Give the address that the client used, if it is one of ours, or else the first of ours.

        What a ``Host`` header says is never passed on unless it is known.
        """
        used = f"{request.url.scheme}://{request.headers.get('host', '').lower()}"
        known = self.issuer.base_urls
        return used if used in known or not known else known[0]

    def _issuer_base(self, request: Request) -> str:
        return self._base(request) if self.issuer.base_urls else FIXED_BASE


async def _body(request: Request) -> bytes:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > token_requests.MAX_FORM:
            raise NotAForm
    return bytes(body)


def _answer(issued: IssuedToken, version: TokenVersion) -> dict[str, Any]:  # JSON
    seconds = int(LIFETIME.total_seconds()) - 1
    token = {"token_type": "Bearer", "access_token": issued.token}
    if version is TokenVersion.V2:
        return {**token, "expires_in": seconds, "ext_expires_in": seconds}
    return {  # v1.0 writes its numbers as texts
        **token,
        "expires_in": str(seconds),
        "ext_expires_in": str(seconds),
        "expires_on": str(int(issued.expires.timestamp())),
        "not_before": str(int(issued.not_before.timestamp())),
        "resource": issued.resource,
    }
