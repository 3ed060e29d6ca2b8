"""Which proof a call carries: decided by the extension's configuration and its URL."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ostiary.extensions.endpoints import is_signed, logic_app
from ostiary.extensions.model import (
    AzureAdTokenAuthentication,
    CustomExtensionAuthenticationConfiguration,
    CustomExtensionEndpointConfiguration,
)

Profile = Literal["request", "resource", "bearer", "url"]
"""Bound to this call, bound to the Logic App's management resource, not bound at all, or none: the
URL has a signature of its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Credential:
    """What a call must carry: which kind of proof, for whom, in whose name."""

    profile: Profile
    audience: str | None = None
    """``resourceId`` of the configuration; none: the default of the profile."""
    resource_id: str | None = None
    """The Logic App's resource, in the ``resource`` profile."""
    app_id: str


def credential(
    endpoint: CustomExtensionEndpointConfiguration,
    authentication: CustomExtensionAuthenticationConfiguration,
    *,
    url: str,
    app_id: str,
) -> Credential:
    """Choose the proof: bearer where it is asked for, else one bound as the endpoint checks it.

    A URL that Azure has signed is all that a call to it may carry: a Logic App refuses calls with
    both a shared access signature and an authorization header.
    """
    if is_signed(url):
        return Credential(profile="url", app_id=app_id)
    if isinstance(authentication, AzureAdTokenAuthentication):
        return Credential(profile="bearer", audience=authentication.resource_id, app_id=app_id)
    named = logic_app(endpoint)
    if named is not None:
        return Credential(profile="resource", resource_id=named.resource_id, app_id=app_id)
    return Credential(profile="request", app_id=app_id)
