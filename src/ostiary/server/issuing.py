"""The development issuer of a deployment, where it may run."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import structlog

from ostiary.identity.development import Standing, decide
from ostiary.identity.issuer import DevelopmentIssuer
from ostiary.identity.issuers import ConfigurationError
from ostiary.identity.key_files import load_or_make
from ostiary.settings import Settings

log = structlog.get_logger(__name__)

KEY_NAME: Final = "issuer-key.json"


def issuer_of(
    settings: Settings, *, tenant_id: str, base_urls: Sequence[str]
) -> DevelopmentIssuer | None:
    """Give the development issuer of these settings; None where it is off.

    :raises ConfigurationError: it was asked for where it must not run.
    """
    decision = decide(
        settings.host if settings.on_loopback else settings.exposed_host,
        wanted=settings.development_issuer,
        anywhere=settings.development_issuer_anywhere,
    )
    if decision.standing is Standing.REFUSED:
        raise ConfigurationError(decision.reason)
    if decision.standing is Standing.OFF:
        log.info("development_issuer.off", why=decision.reason)
        return None
    log.warning("development_issuer.on", why=decision.reason)
    return development_issuer(settings.data_dir, tenant_id=tenant_id, base_urls=base_urls)


def development_issuer(
    data_dir: Path, *, tenant_id: str, base_urls: Sequence[str]
) -> DevelopmentIssuer:
    """Give the embedded issuer with the key of this data directory, made when it is missing."""
    return DevelopmentIssuer(
        load_or_make(data_dir / KEY_NAME), tenant_id=tenant_id, base_urls=base_urls
    )
