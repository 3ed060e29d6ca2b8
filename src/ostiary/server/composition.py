"""A whole server from its settings: every part is made here, once, and given what it needs."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import cast

import aiohttp
import structlog
from starlette.middleware.cors import CORSMiddleware
from starlette.routing import BaseRoute

from ostiary.audit import routes as audit
from ostiary.directory import routes as directory
from ostiary.directory.clients import DirectoryClients
from ostiary.directory.following import Following
from ostiary.directory.service import Directory
from ostiary.directory.tenant import Tenant
from ostiary.directory.work import Forgetting
from ostiary.durable.clock import Clock
from ostiary.durable.errors import Busy, describe
from ostiary.durable.handlers import Handler
from ostiary.durable.worker import Worker
from ostiary.extensions.owners import Owners
from ostiary.extensions.published_keys import PublishedKeys
from ostiary.extensions.resumes import Resumes
from ostiary.extensions.routes import outbound_routes
from ostiary.graph.app import GraphApp
from ostiary.graph.engine import Engine
from ostiary.graph.errors import DomainError, Unavailable
from ostiary.graph.reading import Reader
from ostiary.graph.resources import Node
from ostiary.graph.throttling import Throttle
from ostiary.identity import matrix
from ostiary.identity.issuer import DevelopmentIssuer
from ostiary.identity.issuer_routes import IssuerRoutes
from ostiary.identity.permissions import requires
from ostiary.identity.ports import Clients
from ostiary.mail.routes import MailRoutes
from ostiary.server import governors, identity, mailing, outbound, retaining
from ostiary.server.admission import Admission
from ostiary.server.deployment import Deployment, opened_database
from ostiary.server.front import ASGI, Front
from ostiary.server.metrics import Measured, Metrics
from ostiary.server.operator import Operator
from ostiary.server.preparing import prepared
from ostiary.settings import Settings
from ostiary.storage.database import Database
from ostiary.storage.failures import is_collision, is_locked, is_outage

log = structlog.get_logger(__name__)

EXPOSED = [
    "ETag",
    "Location",
    "Preference-Applied",
    "Content-Range",
    "request-id",
    "client-request-id",
    "Retry-After",
]
"""Response headers that pages of other origins may read."""


LARGE_BODIES = 64
"""So many bodies of the largest size may be in memory at a time."""


@dataclass(frozen=True, kw_only=True)
class Server(Deployment):
    """What runs: an application to serve, and a worker to run beside it or elsewhere."""

    worker: Worker
    app: ASGI
    clients: Clients
    issuer: DevelopmentIssuer | None
    resumes: Resumes
    owners: Owners
    keys: PublishedKeys
    metrics: Metrics
    leaving: asyncio.Event
    """To be set by whoever is about to stop it."""


@asynccontextmanager
async def opened(settings: Settings, *, base_urls: Sequence[str]) -> AsyncIterator[Server]:
    """Open the database, bring it up to date and compose a server; close it all at the end.

    ``base_urls`` are the addresses at which clients reach it, the public one first. Neither the
    worker nor a listener is started.

    :raises ConfigurationError: the settings are unsafe or contradict each other.
    """
    if settings.public_url is None and not settings.on_loopback:
        log.warning("public_url.unset", callbacks_go_to=base_urls[0])
    async with opened_database(settings) as (database, clock):
        deployment = Deployment(
            settings=settings,
            base_urls=base_urls,
            tenant_id=await prepared(settings, database, clock.now()),
            database=database,
            clock=clock,
        )
        async with server_on(deployment) as server:
            yield server


@asynccontextmanager
async def server_on(deployment: Deployment) -> AsyncIterator[Server]:
    """Compose a server on an open deployment, and close its parts at the end."""
    async with AsyncExitStack() as stack:
        http = await stack.enter_async_context(aiohttp.ClientSession())
        yield composed(
            deployment.settings,
            stack,
            deployment.database,
            deployment.clock,
            tenant_id=deployment.tenant_id,
            urls=deployment.base_urls,
            http=http,
        )


def composed(
    settings: Settings,
    stack: AsyncExitStack,
    database: Database,
    clock: Clock,
    *,
    tenant_id: str,
    urls: Sequence[str],
    http: aiohttp.ClientSession,
) -> Server:
    """Make every part on an open database, and give ``stack`` what has to be closed."""
    believed = identity.compose(
        settings, tenant_id=tenant_id, base_urls=urls, http=http, now=clock.now
    )
    parts = _parts(settings, database, clock, tenant_id=tenant_id, urls=urls)
    for close in parts.closing:
        stack.push_async_callback(close)
    worker = _worker(settings, database, clock, _handlers(settings, parts))
    clients = DirectoryClients(database, clock.now)
    roots = _roots(settings, database, tenant_id, parts.governors)
    graph = _graph(settings, roots, database, clock, believed)
    leaving = asyncio.Event()
    beside = _beside(settings, believed, clients, clock, worker, database, parts.out, leaving)
    return Server(
        settings=settings,
        base_urls=urls,
        tenant_id=tenant_id,
        database=database,
        clock=clock,
        worker=worker,
        app=_measured(
            _with_cors(_admitting(Front(graph, beside, translate), settings), settings), settings
        ),
        metrics=Metrics(database=database, clock=clock, worker=worker),
        clients=clients,
        issuer=believed.issuer,
        resumes=parts.resumes,
        owners=parts.owners,
        keys=parts.out.keys,
        leaving=leaving,
    )


@dataclass(frozen=True, kw_only=True)
class _Parts:
    """What calls out, governs and writes mails."""

    owners: Owners
    out: outbound.Outbound
    resumes: Resumes
    governors: governors.Governors
    mails: mailing.Mailing

    @property
    def closing(self) -> Sequence[Callable[[], Awaitable[None]]]:
        """What closes them; the last is to be closed first."""
        return self.out.work.close, self.mails.work.close, self.resumes.close, self.governors.close


def _parts(
    settings: Settings, database: Database, clock: Clock, *, tenant_id: str, urls: Sequence[str]
) -> _Parts:
    owners = Owners()
    out = outbound.compose(
        settings,
        database=database,
        clock=clock,
        owners=owners,
        tenant_id=tenant_id,
        base_urls=urls,
        node=node_name(settings),
    )
    resumes = Resumes(database, clock, owners, max_waiting=settings.max_waiting)
    governing = governors.compose(
        settings, database=database, owners=owners, resumes=resumes, clock=clock, out=out
    )
    mails = mailing.compose(settings, governing.templates, database=database, clock=clock)
    return _Parts(owners=owners, out=out, resumes=resumes, governors=governing, mails=mails)


def _roots(
    settings: Settings, database: Database, tenant_id: str, parts: governors.Governors
) -> list[Node]:
    """Give everything that stands at the root of the API."""
    domains = tuple(settings.domains)
    tenant = Tenant(id=tenant_id, display_name=settings.organization, domains=domains)
    own = domains if settings.own_domains_only else None
    return [
        *directory.resources(Directory(database, own), tenant),
        *parts.roots,
        audit.resources(read=requires(matrix.AUDIT_READ)),
    ]


def _beside(
    settings: Settings,
    believed: identity.Identity,
    clients: Clients,
    clock: Clock,
    worker: Worker,
    database: Database,
    out: outbound.Outbound,
    leaving: asyncio.Event,
) -> list[BaseRoute]:
    """Give the routes beside the API: the operator's, our public keys, the development issuer."""
    operator = Operator(
        database=database,
        clock=clock,
        worker=worker,
        authenticator=believed.authenticator,
        leaving=leaving,
    )
    mails = MailRoutes(database=database, clock=clock, authenticator=believed.authenticator)
    beside = [*operator.routes(), *mails.routes(), *outbound_routes(out.issuer, out.keys)]
    if believed.issuer is None:
        return beside
    names = frozenset(settings.domains)
    issuer = IssuerRoutes(
        issuer=believed.issuer, clients=clients, now=clock.now, tenant_names=names
    )
    return [*beside, *issuer.routes()]


