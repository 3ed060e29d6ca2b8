"""How callouts leave the server: what may be reached, with which proof, within which limits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from ostiary.durable.clock import Clock
from ostiary.extensions.caller import Caller
from ostiary.extensions.connection import Connection
from ostiary.extensions.egress import Allowance, EgressPolicy
from ostiary.extensions.limits import Limits
from ostiary.extensions.owners import Owners
from ostiary.extensions.plans import Addresses
from ostiary.extensions.published_keys import PublishedKeys
from ostiary.extensions.routes import PREFIX
from ostiary.extensions.signing import OutboundIssuer, Signer
from ostiary.extensions.work import CalloutWork
from ostiary.identity.catalogue import ENTITLEMENT_MANAGEMENT_APP_ID
from ostiary.identity.issuers import ConfigurationError
from ostiary.identity.key_files import load_or_make
from ostiary.identity.tls import trusting
from ostiary.server.terms import rate_of, terms_of
from ostiary.settings import ConnectivityTest, Settings
from ostiary.storage.database import Database


@dataclass(frozen=True, kw_only=True)
class Outbound:
    """The parts that the rest of the composition needs."""

    issuer: OutboundIssuer
    keys: PublishedKeys
    egress: EgressPolicy
    caller: Caller
    work: CalloutWork
    connection: Connection | None
    """What tries the endpoints of new extensions, where the settings want it."""


def compose(
    settings: Settings,
    *,
    database: Database,
    clock: Clock,
    owners: Owners,
    tenant_id: str,
    base_urls: Sequence[str],
    node: str,
) -> Outbound:
    """Put the parts together."""
    issuer = OutboundIssuer(
        load_or_make(settings.data_dir / "outbound-key.json"),
        issuer=base_urls[0] + PREFIX,
        tenant_id=tenant_id,
        resource_issuer=settings.resource_issuer,
    )
    egress = _egress(settings, base_urls)
    caller = _caller(settings, clock, issuer, egress)
    work = CalloutWork(
        database,
        clock,
        owners,
        caller,
        addresses=Addresses(
            base_url=base_urls[0], logic_app_template=settings.logic_app_url_template
        ),
        node=node,
        terms=terms_of(settings),
        rate=rate_of(settings),
        at_once=settings.callout_concurrency_per_extension,
    )
    return Outbound(
        issuer=issuer,
        keys=PublishedKeys(database, issuer),
        egress=egress,
        caller=caller,
        work=work,
        connection=_connection(settings, database, clock, caller),
    )


def _caller(
    settings: Settings, clock: Clock, issuer: OutboundIssuer, egress: EgressPolicy
) -> Caller:
    return Caller(
        clock=clock,
        signer=Signer(issuer),
        egress=egress,
        limits=Limits(
            overall=settings.callout_concurrency,
            per_extension=settings.callout_concurrency_per_extension,
        ),
        ca_files=_authorities(settings.trusted_certificates),
    )


def _connection(
    settings: Settings, database: Database, clock: Clock, caller: Caller
) -> Connection | None:
    if settings.connectivity_test is ConnectivityTest.OFF:
        return None
    return Connection(
        database,
        clock,
        caller,
        app_id=ENTITLEMENT_MANAGEMENT_APP_ID,
        template=settings.logic_app_url_template,
    )


def _egress(settings: Settings, base_urls: Sequence[str]) -> EgressPolicy:
    own = (urlsplit(url) for url in base_urls)
    return EgressPolicy(
        loopback=settings.loopback_targets,
        hosts=tuple(settings.egress_hosts),
        ports=frozenset(settings.egress_ports),
        allowances=tuple(_allowance(text) for text in settings.egress_allowances),
        own=frozenset((url.hostname or "", url.port or _default_port(url.scheme)) for url in own),
    )


def _allowance(text: str) -> Allowance:
    try:
        return Allowance.parse(text)
    except ValueError as error:
        raise ConfigurationError(
            f"OSTIARY_EGRESS_ALLOWANCES: '{text}' is no origin with its network ({error}); write "
            "it like http://runner:7071=172.16.0.0/12."
        ) from None


def _authorities(files: Sequence[Path]) -> tuple[Path, ...]:
    """Read what callouts trust once, so that a path that leads nowhere is known at the start."""
    for path in files:
        try:
            trusting((path,))
        except OSError as error:
            why = error.strerror or "it holds no certificate"
            raise ConfigurationError(
                f"OSTIARY_TRUSTED_CERTIFICATES: {path} is no PEM file with certificates: {why}."
            ) from None
    return tuple(files)


def _default_port(scheme: str) -> int:
    return 443 if scheme == "https" else 80
