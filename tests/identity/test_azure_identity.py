"""The real credential class of azure-identity gets a token over https from the embedded issuer."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from threading import Thread

import pytest
import uvicorn
from azure.core.exceptions import ClientAuthenticationError
from azure.identity import ClientSecretCredential
from starlette.applications import Starlette

from ostiary.identity.issuer import DevelopmentIssuer
from ostiary.identity.issuer_routes import IssuerRoutes
from ostiary.identity.key_files import load_or_make
from ostiary.identity.keysets import FixedKeys
from ostiary.identity.tls import ensure
from ostiary.identity.tokens import TokenValidator
from tests.identity.minting import APP_ID, SERVICE_PRINCIPAL, TENANT
from tests.identity.test_issuer_routes import SECRET, ScriptedClients
from tests.support.clocks import MONDAY

GRAPH_SCOPE = "https://graph.microsoft.com/.default"


class Authority:
    """The issuer, served by uvicorn over https on loopback with a certificate of the local CA."""

    def __init__(self, data: Path) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.base_url = f"https://localhost:{self._socket.getsockname()[1]}"
        self.tls = ensure(data, [], now=datetime.now(UTC))
        self.issuer = DevelopmentIssuer(
            load_or_make(data / "issuer-key.json"),
            tenant_id=TENANT,
            base_urls=[self.base_url],
        )
        routes = IssuerRoutes(
            issuer=self.issuer, clients=ScriptedClients(), now=lambda: MONDAY
        ).routes()
        config = uvicorn.Config(
            Starlette(routes=routes),
            ssl_certfile=self.tls.certificate,
            ssl_keyfile=self.tls.key,
            log_level="error",
            headers=[("Connection", "close")],  # idle connections would hold up the end by 30 s
        )
        self._server = uvicorn.Server(config)
        self._thread = Thread(target=self._server.run, args=([self._socket],))

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._server.should_exit = True
        self._thread.join()
        self._socket.close()

    def credential(self, secret: str = SECRET) -> ClientSecretCredential:
        return ClientSecretCredential(
            TENANT,
            APP_ID,
            secret,
            authority=self.base_url,
            disable_instance_discovery=True,
            connection_verify=str(self.tls.authority),
        )


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Authority]:
    authority = Authority(tmp_path_factory.mktemp("data"))
    authority.start()
    yield authority
    authority.stop()


async def test_a_client_secret_credential_gets_a_token_that_the_server_believes(
    authority: Authority,
) -> None:
    with authority.credential() as credential:
        token = credential.get_token(GRAPH_SCOPE)

    keys = FixedKeys(authority.issuer.verification_key)
    validator = TokenValidator([(trusted, keys) for trusted in authority.issuer.trusted()])
    caller = await validator.validate(token.token, MONDAY)
    assert caller.kind == "application"
    assert (caller.app_id, caller.object_id) == (APP_ID, SERVICE_PRINCIPAL)


def test_a_wrong_secret_reads_as_on_the_real_platform(authority: Authority) -> None:
    with (
        authority.credential("wrong") as credential,
        pytest.raises(ClientAuthenticationError, match="AADSTS7000215"),
    ):
        credential.get_token(GRAPH_SCOPE)


def test_an_unknown_resource_reads_as_on_the_real_platform(authority: Authority) -> None:
    with (
        authority.credential() as credential,
        pytest.raises(ClientAuthenticationError, match="AADSTS500011"),
    ):
        credential.get_token("https://vault.azure.net/.default")
