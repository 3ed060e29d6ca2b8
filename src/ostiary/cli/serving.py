"""``ostiary serve`` and ``ostiary worker``: run until stopped."""

from __future__ import annotations

import asyncio
import os
import socket
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from ostiary.cli import banner, logs
from ostiary.cli.databases import database_name
from ostiary.cli.listening import until
from ostiary.cli.memory import with_remembered_clock
from ostiary.cli.opening import base_urls, broken_off_by_signals, on_signal, prepare, run
from ostiary.cli.options import HERE, ClockOption, Place
from ostiary.cli.output import note, print_json
from ostiary.cli.problems import Failed
from ostiary.cli.running import running, working
from ostiary.cli.watching import watched
from ostiary.server import composition
from ostiary.server.composition import Server
from ostiary.settings import ClockKind, Settings

_SERVE_EXAMPLES = """
Examples:

  ostiary serve
      http://127.0.0.1:8080, with an embedded database in ./ostiary-data
  ostiary serve --clock simulated
      time stands still until: ostiary clock advance PT1H
  ostiary serve --tls --port 8443
      https for credential classes, with a local authority (ostiary tls ca)
  ostiary serve --host 0.0.0.0 --database-url postgresql://ostiary@db/ostiary
      reachable by others: the development aids are off

Every setting is also an environment variable (OSTIARY_PORT, ...).
"""
_WORKER_EXAMPLES = """
Examples:

  export OSTIARY_DATABASE_URL=postgresql://ostiary@db/ostiary
  ostiary serve --no-worker
  ostiary worker --node worker-1
      the API and the worker in processes of their own, as many as needed
"""

serve_app = App(name="serve", help_epilogue=_SERVE_EXAMPLES)
worker_app = App(name="worker", help_epilogue=_WORKER_EXAMPLES)


@serve_app.default
def serve(
    *,
    host: Annotated[
        str | None, Parameter(env_var="OSTIARY_HOST", help="The address to listen on (127.0.0.1).")
    ] = None,
    port: Annotated[
        int | None,
        Parameter(env_var="OSTIARY_PORT", help="The port to listen on (8080); 0 picks a free one."),
    ] = None,
    tls: Annotated[
        bool | None,
        Parameter(
            negative="",
            env_var="OSTIARY_TLS",
            help="Serve HTTPS with a certificate of a local authority.",
        ),
    ] = None,
    tls_certificate: Annotated[
        Path | None,
        Parameter(env_var="OSTIARY_TLS_CERTIFICATE", help="A certificate chain of your own."),
    ] = None,
    tls_key: Annotated[
        Path | None, Parameter(env_var="OSTIARY_TLS_KEY", help="Its private key.")
    ] = None,
    clock: ClockOption = None,
    worker: Annotated[
        bool | None,
        Parameter(env_var="OSTIARY_WORKER", help="Run the worker in this process too (it does)."),
    ] = None,
    place: Place = HERE,
) -> None:
    """Run the server: the API and the worker, in one process.

    It makes what it needs, the database and its tables included, prints where it is and runs until
    Ctrl-C or SIGTERM. Then open requests are answered and running work is finished.
    """
    settings = place.settings(
        host=host,
        port=port,
        tls=tls,
        tls_certificate=tls_certificate,
        tls_key=tls_key,
        clock=clock,
        worker=worker,
    )
    logs.configure(settings)
    run(_serve(settings, as_json=place.as_json))


@worker_app.default
def worker(
    *,
    node: Annotated[
        str | None,
        Parameter(
            env_var="OSTIARY_NODE",
            help="A name that no other running node has; with it a restarted worker takes its own "
            "work back at once.",
        ),
    ] = None,
    place: Place = HERE,
) -> None:
    """Run a worker without the API, beside servers on the same database.

    It sends callouts, ends waits whose time is up and moves requests and workflows on.
    """
    settings = place.settings(node=node)
    if settings.node is None:
        settings = settings.model_copy(update={"node": _own_node()})
    logs.configure(settings)
    run(_work(settings, as_json=place.as_json))


async def _serve(settings: Settings, *, as_json: bool) -> None:
    with broken_off_by_signals():
        async with running(settings) as server:
            on_signal(server.stop)
            if as_json:
                print_json(banner.facts(server))
            else:
                banner.show(server)
            await server.ended()
    note("Stopped.")


async def _work(settings: Settings, *, as_json: bool) -> None:
    prepare(settings, make=True)
    if (await with_remembered_clock(settings)).clock is ClockKind.SIMULATED:
        raise Failed(
            "The server of this database has a simulated clock, which only its own process moves: "
            "run the worker there too (ostiary serve without --no-worker)."
        )
    with broken_off_by_signals():
        async with composition.opened(settings, base_urls=base_urls(settings)) as server:
            await _work_until_stopped(server, as_json=as_json)
    note("Stopped.")


async def _work_until_stopped(server: Server, *, as_json: bool) -> None:
    settings, stopped = server.settings, asyncio.Event()
    async with (
        server.keys.noted(),
        watched(settings, server.metrics) as metrics_url,
        working(server.worker) as task,
    ):
        on_signal(stopped.set)
        where = database_name(settings)
        if as_json:
            print_json({"node": settings.node, "database": where, "metrics": metrics_url})
        else:
            note(f"The worker {settings.node} runs on {where}. Ctrl-C stops it.")
            if metrics_url:
                note(f"Metrics are at {metrics_url}.")
        await until(stopped, task)
    task.result()


def _own_node() -> str:
    """Name this process, so that several workers of a machine keep apart without being told."""
    return f"{socket.gethostname()}-worker-{os.getpid()}"
