"""The listener for Prometheus, beside a server or a worker, where one was asked for."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from ostiary.cli.addresses import bound_at, released, url_of
from ostiary.cli.listening import Listener, listening, quiet
from ostiary.server.metrics import PATH, Metrics
from ostiary.settings import Settings


@asynccontextmanager
async def watched(settings: Settings, metrics: Metrics) -> AsyncIterator[str | None]:
    """Show the metrics while the block runs; give their URL, or None where nobody wants them.

    :raises Failed: the address cannot be listened on.
    """
    if settings.metrics_port is None:
        yield None
        return
    host = settings.metrics_host
    names = "OSTIARY_METRICS_HOST", "OSTIARY_METRICS_PORT"
    sockets = bound_at(host, settings.metrics_port, chosen_by=names)
    with released(sockets):
        async with listening(Listener(quiet(metrics.app(), patience=1)), sockets):
            yield url_of("http", host.strip("[]"), sockets[0].getsockname()[1]) + PATH
