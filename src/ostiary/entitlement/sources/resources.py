"""What catalogs can hand out: resources with their roles, scopes and places."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Text, func, literal, select

from ostiary.entitlement.model.catalogs import (
    AccessPackageResource,
    AccessPackageResourceEnvironment,
    AccessPackageResourceRole,
    AccessPackageResourceRoleScope,
    AccessPackageResourceScope,
)
from ostiary.entitlement.origins import CUSTOM_DATA_SYSTEM
from ostiary.entitlement.sources.declaring import columns_of, many, one
from ostiary.entitlement.sources.limits import in_seen_catalogs
from ostiary.entitlement.store import catalogs as catalog_store
from ostiary.entitlement.store import environments as environment_store
from ostiary.entitlement.store import resources as resource_store
from ostiary.entitlement.tables import (
    catalog_resources,
    package_role_scopes,
    resource_environments,
    resource_roles,
    resource_scopes,
)
from ostiary.graph.resources import Source
from ostiary.storage.tables import Instant

ROLE_SCOPES: Final[Source] = Source(
    type=AccessPackageResourceRoleScope,
    table=package_role_scopes,
    key=package_role_scopes.c.id,
    columns=columns_of(package_role_scopes, "id", created_date_time="created_at"),
    load=catalog_store.load_role_scope,
    links={
        "role": one(lambda: ROLES, package_role_scopes.c.role_id, resource_roles.c.id),
        "scope": one(lambda: SCOPES, package_role_scopes.c.scope_id, resource_scopes.c.id),
    },
)

_ORIGIN: Final = ("id", "display_name", "description", "origin_id", "origin_system")

RESOURCES: Final[Source] = Source(
    type=AccessPackageResource,
    table=catalog_resources,
    key=catalog_resources.c.id,
    columns=columns_of(
        catalog_resources,
        *_ORIGIN,
        "resource_type",
        "url",
        created_date_time="created_at",
        modified_date_time="modified_at",
    ),
    load=resource_store.load_resource,
    visible=in_seen_catalogs(catalog_resources.c.catalog_id),
    casts={
        "microsoft.graph.customDataProvidedResource": (
            catalog_resources.c.origin_system == CUSTOM_DATA_SYSTEM
        )
    },
    search=(catalog_resources.c.display_name, catalog_resources.c.description),
    links={
        "environment": one(
            lambda: ENVIRONMENTS, catalog_resources.c.environment_id, resource_environments.c.id
        ),
        "roles": many(lambda: ROLES, catalog_resources.c.id, resource_roles.c.resource_id),
        "scopes": many(lambda: SCOPES, catalog_resources.c.id, resource_scopes.c.resource_id),
    },
)

ROLES: Final[Source] = Source(
    type=AccessPackageResourceRole,
    table=resource_roles,
    key=resource_roles.c.id,
    columns=columns_of(resource_roles, *_ORIGIN),
    load=resource_store.load_role,
    visible=in_seen_catalogs(resource_roles.c.catalog_id),
    search=(resource_roles.c.display_name, resource_roles.c.description),
    links={
        "resource": one(lambda: RESOURCES, resource_roles.c.resource_id, catalog_resources.c.id)
    },
)

SCOPES: Final[Source] = Source(
    type=AccessPackageResourceScope,
    table=resource_scopes,
    key=resource_scopes.c.id,
    columns=columns_of(resource_scopes, *_ORIGIN, "is_root_scope", "url"),
    load=resource_store.load_scope,
    visible=in_seen_catalogs(resource_scopes.c.catalog_id),
    search=(resource_scopes.c.display_name, resource_scopes.c.description),
    links={
        "resource": one(lambda: RESOURCES, resource_scopes.c.resource_id, catalog_resources.c.id)
    },
)

ENVIRONMENTS: Final[Source] = Source(
    type=AccessPackageResourceEnvironment,
    table=resource_environments,
    key=resource_environments.c.id,
    columns=columns_of(
        resource_environments,
        *_ORIGIN,
        is_default_environment="is_default",
        created_date_time="created_at",
        modified_date_time="modified_at",
    )
    | {"connection_info/url": resource_environments.c.url},
    load=environment_store.load,
    links={
        "resources": many(
            lambda: RESOURCES, resource_environments.c.id, catalog_resources.c.environment_id
        )
    },
)

_EVERY_ROLE_SCOPE: Final = (
    select(
        package_role_scopes.c.id,
        package_role_scopes.c.role_id,
        package_role_scopes.c.scope_id,
        resource_roles.c.catalog_id,
        func.min(package_role_scopes.c.created_at, type_=Instant()).label("created_at"),
        literal(None, Text()).label("created_by"),  # several people may have put it somewhere
    )
    .join(resource_roles, resource_roles.c.id == package_role_scopes.c.role_id)
    .group_by(
        package_role_scopes.c.id,
        package_role_scopes.c.role_id,
        package_role_scopes.c.scope_id,
        resource_roles.c.catalog_id,
    )
    .subquery("every_role_scope")
)

EVERY_ROLE_SCOPE: Final[Source] = Source(
    type=AccessPackageResourceRoleScope,
    table=_EVERY_ROLE_SCOPE,
    key=_EVERY_ROLE_SCOPE.c.id,
    columns=columns_of(_EVERY_ROLE_SCOPE, "id", created_date_time="created_at"),
    load=catalog_store.load_role_scope,
    visible=in_seen_catalogs(_EVERY_ROLE_SCOPE.c.catalog_id),
    links={
        "role": one(lambda: ROLES, _EVERY_ROLE_SCOPE.c.role_id, resource_roles.c.id),
        "scope": one(lambda: SCOPES, _EVERY_ROLE_SCOPE.c.scope_id, resource_scopes.c.id),
    },
)
"""The roles in scopes that packages have, each once, however many packages have it."""
