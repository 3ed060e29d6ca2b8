"""A real server in a process of its own, which a test can kill and start again."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import httpx

from ostiary.identity.catalogue import GRAPH_URL
from ostiary.identity.issuer import DevelopmentIssuer
from ostiary.identity.ports import Client, Subject
from ostiary.server.issuing import development_issuer
from ostiary.server.whereabouts import Whereabouts, read
from ostiary.storage.ids import new_id

PATIENCE = 60.0
"""Seconds that a server may take to become ready on a loaded machine."""

APP_ID = "7b6f1f0e-38a1-4c0e-9d0a-0c1d2e3f4a5b"


QUIET = {"OSTIARY_CONNECTIVITY_TEST": "off"}
"""Endpoints of tests get the calls that the tests cause, and no others."""


@dataclass
class RunningServer:
    """``ostiary serve`` on a free port of loopback, with a data directory of its own."""

    data_dir: Path
    database_url: str | None = None
    options: tuple[str, ...] = ()
    environment: dict[str, str] = field(default_factory=dict)
    port: int = 0
    _process: subprocess.Popen[bytes] | None = None

    def start(self) -> RunningServer:
        """Start it and return when it can serve; a second start keeps the port of the first."""
        command = [sys.executable, "-c", "from ostiary.cli import main; main()", "serve"]
        command += ["--data-dir", str(self.data_dir), "--port", str(self.port), *self.options]
        if self.database_url is not None:
            command += ["--database-url", self.database_url]
        log = (self.data_dir / "server.log").open("ab")
        environment = {**os.environ, "OSTIARY_NODE": "tested", **QUIET, **self.environment}
        self._process = subprocess.Popen(command, stdout=log, stderr=log, env=environment)
        log.close()
        self._wait_until_ready()
        self.port = httpx.URL(self.url).port or 0
        return self

    @property
    def url(self) -> str:
        """Where it listens."""
        return self.whereabouts.url

    @property
    def whereabouts(self) -> Whereabouts:
        """Its own note about where it is."""
        found = read(self.data_dir)
        assert found is not None, "the server does not run"
        return found

    @property
    def log(self) -> str:
        """What it has printed."""
        return (self.data_dir / "server.log").read_text(errors="replace")

    def kill(self) -> None:
        """End it at once, as a crash of the machine would."""
        assert self._process is not None
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()

    def stop(self) -> None:
        """Ask it to end, and wait until it has."""
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(timeout=PATIENCE)
            except subprocess.TimeoutExpired:
                self.kill()

    def app_token(
        self,
        roles: Collection[str],
        *,
        app_id: str = APP_ID,
        object_id: str | None = None,
        now: datetime | None = None,
    ) -> str:
        """Make a token of an application with these permissions."""
        client = Client(app_id=app_id, object_id=object_id or new_id())
        return self._issuer().for_app(client, roles=roles, now=now or datetime.now(UTC)).token

    def user_token(
        self, object_id: str, scopes: Collection[str], *, directory_roles: Collection[str] = ()
    ) -> str:
        """Make a token of a person."""
        return (
            self._issuer()
            .for_user(
                Subject(object_id=object_id),
                scopes=scopes,
                directory_roles=directory_roles,
                now=datetime.now(UTC),
                resource=GRAPH_URL,
            )
            .token
        )

    def _issuer(self) -> DevelopmentIssuer:
        return development_issuer(self.data_dir, tenant_id=self.tenant_id, base_urls=[self.url])

    @property
    def tenant_id(self) -> str:
        """The tenant that it serves, as its discovery document says."""
        place = f"{self.url}/common/v2.0/.well-known/openid-configuration"
        document = httpx.get(place, verify=False).json()
        return str(document["issuer"].rstrip("/").split("/")[-2])

    def _wait_until_ready(self) -> None:
        assert self._process is not None
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            if self._process.poll() is not None:
                raise RuntimeError(f"The server ended at once:\n{self.log}")
            found = read(self.data_dir)
            if found is not None and found.pid == self._process.pid and _is_ready(found.url):
                return
            time.sleep(0.05)  # a process of its own can only be asked again
        raise RuntimeError(f"The server did not become ready:\n{self.log}")


def _is_ready(url: str) -> bool:
    try:
        return httpx.get(f"{url}/health/ready", verify=False).status_code == 200
    except httpx.TransportError:
        return False
