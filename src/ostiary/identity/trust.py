"""Whom the server trusts, from its settings: every issuer with the source of its keys."""

from __future__ import annotations

from collections.abc import Sequence

import aiohttp

from ostiary.identity.issuer import DevelopmentIssuer
from ostiary.identity.issuers import IssuerSettings, TrustedIssuer, check, trusted
from ostiary.identity.keysets import FixedKeys, KeySource, RemoteKeys


def trusts(
    configured: Sequence[IssuerSettings],
    *,
    http: aiohttp.ClientSession,
    embedded: DevelopmentIssuer | None = None,
    development: bool = False,
) -> list[tuple[TrustedIssuer, KeySource]]:
    """Give what ``TokenValidator`` is made of.

    ``embedded`` is the development issuer when it runs. ``development`` allows http for issuers on
    loopback.

    :raises ConfigurationError: an issuer is unsafe or contradicts itself.
    """
    own = embedded.trusted() if embedded else ()
    others = [issuer for settings in configured for issuer in trusted(settings)]
    check([*own, *others], development=development)
    found: list[tuple[TrustedIssuer, KeySource]] = [
        (issuer, RemoteKeys(issuer, http, development=development)) for issuer in others
    ]
    if embedded:
        found += [(issuer, FixedKeys(embedded.verification_key)) for issuer in own]
    return found
