"""The two governors, put together: entitlement management and lifecycle workflows.

They never import each other; what one needs of the other is given here.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.directory.following import Follower
from ostiary.durable.clock import Clock
from ostiary.durable.handlers import Handler
from ostiary.entitlement import letters as entitlement_letters
from ostiary.entitlement import routes as entitlement_routes
from ostiary.entitlement import work as entitlement_work
from ostiary.entitlement.assignment_owner import AssignmentOwner
from ostiary.entitlement.model.strays import STRAYS
from ostiary.entitlement.owner import RequestOwner
from ostiary.entitlement.process.provisioning import Provisioning
from ostiary.entitlement.process.sweeping import Automation
from ostiary.entitlement.providers import settings as provider_settings
from ostiary.entitlement.providers.http import HTTPProvider
from ostiary.entitlement.service import Entitlement, ensure_controls, ensure_general, refresh_keys
from ostiary.entitlement.service.errands import Errands
from ostiary.entitlement.store import environments
from ostiary.extensions.owners import Owners
from ostiary.extensions.resumes import Resumes
from ostiary.graph.resources import Node, Singleton
from ostiary.identity.catalogue import LIFECYCLE_WORKFLOWS_APP_ID
from ostiary.identity.issuers import ConfigurationError
from ostiary.identity.principals import Principal
from ostiary.lifecycle import letters as lifecycle_letters
from ostiary.lifecycle import routes as lifecycle_routes
from ostiary.lifecycle import work as lifecycle_work
from ostiary.lifecycle.owner import TaskResultOwner
from ostiary.lifecycle.service import Lifecycle
from ostiary.lifecycle.tasks.packages import Access
from ostiary.lifecycle.tasks.registry import Registry, built_in
from ostiary.mail.templates import TemplateSet
from ostiary.server import retaining
from ostiary.server.outbound import Outbound
from ostiary.settings import ConnectivityTest, GrantCallout, Settings
from ostiary.storage.database import Database

__all__ = ["STRAYS", "Governors", "compose", "prepare"]


WORKFLOWS: Final = Principal(
    kind="application",
    tenant_id="",
    object_id=LIFECYCLE_WORKFLOWS_APP_ID,
    app_id=LIFECYCLE_WORKFLOWS_APP_ID,
    scopes=frozenset(),
    roles=frozenset(),
    directory_roles=frozenset(),
    display_name="Lifecycle Workflows",
)
"""Who asks for access on behalf of workflows."""


@dataclass(frozen=True, kw_only=True)
class Governors:
    """What the rest of the composition needs of both."""

    roots: Sequence[Node]
    handlers: Sequence[Handler]
    followers: Sequence[Follower]
    """Who is told of changes in the directory."""
    templates: Sequence[TemplateSet]
    """Of the mails that they send."""
    close: Callable[[], Awaitable[None]]


async def prepare(conn: AsyncConnection, settings: Settings, *, now: datetime) -> None:
    """Put into a new database what both governors start with, and what the settings add to it."""
    await ensure_general(conn, now=now)
    await ensure_controls(conn, now=now)
    await refresh_keys(conn, settings.domains_of_tenants)
    named = provider_settings.read(settings.resource_providers)
    places = [place for one in named for place in one.environments]
    await environments.ensure(conn, places, now=now)


def compose(
    settings: Settings,
    *,
    database: Database,
    owners: Owners,
    resumes: Resumes,
    clock: Clock,
    out: Outbound,
) -> Governors:
    """Put both together and register them as owners of callouts.

    :raises ProviderError: the settings of a provider of resources cannot be used.
    """
    origins = [
        HTTPProvider(one, out.caller) for one in provider_settings.read(settings.resource_providers)
    ]
    is_told_first = settings.grant_callout is GrantCallout.BEFORE
    provisioning = Provisioning(database, clock, {one.system: one for one in origins})
    automation = Automation(is_told_first=is_told_first)
    archive = retaining.archive(settings)
    registry = _registry(settings, Errands(WORKFLOWS, is_told_first=is_told_first))
    access = _access(settings, database, resumes, out, origins)
    workflows = _workflows(settings, database, resumes, out, registry)
    for owner in (RequestOwner(), AssignmentOwner(), TaskResultOwner()):
        owners.register(owner)
    return Governors(
        roots=_roots(access, workflows),
        handlers=[
            *entitlement_work.handlers(
                domain=settings.domains[0], keep=settings.request_retention, archive=archive
            ),
            *automation.handlers(),
            *provisioning.handlers(),
            *lifecycle_work.handlers(registry, keep=settings.run_retention, archive=archive),
        ],
        followers=[automation],
        templates=[entitlement_letters.TEMPLATES, lifecycle_letters.TEMPLATES],
        close=access.close,
    )


def _access(
    settings: Settings,
    database: Database,
    resumes: Resumes,
    out: Outbound,
    origins: Sequence[HTTPProvider],
) -> Entitlement:
    return Entitlement.of(
        database,
        resumes=resumes,
        egress=out.egress,
        logic_app_template=settings.logic_app_url_template,
        refuse_unresolved=settings.refuse_unresolved_logic_apps,
        connection=out.connection,
        refuse_unreachable=settings.connectivity_test is ConnectivityTest.STRICT,
        is_told_first=settings.grant_callout is GrantCallout.BEFORE,
        own_domains=settings.domains,
        tenant_domains=settings.domains_of_tenants,
        providers=origins,
        max_waiting=settings.max_waiting,
    )


def _workflows(
    settings: Settings, database: Database, resumes: Resumes, out: Outbound, registry: Registry
) -> Lifecycle:
    return Lifecycle.of(
        database,
        resumes=resumes,
        registry=registry,
        egress=out.egress,
        logic_app_template=settings.logic_app_url_template,
        refuse_unresolved=settings.refuse_unresolved_logic_apps,
        domains=settings.domains,
        has_banner=settings.mail_logo_url is not None,
    )


def _registry(settings: Settings, access: Access) -> Registry:
    """Make the tasks.

    :raises ConfigurationError: an extension is named for a task that needs none.
    """
    try:
        return Registry(
            built_in(providers=settings.task_providers, domain=settings.domains[0], access=access)
        )
    except ValueError as error:
        raise ConfigurationError(f"OSTIARY_TASK_PROVIDERS: {error}") from None


def _roots(access: Entitlement, workflows: Lifecycle) -> list[Node]:
    return [
        Singleton(
            name="identityGovernance",
            container="microsoft.graph.identityGovernance",
            children=(
                entitlement_routes.resources(access),
                lifecycle_routes.resources(workflows),
            ),
        ),
        Singleton(
            name="roleManagement",
            container="microsoft.graph.roleManagement",
            children=(entitlement_routes.role_resources(access),),
        ),
    ]
