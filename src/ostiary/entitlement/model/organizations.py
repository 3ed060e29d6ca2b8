"""Connected organisations: whose people may ask for access, and who answers for them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, ClassVar

from msgspec import field

from ostiary.directory.model import DirectoryObject
from ostiary.graph.types import (
    UNSET,
    BetaOnly,
    Complex,
    EdmEnum,
    Entity,
    Nav,
    ReadOnly,
    UnsetType,
)


class ConnectedOrganizationState(EdmEnum):
    """Whether an organisation was set up, or turned up with somebody who asked."""

    CONFIGURED = "configured", 0
    PROPOSED = "proposed", 1
    UNKNOWN_FUTURE_VALUE = "unknownFutureValue", 2


class SocialIdentitySourceType(EdmEnum):
    """A network whose accounts people use."""

    FACEBOOK = "facebook", 1
    UNKNOWN_FUTURE_VALUE = "unknownFutureValue", 2


class IdentitySource(Complex, kw_only=True):
    """Where the people of an organisation have their accounts."""

    ABSTRACT: ClassVar[bool] = True


class AzureActiveDirectoryTenant(IdentitySource, kw_only=True):
    """Another tenant."""

    display_name: str | None = None
    tenant_id: str | None = None


class CrossCloudAzureActiveDirectoryTenant(IdentitySource, kw_only=True):
    """A tenant in another cloud."""

    cloud_instance: str
    display_name: str | None = None
    tenant_id: str | None = None


class DomainIdentitySource(IdentitySource, kw_only=True):
    """A domain of mail addresses."""

    display_name: str | None = None
    domain_name: str | None = None


class ExternalDomainFederation(IdentitySource, kw_only=True):
    """A domain whose people sign in at an issuer of their own."""

    display_name: str | None = None
    domain_name: str | None = None
    issuer_uri: str | None = None


class SocialIdentitySource(IdentitySource, kw_only=True):
    """A social network."""

    display_name: str | None = None
    social_identity_source_type: SocialIdentitySourceType


class ConnectedOrganization(Entity, kw_only=True):
    """An organisation whose people may be let in."""

    created_date_time: Annotated[datetime | None, ReadOnly] = None
    description: str | None = None
    display_name: str
    identity_sources: list[IdentitySource] = field(default_factory=list)
    modified_date_time: Annotated[datetime | None, ReadOnly] = None
    state: ConnectedOrganizationState = ConnectedOrganizationState.CONFIGURED
    created_by: Annotated[str | None, BetaOnly, ReadOnly] = None
    modified_by: Annotated[str | None, BetaOnly, ReadOnly] = None
    external_sponsors: Annotated[list[DirectoryObject] | UnsetType, Nav()] = UNSET
    internal_sponsors: Annotated[list[DirectoryObject] | UnsetType, Nav()] = UNSET
