"""Who is believed: the development issuer where it may run, and the issuers of the operator."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

import aiohttp
import msgspec

from ostiary.identity.authenticator import Authenticator, Challenge
from ostiary.identity.issuer import DevelopmentIssuer
from ostiary.identity.issuers import (
    ConfigurationError,
    IssuerSettings,
    TrustedIssuer,
    check,
    trusted,
)
from ostiary.identity.keysets import FixedKeys, KeySource, RemoteKeys
from ostiary.identity.tokens import TokenValidator
from ostiary.server.issuing import issuer_of
from ostiary.settings import Settings


@dataclass(frozen=True, kw_only=True)
class Identity:
    """The authenticator, and the development issuer while it runs."""

    authenticator: Authenticator
    issuer: DevelopmentIssuer | None


def compose(
    settings: Settings,
    *,
    tenant_id: str,
    base_urls: Sequence[str],
    http: aiohttp.ClientSession,
    now: Callable[[], datetime],
) -> Identity:
    """Put the parts together.

    :raises ConfigurationError: an issuer may not run here, or its configuration is unsafe.
    """
    issuer = issuer_of(settings, tenant_id=tenant_id, base_urls=base_urls)
    configured = [t for raw in settings.trusted_issuers for t in trusted(issuer_settings(raw))]
    believed = [*(issuer.trusted() if issuer else ()), *configured]
    check(believed, development=settings.on_loopback)
    sources: list[tuple[TrustedIssuer, KeySource]] = []
    if issuer is not None:
        own = FixedKeys(issuer.verification_key)
        sources += [(one, own) for one in issuer.trusted()]
    sources += [(t, RemoteKeys(t, http, development=settings.on_loopback)) for t in configured]
    challenge = Challenge(
        authorization_uri=f"{base_urls[0]}/{tenant_id}/oauth2/v2.0/authorize"
        if base_urls
        else f"https://ostiary.localhost/{tenant_id}/oauth2/v2.0/authorize"
    )
    return Identity(
        authenticator=Authenticator(TokenValidator(sources), now=now, challenge=challenge),
        issuer=issuer,
    )


def issuer_settings(raw: dict[str, Any]) -> IssuerSettings:
    """Read one configured issuer.

    :raises ConfigurationError: a member is unknown or one that is needed is missing.
    """
    known = {field.name for field in fields(IssuerSettings)}
    unknown = set(raw) - known
    if unknown:
        raise ConfigurationError(
            f"A trusted issuer has no member '{min(unknown)}'; it may have {sorted(known)}."
        )
    named = {"name": raw.get("issuer", ""), **raw}
    try:
        return msgspec.convert(named, type=IssuerSettings)
    except msgspec.ValidationError as error:
        raise ConfigurationError(f"A trusted issuer cannot be read: {error}.") from None
