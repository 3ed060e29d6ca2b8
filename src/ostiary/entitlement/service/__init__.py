"""The use cases of entitlement management, by noun."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from ostiary.durable.group import MAX_WAITING
from ostiary.entitlement.providers.port import RemoteProvider
from ostiary.entitlement.service.acts import Act
from ostiary.entitlement.service.approvals import Approvals
from ostiary.entitlement.service.assignments import Assignments
from ostiary.entitlement.service.available import Available
from ostiary.entitlement.service.catalogs import Catalogs, ensure_general
from ostiary.entitlement.service.extensions import Extensions
from ostiary.entitlement.service.moving import Moving
from ostiary.entitlement.service.offers import Offers
from ostiary.entitlement.service.organizations import (
    Organizations,
    TenantDomains,
    refresh_keys,
)
from ostiary.entitlement.service.packages import Packages
from ostiary.entitlement.service.policies import Policies
from ostiary.entitlement.service.requests import Requests
from ostiary.entitlement.service.resources import Resources
from ostiary.entitlement.service.roles import Roles
from ostiary.entitlement.service.separations import Separations
from ostiary.entitlement.service.settings import ManagementSettings, ensure_controls
from ostiary.entitlement.service.subjects import Subjects
from ostiary.extensions.connection import Connection
from ostiary.extensions.egress import EgressPolicy
from ostiary.extensions.resumes import Resumes
from ostiary.storage.database import Database

__all__ = ["Act", "Entitlement", "ensure_controls", "ensure_general", "refresh_keys"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Entitlement:
    """All of them, for the routes."""

    database: Database
    approvals: Approvals
    assignments: Assignments
    available: Available
    catalogs: Catalogs
    extensions: Extensions
    moving: Moving
    organizations: Organizations
    packages: Packages
    policies: Policies
    requests: Requests
    resources: Resources
    roles: Roles
    separations: Separations
    settings: ManagementSettings
    subjects: Subjects

    @classmethod
    def of(
        cls,
        database: Database,
        *,
        resumes: Resumes,
        egress: EgressPolicy,
        logic_app_template: str | None = None,
        refuse_unresolved: bool = False,
        is_told_first: bool = False,
        connection: Connection | None = None,
        refuse_unreachable: bool = False,
        own_domains: Collection[str] = (),
        tenant_domains: TenantDomains | None = None,
        providers: Sequence[RemoteProvider] = (),
        max_waiting: int = MAX_WAITING,
    ) -> Entitlement:
        """Make the use cases of one deployment; see the classes for what they are given."""
        offers = Offers({provider.system: provider for provider in providers})
        return cls(
            database=database,
            approvals=Approvals(database, max_waiting=max_waiting),
            assignments=Assignments(database),
            available=Available(database),
            catalogs=Catalogs(database),
            extensions=Extensions(
                database=database,
                egress=egress,
                template=logic_app_template,
                refuse_unresolved=refuse_unresolved,
                connection=connection,
                refuse_unreachable=refuse_unreachable,
            ),
            moving=Moving(database),
            organizations=Organizations(
                database=database,
                own_domains=own_domains,
                tenant_domains=tenant_domains or {},
            ),
            packages=Packages(database, offers),
            policies=Policies(database),
            requests=Requests(
                database, resumes, is_told_first=is_told_first, max_waiting=max_waiting
            ),
            resources=Resources(database, offers),
            roles=Roles(database),
            separations=Separations(database),
            settings=ManagementSettings(database),
            subjects=Subjects(database),
        )

    async def close(self) -> None:
        """Take nothing more, and return when all that came is stored."""
        await self.requests.close()
        await self.approvals.close()
