"""The development issuer of an open deployment, for commands that need a token."""

from __future__ import annotations

from ostiary.cli.problems import Failed
from ostiary.identity.issuer import DevelopmentIssuer
from ostiary.server.deployment import Deployment
from ostiary.server.issuing import KEY_NAME, issuer_of


def issuer(deployment: Deployment) -> DevelopmentIssuer:
    """Give the issuer.

    :raises Failed: it is off here, or its key is elsewhere.
    """
    settings = deployment.settings
    if settings.database_url is not None and not (settings.data_dir / KEY_NAME).exists():
        raise Failed(
            f"The key of the development issuer is not in {settings.data_dir}: name the data "
            "directory of the server with --data-dir."
        )
    found = issuer_of(settings, tenant_id=deployment.tenant_id, base_urls=deployment.base_urls)
    if found is None:
        raise Failed(
            "The development issuer is off here (it is on by default only where the server listens "
            f"on loopback; the host is {settings.host}). Get a token of an issuer that "
            "the server trusts, or set OSTIARY_DEVELOPMENT_ISSUER=true on loopback."
        )
    return found