def _graph(
    settings: Settings,
    roots: Sequence[Node],
    database: Database,
    clock: Clock,
    believed: identity.Identity,
) -> GraphApp:
    engine = Engine(
        roots=roots,
        database=database,
        clock=clock,
        authenticator=believed.authenticator,
        reader=Reader(strays=governors.STRAYS),
        translate=translate,
        title="Ostiary",
        throttle=Throttle(reads=settings.throttle_reads, writes=settings.throttle_writes),
    )
    return GraphApp(
        engine=engine,
        public_url=settings.public_url,
        max_body=settings.max_body,
        answers_within=settings.answer_within,
    )


def _handlers(settings: Settings, parts: _Parts) -> list[Handler]:
    return [
        *parts.out.work.handlers(),
        *parts.governors.handlers,
        *parts.mails.handlers,
        *Following(parts.governors.followers).handlers(),
        *Forgetting(settings.delta_retention).handlers(),
        *retaining.handlers(settings),
    ]


def _worker(
    settings: Settings, database: Database, clock: Clock, handlers: Sequence[Handler]
) -> Worker:
    poll, lease = settings.worker_poll, settings.worker_lease
    node = node_name(settings)
    return Worker(database, clock, handlers, node=node, poll=poll, lease=lease)


def node_name(settings: Settings) -> str:
    """Give the name of this node in leases, and in what it notes for people to read."""
    return settings.node or f"{socket.gethostname()}/{settings.host}:{settings.port}"


def _admitting(app: ASGI, settings: Settings) -> ASGI:
    """Bound what is under way at a time."""
    return Admission(
        app=app, requests=settings.max_requests, bytes=settings.max_body * LARGE_BODIES
    )


def _with_cors(app: ASGI, settings: Settings) -> ASGI:
    """Let pages of the configured origins call; no cookie authenticates, so none is let through."""
    if not settings.cors_origins:
        return app
    wrapped = CORSMiddleware(
        app,
        allow_origins=settings.cors_origins,
        allow_methods=["GET", "POST", "PATCH", "PUT", "DELETE"],
        allow_headers=["*"],
        expose_headers=EXPOSED,
        max_age=3600,
    )
    return cast(ASGI, wrapped)


def _measured(app: ASGI, settings: Settings) -> ASGI:
    """Count the requests where somebody reads the numbers."""
    return app if settings.metrics_port is None else Measured(app)


def translate(error: Exception) -> DomainError | None:
    """Turn what lower layers raise into what callers understand."""
    if isinstance(error, Busy):
        return Unavailable(retry_after=error.seconds)
    if is_locked(error):
        log.warning("database.locked", why=_why(error))
        return Unavailable("Something else holds the database. Try again later.", retry_after=5)
    if is_outage(error):
        log.warning("database.unavailable", why=_why(error))
        return Unavailable("The database cannot be reached. Try again in a moment.", retry_after=2)
    if is_collision(error):
        log.warning("database.collision", why=_why(error))
        return Unavailable("Another change got in the way. Try again.", retry_after=1)
    return None


def _why(error: Exception) -> str:
    """Give what the database said, such as that its disk is full, without statement and values."""
    return describe(getattr(error, "orig", None) or error)
