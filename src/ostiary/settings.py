"""Every setting, documented where it is declared.

Each is read once at start: from the command line, else from the environment (``OSTIARY_`` and the
name in capitals), else the default below. Lists and mappings are written as JSON.
"""

from __future__ import annotations

import ipaddress
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Final
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from ostiary import setting_values as values

EMBEDDED: Final = "ostiary.db"
"""The file of the embedded database in the data directory."""


class ClockKind(StrEnum):
    """Where the server's time comes from."""

    REAL = "real"
    """The machine's clock."""

    SIMULATED = "simulated"
    """An instant in the database that stands still until it is moved. For development."""


class LogFormat(StrEnum):
    """How log lines look."""

    CONSOLE = "console"
    """For people at a terminal."""

    JSON = "json"
    """One JSON object a line, for collectors."""


class GrantCallout(StrEnum):
    """When the granted stage calls out."""

    BEFORE = "before"
    """Before the roles are written: a ticket can hold the delivery back."""

    AFTER = "after"
    """After the roles are written; the request completes when the callout does."""


class ConnectivityTest(StrEnum):
    """Whether the endpoint of a new extension of a catalog is called once to try it."""

    OFF = "off"
    """It is not."""

    REPORT = "report"
    """It is, and the audit log tells how that went."""

    STRICT = "strict"
    """It is, and an extension whose endpoint does not take the call is refused."""


