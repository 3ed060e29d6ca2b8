"""A server that runs in this process: the API, and the worker beside it unless it is off.

Stopping is graceful, in this order: readiness says no, no new requests, the open ones answered, the
running batches of the worker finished, the database closed. What is cut short all the same is done
again after the next start.
"""

from __future__ import annotations

import asyncio
import os
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import uvicorn

from ostiary.cli import memory, neighbours
from ostiary.cli.addresses import Addresses, bind, released, speaks_tls
from ostiary.cli.listening import Listener, listening, quiet, until
from ostiary.cli.problems import Failed
from ostiary.cli.watching import watched
from ostiary.durable.worker import Worker
from ostiary.identity import tls
from ostiary.server import composition, whereabouts
from ostiary.server.whereabouts import Whereabouts
from ostiary.settings import Settings

PATIENCE: Final = 10
"""How many seconds open requests may take once the server stops."""


@dataclass(frozen=True, slots=True)
class Certificate:
    """What HTTPS is served with; ``authority`` is what clients must trust, where that is ours."""

    chain: str
    key: str
    authority: str | None = None


@dataclass(frozen=True, slots=True)
class Running:
    """A server that listens."""

    server: composition.Server
    addresses: Addresses
    certificate: Certificate | None
    metrics_url: str | None
    """Where Prometheus reads, if anywhere."""
    _listener: Listener
    _tasks: tuple[asyncio.Task[Any], ...]

    @property
    def url(self) -> str:
        """The URL for clients on this machine."""
        return self.addresses.own_url

    def stop(self) -> None:
        """Begin to stop; a second call drops the requests that are still open.

        For a while the server may still answer, and say that it is about to leave.
        """
        drain = self.server.settings.drain.total_seconds()
        if drain and not self.server.leaving.is_set():
            self.server.leaving.set()
            asyncio.get_running_loop().call_later(drain, self._listener.stop_once)
        else:
            self._listener.stop()

    async def ended(self) -> None:
        """Return when the server was stopped.

        :raises Failed: a part of it ended by itself.
        """
        done, _ = await asyncio.wait(self._tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
        if not self._listener.should_exit:
            raise Failed("A part of the server ended by itself; the log says why. Start it again.")


@asynccontextmanager
async def running(settings: Settings) -> AsyncIterator[Running]:
    """Run a server while the block runs, and stop it gracefully.

    :raises Failed: the address cannot be listened on, or a server runs on the same data already.
    """
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    _refuse_second(settings)
    addresses = bind(settings)
    with released(addresses.sockets):
        async with _at(addresses, settings) as found:
            yield found


@asynccontextmanager
async def _at(addresses: Addresses, settings: Settings) -> AsyncIterator[Running]:
    in_force = settings.model_copy(update={"port": addresses.port})
    async with composition.opened(in_force, base_urls=addresses.base_urls) as server:
        await memory.remember_clock(server.database, settings.clock)
        async with (
            server.keys.noted(),
            watched(in_force, server.metrics) as metrics_url,
            _serving(server, addresses, metrics_url) as found,
        ):
            yield found


@asynccontextmanager
async def working(worker: Worker) -> AsyncIterator[asyncio.Task[None]]:
    """Run a worker while the block runs, which begins when it has its name; it ends its batches.

    :raises NameTaken: another of its name runs.
    """
    task = asyncio.create_task(worker.run(), name="worker")
    try:
        await until(worker.named, task)
        yield task
    finally:
        await worker.stop()
        await asyncio.wait([task])


@asynccontextmanager
async def _serving(
    server: composition.Server, addresses: Addresses, metrics_url: str | None
) -> AsyncIterator[Running]:
    certificate = _certificate(server.settings, addresses)
    listener = Listener(_config(server, certificate))
    async with (
        _beside(server) as tasks,
        listening(listener, addresses.sockets) as serving,
    ):
        with whereabouts.announced(server.settings.data_dir, _note(addresses, certificate)):
            yield Running(server, addresses, certificate, metrics_url, listener, (serving, *tasks))


@asynccontextmanager
async def _beside(server: composition.Server) -> AsyncIterator[list[asyncio.Task[Any]]]:
    if not server.settings.worker:
        yield []
        return
    async with working(server.worker) as task:
        yield [task]


def _config(server: composition.Server, certificate: Certificate | None) -> uvicorn.Config:
    return quiet(
        server.app,
        patience=PATIENCE,
        ssl_certfile=certificate.chain if certificate else None,
        ssl_keyfile=certificate.key if certificate else None,
    )


def _certificate(settings: Settings, addresses: Addresses) -> Certificate | None:
    if not speaks_tls(settings):
        return None
    if settings.tls_certificate is not None:
        return _own_certificate(settings.tls_certificate, settings.tls_key)
    hosts = [urlsplit(url).hostname or "" for url in addresses.base_urls]
    made = tls.ensure(settings.data_dir, hosts, now=datetime.now(UTC))
    return Certificate(str(made.certificate), str(made.key), str(made.authority.absolute()))


def _own_certificate(chain: Path, key: Path | None) -> Certificate:
    """Give the operator's certificate, looked at before anything listens.

    :raises Failed: a file is missing, is no PEM, or they do not belong together.
    """
    assert key is not None  # as the settings make sure
    for path in (chain, key):
        if not path.is_file():
            raise Failed(f"There is no file {path}: see --tls-certificate and --tls-key.")
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(chain, key)
    except ssl.SSLError as error:
        why = (error.reason or "not PEM").replace("_", " ").lower()
        raise Failed(
            f"{chain} and {key} are no certificate (PEM) with its key: {why}. The chain begins "
            "with the server's own certificate, and the key has no password."
        ) from None
    return Certificate(str(chain), str(key))


def _note(addresses: Addresses, certificate: Certificate | None) -> Whereabouts:
    authority = certificate.authority if certificate else None
    return Whereabouts(url=addresses.own_url, pid=os.getpid(), certificate_authority=authority)


def _refuse_second(settings: Settings) -> None:
    """Refuse a second server on an embedded database: one process moves its clock and its work.

    :raises Failed: there is one.
    """
    found = neighbours.server_on(settings.data_dir)
    if found is not None and settings.database.startswith("sqlite"):
        raise Failed(
            f"A server (process {found.pid}) runs on {settings.data_dir} already, at {found.url}: "
            "stop it, or choose another --data-dir."
        )
