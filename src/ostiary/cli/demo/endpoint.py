"""The other side: what somebody runs who extends the server, in one file.

It takes a callout, verifies that the server made it, replies at once, and calls back when it has
made up its mind: with a token that it gets by its own client id and secret. It knows of the server
nothing but its URL.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from uuid import uuid4

import aiohttp
import msgspec
import uvicorn
from joserfc.jwk import KeySet
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from ostiary.cli.addresses import bind
from ostiary.cli.demo.client import PATIENCE, Unexpected
from ostiary.cli.listening import Listener, listening
from ostiary.extensions.receiver import Nonces, NotProven, Received, Trust, verify
from ostiary.identity.catalogue import APPLICATIONS
from ostiary.settings import Settings

ENTITLEMENT_PATH: Final = "/separation-of-duties"
LIFECYCLE_PATH: Final = "/order-laptop"
CONNECTION_TEST: Final = "CustomExtensionConnectionTest"
"""What the server calls once, when the extension is created, to see whether anybody is there."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """How the endpoint gets a token."""

    token_url: str
    client_id: str
    secret: str


@dataclass(frozen=True, slots=True)
class Call:
    """A callout that was proven to be the server's."""

    path: str
    body: Mapping[str, Any]
    claims: Mapping[str, Any]

    @property
    def person(self) -> str:
        """Whom it is about."""
        if self.path == LIFECYCLE_PATH:
            return str(self.body["data"]["subject"]["displayName"])
        return str(self.body["Assignment"]["Target"]["DisplayName"])

    @property
    def sender(self) -> str:
        """In whose name the server calls, by the token."""
        app_id = str(self.claims.get("azp") or self.claims.get("appid"))
        return APPLICATIONS.get(app_id, app_id)


@dataclass(slots=True)
class Endpoint:
    """The extension endpoint; ``calls`` are those that nobody has answered yet."""

    url: str
    server_url: str
    credentials: Credentials
    http: aiohttp.ClientSession
    now: Callable[[], datetime]
    calls: asyncio.Queue[Call] = field(default_factory=asyncio.Queue)
    refused: list[str] = field(default_factory=list)
    _trust: Trust | None = None
    _nonces: Nonces = field(default_factory=Nonces)

    async def call(self) -> Call:
        """Wait for the next callout.

        :raises Unexpected: none comes, or one came that was not proven.
        """
        try:
            async with asyncio.timeout(PATIENCE):
                return await self.calls.get()
        except TimeoutError:
            got = "; ".join(self.refused) or "no call"
            raise Unexpected("a call to the extension endpoint", got) from None

    async def receive(self, request: Request) -> Response:
        """POST /{anything}: verify, take it, and reply before the work is done."""
        body = await request.body()
        received = Received(
            method=request.method,
            url=self.url + request.url.path,
            headers={name.lower(): value for name, value in request.headers.items()},
            body=body,
        )
        try:
            trust = await self.trust()
            claims = verify(
                received.headers.get("authorization", ""),
                received,
                trust=trust,
                nonces=self._nonces,
                now=self.now(),
            )
        except NotProven as error:
            self.refused.append(str(error))
            return JSONResponse({"error": str(error)}, status_code=401)
        call = Call(request.url.path, msgspec.json.decode(body), claims)
        if call.body.get("Stage") != CONNECTION_TEST:
            self.calls.put_nowait(call)
        return Response(status_code=202, headers={"x-ms-workflow-run-id": uuid4().hex})

    async def trust(self) -> Trust:
        """Give whom to believe: the server's outbound issuer, with the keys that it publishes."""
        if self._trust is None:
            document = await self._get(
                f"{self.server_url}/outbound/.well-known/openid-configuration"
            )
            keys = KeySet.import_key_set(await self._get(document["jwks_uri"]))
            self._trust = Trust(issuers=[document["issuer"]], keys=keys, audiences=[self.url])
        return self._trust

    async def answer_request(self, call: Call, detail: str, *, state: str | None = None) -> int:
        """Resume an assignment request, or with ``state`` end it; give the status of the reply."""
        data = {
            "@odata.type": "microsoft.graph.accessPackageAssignmentRequestCallbackData",
            "stage": call.body["Stage"],
            "customExtensionStageInstanceId": call.body["CustomExtensionStageInstanceId"],
            "customExtensionStageInstanceDetail": detail,
        }
        if state is not None:
            data["state"] = state
        stage = call.body["Stage"]
        answer = {
            "source": "Contoso.SeparationOfDuties",
            "type": f"microsoft.graph.accessPackageCustomExtensionStage.{stage}",
            "data": data,
        }
        return await self._call_back(f"/beta{call.body['CallbackUriPath']}", answer)

    async def answer_task(self, call: Call, status: str) -> int:
        """Resume a task of a workflow as ``Completed`` or ``Failed``; give the reply's status."""
        data = {
            "@odata.type": "microsoft.graph.identityGovernance.customTaskExtensionCallbackData",
            "operationStatus": status,
        }
        answer = {"source": "Contoso.Laptops", "type": "lifecycleEvent", "data": data}
        return await self._call_back(f"/v1.0{call.body['data']['callbackUriPath']}", answer)

    async def _call_back(self, path: str, answer: Mapping[str, Any]) -> int:
        headers = {"Authorization": f"Bearer {await self._token()}"}
        async with self.http.post(self.server_url + path, json=answer, headers=headers) as reply:
            await reply.read()
            return reply.status

    async def _token(self) -> str:
        form = {
            "grant_type": "client_credentials",
            "client_id": self.credentials.client_id,
            "client_secret": self.credentials.secret,
            "scope": "https://graph.microsoft.com/.default",
        }
        async with self.http.post(self.credentials.token_url, data=form) as reply:
            document = await reply.json()
        if reply.status != 200:
            raise Unexpected("a token for the extension endpoint", document["error_description"])
        return str(document["access_token"])

    async def _get(self, url: str) -> Any:  # JSON
        async with self.http.get(url) as reply:
            return await reply.json()


@asynccontextmanager
async def opened(
    server_url: str,
    *,
    credentials: Credentials,
    http: aiohttp.ClientSession,
    now: Callable[[], datetime],
) -> AsyncIterator[Endpoint]:
    """Run the endpoint on a free port of loopback while the block runs.

    ``now`` is the server's clock: with a simulated one, proofs are dated by it.
    """
    bound = bind(Settings(host="127.0.0.1", port=0))
    endpoint = Endpoint(bound.own_url, server_url, credentials, http, now)
    await endpoint.trust()
    app = Starlette(routes=[Route("/{name}", endpoint.receive, methods=["POST"])])
    config = uvicorn.Config(app, lifespan="off", ws="none", log_config=None, access_log=False)
    async with listening(Listener(config), bound.sockets):
        yield endpoint
