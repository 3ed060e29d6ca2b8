"""Connected organisations: what one may be, and whose people are of it.

Somebody from elsewhere is a guest of the directory, known by the domain of their mail address. A
domain leads to an organisation by itself, or by the tenant that it belongs to, where the operator
has said which domains a tenant has. Accounts of social networks lead nowhere: there is nothing in
the directory to know them by.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from ostiary.directory.objects import Kind, Reference
from ostiary.entitlement import policies
from ostiary.entitlement.model.organizations import (
    AzureActiveDirectoryTenant,
    ConnectedOrganization,
    ConnectedOrganizationState,
    CrossCloudAzureActiveDirectoryTenant,
    DomainIdentitySource,
    ExternalDomainFederation,
    IdentitySource,
    SocialIdentitySource,
    SocialIdentitySourceType,
)
from ostiary.graph.errors import InvalidModel

GUEST: Final = "guest"
CLOUDS: Final = frozenset(
    {"microsoftonline.com", "microsoftonline.us", "partner.microsoftonline.cn"}
)
"""The clouds that the published schema knows."""

_DOMAIN: Final = re.compile(
    r"(?=.{1,253}\Z)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9-]{2,63}"
)
_MARK: Final = "#ext#"
_SOURCES: Final = "identitySources"


@dataclass(frozen=True, slots=True, kw_only=True)
class Affiliation:
    """Of which organisation somebody from elsewhere is."""

    organization_id: str
    is_configured: bool


def check(organization: ConnectedOrganization, *, own_domains: Collection[str]) -> None:
    """Check a new organisation.

    :raises InvalidModel: a name is missing, or there is not exactly one identity source that says
        where its people come from, and that is elsewhere.
    """
    policies.check_name(organization.display_name)
    if organization.state is ConnectedOrganizationState.UNKNOWN_FUTURE_VALUE:
        raise InvalidModel("'state' must be 'configured' or 'proposed'.", target="state")
    if len(organization.identity_sources) != 1:
        raise InvalidModel(
            f"'{_SOURCES}' must have exactly one element; it has "
            f"{len(organization.identity_sources)}.",
            target=_SOURCES,
        )
    _check_source(organization.identity_sources[0], f"{_SOURCES}/0", own_domains)


def keys_of(
    sources: Sequence[IdentitySource], tenant_domains: Mapping[str, Collection[str]]
) -> set[str]:
    """Give all by which the people of an organisation are known."""
    keys: set[str] = set()
    for source in sources:
        match source:
            case DomainIdentitySource() | ExternalDomainFederation():
                keys.add(domain_key(source.domain_name or ""))
            case AzureActiveDirectoryTenant() | CrossCloudAzureActiveDirectoryTenant():
                tenant = (source.tenant_id or "").lower()
                keys.add(f"tenant:{tenant}")
                keys |= {domain_key(domain) for domain in tenant_domains.get(tenant, ())}
            case SocialIdentitySource():
                keys.add(f"social:{source.social_identity_source_type.value}")
    return keys


def domain_key(domain: str) -> str:
    """Give the key by which the people of a domain are known."""
    return f"domain:{domain.strip().lower()}"


def is_from_elsewhere(known: Reference) -> bool:
    """Say whether somebody is a guest."""
    return known.kind is Kind.USER and (known.user_type or "").lower() == GUEST


def domain_of(known: Reference) -> str | None:
    """Give the domain that somebody from elsewhere comes from; None for one's own people."""
    if not is_from_elsewhere(known):
        return None
    return domain_in(known.mail) or _domain_in_name(known.user_principal_name or "")


def domain_in(address: str | None) -> str | None:
    """Give the domain of a mail address."""
    name, at, domain = (address or "").strip().lower().rpartition("@")
    return domain if name and at and domain else None


def _domain_in_name(principal_name: str) -> str | None:
    """Read ``ann_fabrikam.com#EXT#@contoso.com``: the last underscore stands for the at sign."""
    foreign, mark, _ = principal_name.lower().partition(_MARK)
    name, underscore, domain = foreign.rpartition("_")
    return domain if mark and name and underscore and _DOMAIN.fullmatch(domain) else None


def _check_source(source: IdentitySource, path: str, own_domains: Collection[str]) -> None:
    match source:
        case DomainIdentitySource() | ExternalDomainFederation():
            _check_domain(source.domain_name, f"{path}/domainName", own_domains)
        case AzureActiveDirectoryTenant():
            _check_tenant(source.tenant_id, f"{path}/tenantId")
        case CrossCloudAzureActiveDirectoryTenant():
            _check_tenant(source.tenant_id, f"{path}/tenantId")
            if source.cloud_instance.lower() not in CLOUDS:
                here = f"{path}/cloudInstance"
                raise InvalidModel(
                    f"'{here}' must be one of {', '.join(sorted(CLOUDS))}.", target=here
                )
        case SocialIdentitySource():
            if source.social_identity_source_type is SocialIdentitySourceType.UNKNOWN_FUTURE_VALUE:
                here = f"{path}/socialIdentitySourceType"
                raise InvalidModel(f"'{here}' must be 'facebook'.", target=here)
        case _:
            here = f"{path}/@odata.type"
            raise InvalidModel(f"'{here}' is required here.", target=here)


def _check_domain(domain: str | None, path: str, own_domains: Collection[str]) -> None:
    name = (domain or "").strip().lower()
    if not _DOMAIN.fullmatch(name):
        raise InvalidModel(f"'{path}' must be a domain such as 'fabrikam.com'.", target=path)
    if name in {own.lower() for own in own_domains}:
        raise InvalidModel(
            f"'{path}' is '{name}', a domain of this organisation itself.", target=path
        )


def _check_tenant(tenant: str | None, path: str) -> None:
    try:
        UUID((tenant or "").strip())
    except ValueError:
        raise InvalidModel(f"'{path}' must be the GUID of a tenant.", target=path) from None
