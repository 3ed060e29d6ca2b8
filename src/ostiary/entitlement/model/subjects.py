"""People and sets of people, as policies and approvals name them.

Beta names the members of a set by a plain ``id`` and marks fallback approvers with ``isBackup``;
both spellings are read under both roots.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, ClassVar

from ostiary.entitlement.model.enums import AccessPackageSubjectLifecycle, AccessPackageSubjectType
from ostiary.entitlement.model.organizations import ConnectedOrganization
from ostiary.graph.types import (
    UNSET,
    Beta,
    BetaOnly,
    Complex,
    Entity,
    Nav,
    ReadOnly,
    UnsetType,
)


class SubjectSet(Complex, kw_only=True):
    """Somebody, or a set of people, that a policy names."""

    ABSTRACT: ClassVar[bool] = True
    BETA_NAME: ClassVar[str] = "userSet"

    is_backup: Annotated[bool | None, BetaOnly] = None


class SingleUser(SubjectSet, kw_only=True):
    """One user."""

    description: str | None = None
    user_id: Annotated[str | None, Beta("id")] = None


class GroupMembers(SubjectSet, kw_only=True):
    """The members of a group."""

    description: str | None = None
    group_id: Annotated[str | None, Beta("id")] = None


class RequestorManager(SubjectSet, kw_only=True):
    """The manager of whoever asks, or the manager's manager."""

    manager_level: int | None = None


class TargetManager(SubjectSet, kw_only=True):
    """The manager of whoever is to get the access, up to four levels."""

    manager_level: int | None = None


class InternalSponsors(SubjectSet, kw_only=True):
    """The internal sponsors of the requestor's connected organisation."""


class ExternalSponsors(SubjectSet, kw_only=True):
    """The external sponsors of the requestor's connected organisation."""


class TargetUserSponsors(SubjectSet, kw_only=True):
    """The sponsors of whoever is to get the access."""


class ConnectedOrganizationMembers(SubjectSet, kw_only=True):
    """The people of a connected organisation."""

    connected_organization_id: Annotated[str | None, Beta("id")] = None
    description: str | None = None


class SingleServicePrincipal(SubjectSet, kw_only=True):
    """One service principal."""

    description: str | None = None
    service_principal_id: str | None = None


class AttributeRuleMembers(SubjectSet, kw_only=True):
    """The people for whom a rule over their attributes is true."""

    description: str | None = None
    membership_rule: str | None = None


class TargetApplicationOwners(SubjectSet, kw_only=True):
    """The owners of the application that access is asked for."""


class TargetAgentIdentitySponsorsOrOwners(SubjectSet, kw_only=True):
    """The sponsors or owners of the agent identity that is to get the access."""


class AccessPackageSubject(Entity, kw_only=True):
    """Somebody who asks for access or holds it."""

    cleanup_scheduled_date_time: Annotated[datetime | None, BetaOnly, ReadOnly] = None
    connected_organization_id: Annotated[str | None, BetaOnly, ReadOnly] = None
    display_name: str | None = None
    email: str | None = None
    object_id: str | None = None
    on_premises_security_identifier: str | None = None
    principal_name: str | None = None
    subject_lifecycle: AccessPackageSubjectLifecycle = AccessPackageSubjectLifecycle.NOT_DEFINED
    subject_type: Annotated[AccessPackageSubjectType | None, Beta("type", pascal=True)] = None
    connected_organization: Annotated[ConnectedOrganization | UnsetType | None, Nav()] = UNSET