class Settings(BaseSettings):
    """What an operator can set."""

    model_config = SettingsConfigDict(env_prefix="OSTIARY_", extra="forbid", frozen=True)

    host: str = "127.0.0.1"
    """The address to listen on. Anything but loopback switches the development aids off."""

    port: Annotated[int, Field(ge=0, le=65535)] = 8080
    """The port to listen on; 0 picks a free one."""

    public_url: values.Origin | None = None
    """The URL under which clients reach the server, such as ``https://governance.example.org``.
    It builds every link and names the audience of tokens. Unset: what each request says."""

    data_dir: Path = Path("ostiary-data")
    """Where the embedded database, keys and certificates are kept; made when it is missing."""

    database_url: values.DatabaseURL | None = None
    """``postgresql://user:password@host/name`` or ``sqlite:///path``. Unset: SQLite in data_dir."""

    clock: ClockKind = ClockKind.REAL
    """``simulated`` keeps the time in the database and lets you move it; loopback only."""

    clock_start: values.Instant | None = None
    """Where a simulated clock begins on a new database: an instant such as
    ``2026-01-05T09:00:00Z``. Unset: the present."""

    tls: bool = False
    """Serve HTTPS with a certificate from a local authority kept in data_dir."""

    tls_certificate: Path | None = None
    """A certificate chain of your own (PEM), instead of the local authority's."""

    tls_key: Path | None = None
    """The private key of tls_certificate (PEM)."""

    tenant_id: values.Guid | None = None
    """The tenant's GUID. Unset: one is made with the database and kept there."""

    organization: str = "Ostiary"
    """The display name of the organisation."""

    domains: values.Domains = ["ostiary.local"]
    """The organisation's domains; the first is the default for new people."""

    own_domains_only: bool = False
    """Refuse users whose userPrincipalName is in none of ``domains``, as Graph does."""

    tenant_domains: dict[values.Guid, list[values.Domain]] = {}
    """The domains of other tenants, by tenant id: how a connected organization that is named by its
    tenant recognises its people. ``{"<tenant id>": ["fabrikam.com"]}``."""

    worker: bool = True
    """Run the worker beside the API. Off where ``ostiary worker`` runs in its own process."""

    node: str | None = None
    """The name of this node in leases; a restarted node takes its own work back at once.
    Unset: the machine's name, the address and the port."""

    development_issuer: bool | None = None
    """The embedded token issuer. Unset: on when the server listens on loopback, else off."""

    development_issuer_anywhere: bool = False
    """Allow the development issuer on an address that others can reach. Never in production."""

    trusted_issuers: list[dict[str, Any]] = []
    """Token issuers to trust: objects with ``issuer``, ``audiences``, ``tenant`` and the further
    members that the manual's page on tokens lists."""

    allow_loopback_targets: bool | None = None
    """Let extensions call loopback addresses, over http too. Unset: as the server listens."""

    egress_hosts: list[values.HostPattern] = []
    """Hosts that extensions may call (exact or ``*.suffix``). Empty: every public address."""

    egress_allowances: list[str] = []
    """Private targets that extensions may call all the same, each an origin and the network that
    it must resolve to: ``http://runner:7071=172.16.0.0/12``."""

    egress_ports: list[values.Port] = [443, 8443]
    """Ports that extensions may call; loopback targets may use any."""

    logic_app_url_template: values.LogicAppTemplate | None = None
    """The URL of a Logic App that nothing else resolves, with ``{subscriptionId}``,
    ``{resourceGroupName}`` and ``{logicAppWorkflowName}``."""

    refuse_unresolved_logic_apps: bool = False
    """Refuse to create an extension whose Logic App resolves to no URL."""

    connectivity_test: ConnectivityTest = ConnectivityTest.REPORT
    """Whether the endpoint of a new extension of a catalog is called once to try it: ``off``,
    ``report``, or ``strict``, which refuses an extension whose endpoint does not take the call."""

    resource_issuer: str | None = None
    """The ``iss`` of tokens for Logic Apps, as their policies check it. Unset:
    ``https://sts.windows.net/`` and the tenant's id."""

    task_providers: dict[str, str] = {}
    """Tasks of systems that are not here, such as Teams: the id of the custom task extension that
    carries a task out, by the id of its task definition."""

    trusted_certificates: list[Path] = []
    """Further certificate authorities (PEM files) that callouts trust."""

    resource_providers: dict[str, Any] = {}
    """Origin systems elsewhere whose resources catalogs may hand out: by name a URL, or an object
    with ``url`` and the further members that the manual's page on resource providers lists."""

    callout_concurrency: Annotated[int, Field(ge=1, le=1000)] = 64
    """How many callouts a node has on the wire at once."""

    callout_concurrency_per_extension: Annotated[int, Field(ge=1, le=1000)] = 16
    """How many of them may go to one extension."""

    callout_rate_per_extension: values.Rate = 0
    """How many calls a second a node begins to one extension, retries included, such as ``5``, or
    ``0.5`` for one in two seconds. 0: no limit. Each node has its own, so the endpoint sees at most
    as many as all of them together."""

    callout_failures: Annotated[int, Field(ge=0, le=1000)] = 5
    """After how many calls in a row that fail an extension is left alone for a while; its callouts
    wait meanwhile, and one call at a time tries again. 0: never."""

    callout_patience: Annotated[values.Duration, Field(ge=timedelta(), le=timedelta(days=1))] = (
        timedelta(minutes=3)
    )
    """How long a callout waits at most for an extension that is left alone, or that has asked for
    a pause; then it is called all the same. Longer bridges longer outages."""

    grant_callout: GrantCallout = GrantCallout.AFTER
    """Whether the granted stage calls out before or after the roles are written."""

    smtp_url: SecretStr | None = None
    """The mail server: ``smtp://``, ``smtps://`` or ``starttls://`` with host and port, and with
    user and password where it asks for them. Unset: mails are recorded, and none is sent."""

    smtp_password_file: Path | None = None
    """A file with the password of the mail server, instead of one in the URL."""

    mail_from: str | None = None
    """The sender of mails: ``Name <name@example.org>``. Unset: ``no-reply@`` and the first
    domain, named as the organisation."""

    mail_language: str = "en"
    """The language of mails to people whose own language is not known, or has no template."""

    mail_time_zone: values.TimeZone = "UTC"
    """The time zone of days and times in mails, such as ``Europe/Berlin``."""

    mail_templates: Path | None = None
    """A folder of templates that take the place of those of the same name."""

    mail_logo_url: values.WebAddress | None = None
    """The address of the organisation's logo, shown in mails."""

    mail_color: values.Color = "#1f4e79"
    """The accent colour of mails."""

    mail_portal_url: values.WebAddress | None = None
    """The page on which people see their requests and approvals. Unset: mails link nowhere."""

    mail_retention: values.Retention = timedelta(days=90)
    """How long mails are kept once they came to their end; zero: for ever."""

    request_retention: values.Retention = timedelta(days=365)
    """How long finished requests are kept with their callouts; zero: for ever. A request that
    somebody's access rests on is kept as long as they have it."""

    run_retention: values.Retention = timedelta(days=365)
    """How long runs of workflows are kept after their end, with their results and callouts; zero:
    for ever."""

    audit_retention: values.Retention = timedelta()
    """How long audit records are kept; zero: for ever."""

    archive_dir: Path | None = None
    """A folder into which all of that is written before it is deleted. Unset: it is deleted."""

    drain: Annotated[values.Duration, Field(ge=timedelta(), le=timedelta(minutes=5))] = timedelta()
    """How long a server that is asked to stop goes on answering while its readiness says no, so
    that a load balancer can turn to others first."""

    metrics_port: Annotated[int, Field(ge=0, le=65535)] | None = None
    """The port on which ``/metrics`` is shown to Prometheus; 0 picks a free one. Unset: nowhere."""

    metrics_host: str = "127.0.0.1"
    """The address of that port. Whoever reaches it needs no token."""

    worker_poll: values.Poll = timedelta(seconds=2)
    """How long a worker sleeps when nothing wakes it."""

    worker_lease: Annotated[values.Duration, Field(ge=timedelta(seconds=3))] = timedelta(minutes=2)
    """How long a node may be silent before another takes over the calls that it was making."""

    delta_retention: Annotated[values.Duration, Field(ge=timedelta(hours=1))] = timedelta(days=30)
    """How long changes of the directory are kept for delta queries; an older token is answered
    with 410, and its reader begins anew."""

    max_body: Annotated[int, Field(ge=1024)] = 1024 * 1024
    """The largest request body in bytes."""

    max_requests: Annotated[int, Field(ge=4)] = 2_000
    """How many requests a process works on at a time; more are answered with 503 and
    ``Retry-After``. At most half of them may wait for a commit of the same sort."""

    answer_within: Annotated[values.Duration, Field(ge=timedelta(seconds=1))] = timedelta(minutes=1)
    """After how long a caller is told with 504 that the request is still worked on."""

    throttle_reads: Annotated[int, Field(ge=0)] = 0
    """Reads that one application may make within ten seconds; 0: no limit."""

    throttle_writes: Annotated[int, Field(ge=0)] = 0
    """Writes that one application may make within ten seconds; 0: no limit."""

    cors_origins: list[values.PageOrigin] = []
    """Origins whose pages may call the API from a browser; ``["*"]`` for all. Empty: none."""

    log_format: LogFormat | None = None
    """Unset: ``console`` on a terminal, else ``json``."""

    log_level: str = "info"
    """The least level that is logged: debug, info, warning or error."""

    @model_validator(mode="after")
    def _certificate_has_a_key(self) -> Settings:
        """One without the other serves nothing, and would be ignored."""
        if (self.tls_certificate is None) != (self.tls_key is None):
            missing = "TLS_KEY" if self.tls_key is None else "TLS_CERTIFICATE"
            raise ValueError(f"OSTIARY_{missing} is missing: a certificate goes with its key")
        return self

    @model_validator(mode="after")
    def _development_stays_at_home(self) -> Settings:
        """Development aids on a reachable address are a mistake until said twice."""
        if self.clock is ClockKind.SIMULATED and not self.on_loopback:
            raise ValueError(
                "the simulated clock is for development: it needs a loopback host, not "
                f"{self.exposed_host}"
            )
        if self.development_issuer and not (self.on_loopback or self.development_issuer_anywhere):
            raise ValueError(
                "the development issuer hands out tokens to whoever asks: on "
                f"{self.exposed_host} it also "
                "needs OSTIARY_DEVELOPMENT_ISSUER_ANYWHERE=true, and never in production"
            )
        return self

    @property
    def max_waiting(self) -> int:
        """How many requests may wait for their commit, so that others can still be answered."""
        return self.max_requests // 2

    @property
    def domains_of_tenants(self) -> dict[str, list[str]]:
        """The domains of other tenants, with the ids in lower case."""
        return {tenant.lower(): domains for tenant, domains in self.tenant_domains.items()}

    @property
    def exposed_host(self) -> str:
        """The address that others can reach, where there is one."""
        return self.host if not is_loopback(self.host) else self.reachable_as

    @property
    def reachable_as(self) -> str:
        """The host under which clients reach the server: a proxy's, where one stands before it."""
        return (urlsplit(self.public_url).hostname or "") if self.public_url else self.host

    @property
    def on_loopback(self) -> bool:
        """Whether only this machine can reach the server, directly or through a proxy."""
        return is_loopback(self.host) and is_loopback(self.reachable_as)

    @property
    def database(self) -> str:
        """The URL of the database in force."""
        return self.database_url or f"sqlite:///{(self.data_dir / EMBEDDED).absolute()}"

    @property
    def issues_tokens(self) -> bool:
        """Whether the development issuer runs."""
        return self.on_loopback if self.development_issuer is None else self.development_issuer

    @property
    def loopback_targets(self) -> bool:
        """Whether extensions may call this machine."""
        chosen = self.allow_loopback_targets
        return self.on_loopback if chosen is None else chosen


def is_loopback(host: str) -> bool:
    """Say whether only this machine can reach a server that listens on ``host``."""
    name = host.strip().strip("[]").rstrip(".").lower()
    if name == "localhost":
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False
