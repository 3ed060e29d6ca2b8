"""What Prometheus reads: the requests that are answered, and what the database says of the work.

The numbers of a process are counted where things happen (``durable``, ``extensions``, ``storage``);
here they are shown, on a listener of their own, which needs no token and tells no names.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

import structlog
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    Counter,
    Gauge,
    Histogram,
    disable_created_metrics,
    generate_latest,
)
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ostiary import __version__
from ostiary.durable.backlog import backlogs
from ostiary.durable.clock import Clock
from ostiary.durable.common_clock import CommonClock
from ostiary.durable.errors import describe
from ostiary.durable.worker import Worker
from ostiary.graph.types import Version
from ostiary.server.front import ASGI, Receive, Scope, Send
from ostiary.storage.database import Database

_log: Final = structlog.get_logger(__name__)

PATH: Final = "/metrics"

disable_created_metrics()  # type: ignore[no-untyped-call]  # a second line for each number, which nobody asks for

_METHODS: Final = frozenset({"GET", "POST", "PATCH", "PUT", "DELETE", "HEAD", "OPTIONS"})

REQUESTS: Final = Counter(
    "ostiary_http_requests", "Requests that were answered.", ["root", "method", "status"]
)
SECONDS: Final = Histogram(
    "ostiary_http_request_seconds",
    "Seconds from a request's head to the end of its reply.",
    ["root", "method"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
)
UNDER_WAY: Final = Gauge("ostiary_http_requests_under_way", "Requests that are being answered.")

INFO: Final = Gauge("ostiary_build_info", "1, with the version.", ["version", "database"])
REACHED: Final = Gauge("ostiary_database_reached", "Whether the database answered this reading.")
CONNECTIONS: Final = Gauge("ostiary_database_connections", "Connections that are in use.")
CORRECTION: Final = Gauge(
    "ostiary_clock_correction_seconds", "How far the database's clock is ahead of this machine's."
)
OPEN: Final = Gauge("ostiary_work_open", "Items of work that are not finished.", ["kind"])
DUE: Final = Gauge("ostiary_work_due", "Items that could be done now.", ["kind"])
OVERDUE: Final = Gauge("ostiary_work_overdue_seconds", "How long the first is due.", ["kind"])
DEAD: Final = Gauge("ostiary_work_dead", "Dead letters.", ["kind"])


class Measured:
    """Counts the requests that ``app`` answers."""

    def __init__(self, app: ASGI) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, and count it under what it was answered with."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began, status = time.perf_counter(), "500"  # of what raises, it is what is answered

        async def noting(message: Any) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = str(message["status"])
            await send(message)

        root, method = _root(scope["path"]), _method(scope["method"])
        with UNDER_WAY.track_inprogress():
            try:
                await self._app(scope, receive, noting)
            finally:
                REQUESTS.labels(root, method, status).inc()
                SECONDS.labels(root, method).observe(time.perf_counter() - began)


@dataclass(frozen=True, kw_only=True)
class Metrics:
    """Shows the numbers of this process, and those of the database."""

    database: Database
    clock: Clock
    worker: Worker
    patience: timedelta = timedelta(seconds=5)

    def app(self) -> ASGI:
        """Give the application that shows them."""
        return Starlette(routes=[Route(PATH, self._show, methods=["GET"])])

    async def _show(self, _: Request) -> Response:
        """GET /metrics: what is known in the database is left out while that does not answer."""
        INFO.labels(__version__, self.database.dialect).set(1)
        CONNECTIONS.set(self.database.lent)
        if isinstance(self.clock, CommonClock):
            CORRECTION.set(self.clock.ahead.total_seconds())
        await self._ask()
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)

    async def _ask(self) -> None:
        for gauge in (OPEN, DUE, OVERDUE, DEAD):
            gauge.clear()
        now = self.clock.now()
        try:
            async with asyncio.timeout(self.patience.total_seconds()):
                async with self.database.reading() as conn:
                    found = await backlogs(conn, self.worker.kinds, now=now)
        except Exception as error:
            REACHED.set(0)
            _log.info("metrics.incomplete", error=describe(error))
            return
        REACHED.set(1)
        for one in found:
            since = one.since or now
            OPEN.labels(one.kind).set(one.open)
            DUE.labels(one.kind).set(one.due)
            OVERDUE.labels(one.kind).set((now - since).total_seconds())
            DEAD.labels(one.kind).set(one.dead)


def _root(path: str) -> str:
    """Name the root of the API; whatever else is asked for is one, lest there be no end of them."""
    below = (version.value for version in Version if path.lower().startswith(f"/{version}"))
    return next(below, "other")


def _method(method: str) -> str:
    return method if method in _METHODS else "other"
