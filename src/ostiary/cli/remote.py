"""Asking the running server, with a token of the issuer of its data directory."""

from __future__ import annotations

import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import aiohttp
import msgspec

from ostiary.cli import neighbours
from ostiary.cli.issuing import issuer
from ostiary.cli.problems import Failed
from ostiary.identity.catalogue import COMMAND_LINE_APP_ID
from ostiary.identity.ports import Client
from ostiary.server.deployment import Deployment
from ostiary.server.whereabouts import Whereabouts


@dataclass(frozen=True, slots=True)
class RunningServer:
    """A server that runs on the same data, asked over HTTP."""

    where: Whereabouts
    token: str

    async def get(self, path: str) -> dict[str, Any]:
        """GET a JSON object.

        :raises Failed: the server refuses, or does not answer.
        """
        return await self._ask("GET", path, None)

    async def post(self, path: str, body: Any) -> dict[str, Any]:
        """POST a JSON value, and give the JSON object that comes back.

        :raises Failed: the server refuses, or does not answer.
        """
        return await self._ask("POST", path, body)

    async def _ask(self, method: str, path: str, body: Any) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {self.token}"}
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=5)  # moving time may take long
        try:
            async with (
                aiohttp.ClientSession(headers=headers, timeout=timeout) as http,
                http.request(
                    method, self.where.url + path, json=body, ssl=_trust(self.where)
                ) as reply,
            ):
                answer = msgspec.json.decode(await reply.read(), type=dict[str, Any])
        except (aiohttp.ClientError, msgspec.DecodeError, OSError) as error:
            raise Failed(
                f"The server at {self.where.url} (process {self.where.pid}) did not answer: "
                f"{type(error).__name__}. Is it healthy? See {self.where.url}/health/ready."
            ) from None
        if reply.status >= 400:
            message = answer.get("error", {}).get("message", f"HTTP {reply.status}")
            raise Failed(f"The server at {self.where.url} refused: {message}")
        return answer


def running_server(deployment: Deployment, *, roles: Sequence[str] = ()) -> RunningServer | None:
    """Give the server that runs on the data of a deployment; None if there is none.

    ``roles`` are the permissions of the token.

    :raises Failed: no token can be made for it.
    """
    found = neighbours.server_on(deployment.settings.data_dir)
    if found is None:
        return None
    client = Client(app_id=COMMAND_LINE_APP_ID, object_id=COMMAND_LINE_APP_ID)
    now = deployment.clock.now()
    issued = issuer(deployment).for_app(client, now=now, roles=tuple(roles))
    return RunningServer(found, issued.token)


def _trust(where: Whereabouts) -> ssl.SSLContext | bool:
    if where.certificate_authority is None:
        return True
    return ssl.create_default_context(cafile=where.certificate_authority)
