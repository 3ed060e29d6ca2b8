"""What ``ostiary serve`` says when it listens: where it is, which aids are on, what to do next."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.metadata import version
from typing import Any

from rich.text import Text

from ostiary.cli.databases import database_name
from ostiary.cli.output import console
from ostiary.cli.running import Running
from ostiary.durable.clock import SimulatedClock
from ostiary.graph.values import write_instant
from ostiary.settings import ClockKind

_WIDTH = 10


def facts(running: Running) -> dict[str, Any]:
    """Give the facts as JSON values, for scripts that start a server."""
    server, settings = running.server, running.server.settings
    return {
        "url": running.url,
        "baseUrls": list(running.addresses.base_urls),
        "port": running.addresses.port,
        "tenantId": server.tenant_id,
        "dataDir": str(settings.data_dir.absolute()),
        "database": database_name(settings),
        "metrics": running.metrics_url,
        "clock": settings.clock.value,
        "worker": settings.worker,
        "certificateAuthority": running.certificate.authority if running.certificate else None,
        "developmentAids": [name for name, _ in _aids(running)],
    }


def show(running: Running) -> None:
    """Print the banner on standard output."""
    out = console()
    out.print(Text(f"\n  Ostiary {version('ostiary')}", style="bold").append(f"  {running.url}\n"))
    for name, value in _lines(running):
        out.print(Text(f"  {name:<{_WIDTH}} ", style="bold").append(value, style="not bold"))
    aids = [told for _, told in _aids(running)]
    if aids:
        out.print(Text("\n  FOR DEVELOPMENT ONLY", style="bold yellow"))
        for told in aids:
            out.print(Text(f"  · {told}", style="yellow"))
    out.print(Text("\n  Next", style="bold"))
    for line in _next(running):
        out.print(Text(f"    {line}"))
    out.print()


def _lines(running: Running) -> Iterator[tuple[str, str]]:
    server, settings = running.server, running.server.settings
    first = running.addresses.base_urls[0]
    yield "API", f"{first}/v1.0  and  {first}/beta"
    yield "Health", f"{running.url}/health/ready"
    if running.metrics_url is not None:
        yield "Metrics", running.metrics_url
    yield "Tenant", server.tenant_id
    yield "Database", database_name(settings)
    if running.certificate and running.certificate.authority:
        yield "Trust", f"{running.certificate.authority}  (ostiary tls ca)"
    if isinstance(server.clock, SimulatedClock):
        yield "Clock", f"simulated, stands at {write_instant(server.clock.now())}"
    yield "Worker", "in this process" if settings.worker else "elsewhere: run ostiary worker"


def _aids(running: Running) -> Iterator[tuple[str, str]]:
    server, settings = running.server, running.server.settings
    if server.issuer is not None:
        yield "issuer", "tokens for whoever can read the data directory or knows a client secret"
    if settings.loopback_targets:
        yield "loopbackTargets", "extensions may call this machine, over plain http too"
    if settings.clock is ClockKind.SIMULATED:
        yield "simulatedClock", "time stands still until somebody moves it"


def _next(running: Running) -> Iterator[str]:
    settings = running.server.settings
    place = "" if settings.data_dir.name == "ostiary-data" else f" --data-dir {settings.data_dir}"
    if running.server.issuer is not None:
        yield f"TOKEN=$(ostiary token --app my-script --role EntitlementManagement.Read.All{place})"
    else:
        yield "TOKEN=...    # of an issuer that this server trusts (OSTIARY_TRUSTED_ISSUERS)"
    trust = "" if running.certificate is None else f' --cacert "$(ostiary tls ca{place})"'
    path = "/v1.0/identityGovernance/entitlementManagement/catalogs"
    yield f'curl -H "Authorization: Bearer $TOKEN"{trust} {running.url}{path}'
    if settings.clock is ClockKind.SIMULATED:
        yield f"ostiary clock advance PT1H{place}"
    yield "Ctrl-C stops the server."
