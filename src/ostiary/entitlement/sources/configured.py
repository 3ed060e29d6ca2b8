"""What is configured: catalogs and what is in them, packages, policies, roles."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Final

from sqlalchemy import case
from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.directory.sources import GROUPS
from ostiary.entitlement.model.beta_policies import SCOPE_TYPES
from ostiary.entitlement.model.catalogs import (
    AccessPackage,
    AccessPackageAssignmentPolicy,
    AccessPackageCatalog,
)
from ostiary.entitlement.model.extensions import (
    CustomAccessPackageWorkflowExtension,
    CustomExtensionStageSetting,
    WorkflowExtension,
)
from ostiary.entitlement.sources import resources
from ostiary.entitlement.sources.declaring import columns_of, many, one
from ostiary.entitlement.sources.limits import in_seen_catalogs
from ostiary.entitlement.store import catalogs as catalog_store
from ostiary.entitlement.store import extensions as extension_store
from ostiary.entitlement.store import policies as policy_store
from ostiary.entitlement.store.policies import POLICIES as POLICY_ROWS
from ostiary.entitlement.tables import (
    access_packages,
    catalog_resources,
    catalogs,
    incompatible_groups,
    incompatible_packages,
    package_role_scopes,
    policy_stage_settings,
    resource_roles,
    resource_scopes,
)
from ostiary.extensions.model import CustomCalloutExtension
from ostiary.extensions.tables import custom_extensions
from ostiary.graph.resources import Call, Link, Source

CATALOGS: Final[Source] = Source(
    type=AccessPackageCatalog,
    table=catalogs,
    key=catalogs.c.id,
    columns=columns_of(
        catalogs,
        "id",
        "display_name",
        "description",
        "state",
        "catalog_type",
        "is_externally_visible",
        created_date_time="created_at",
        modified_date_time="modified_at",
    ),
    load=catalog_store.load_catalog,
    visible=in_seen_catalogs(catalogs.c.id),
    search=(catalogs.c.display_name, catalogs.c.description),
    links={
        "access_packages": many(lambda: PACKAGES, catalogs.c.id, access_packages.c.catalog_id),
        "custom_workflow_extensions": many(
            lambda: CURRENT_EXTENSIONS, catalogs.c.id, custom_extensions.c.catalog_id
        ),
        "custom_access_package_workflow_extensions": many(
            lambda: LEGACY_EXTENSIONS, catalogs.c.id, custom_extensions.c.catalog_id
        ),
        "resources": many(
            lambda: resources.RESOURCES, catalogs.c.id, catalog_resources.c.catalog_id
        ),
        "resource_roles": many(lambda: resources.ROLES, catalogs.c.id, resource_roles.c.catalog_id),
        "resource_scopes": many(
            lambda: resources.SCOPES, catalogs.c.id, resource_scopes.c.catalog_id
        ),
    },
)

_PACKAGE_COLUMNS: Final = columns_of(
    access_packages,
    "id",
    "display_name",
    "description",
    "is_hidden",
    "catalog_id",
    created_date_time="created_at",
    modified_date_time="modified_at",
)

_PACKAGE_LINKS: Final = {
    "catalog": one(lambda: CATALOGS, access_packages.c.catalog_id, catalogs.c.id),
    "assignment_policies": many(lambda: POLICIES, access_packages.c.id, POLICY_ROWS.c.package_id),
    "resource_role_scopes": many(
        lambda: resources.ROLE_SCOPES, access_packages.c.id, package_role_scopes.c.package_id
    ),
    "incompatible_access_packages": Link(
        target=lambda: PACKAGES,
        local=access_packages.c.id,
        remote=access_packages.c.id,
        many=True,
        via=(incompatible_packages.c.package_id, incompatible_packages.c.incompatible_id),
    ),
    "access_packages_incompatible_with": Link(
        target=lambda: PACKAGES,
        local=access_packages.c.id,
        remote=access_packages.c.id,
        many=True,
        via=(incompatible_packages.c.incompatible_id, incompatible_packages.c.package_id),
    ),
}

_EXCLUDING_GROUPS: Final = Link(
    target=lambda: GROUPS,
    local=access_packages.c.id,
    remote=GROUPS.key,
    many=True,
    via=(incompatible_groups.c.package_id, incompatible_groups.c.group_id),
)

_HOME_OF_PACKAGES: Final = "identityGovernance/entitlementManagement/accessPackages"

PACKAGES: Final[Source] = Source(
    type=AccessPackage,
    table=access_packages,
    key=access_packages.c.id,
    home=_HOME_OF_PACKAGES,
    columns=_PACKAGE_COLUMNS,
    load=catalog_store.load_package,
    visible=in_seen_catalogs(access_packages.c.catalog_id),
    search=(access_packages.c.display_name, access_packages.c.description),
    links={**_PACKAGE_LINKS, "incompatible_groups": _EXCLUDING_GROUPS},
)

PACKAGE_CARDS: Final[Source] = Source(
    type=AccessPackage,
    table=access_packages,
    key=access_packages.c.id,
    home=_HOME_OF_PACKAGES,
    columns=_PACKAGE_COLUMNS,
    load=catalog_store.load_package,
    search=(access_packages.c.display_name, access_packages.c.description),
    links=_PACKAGE_LINKS,
)
"""Packages as whoever has a request or an assignment sees them: the rest is limited as ever."""

_SCOPE_TYPE: Final = case(
    {scope.value: name for scope, name in SCOPE_TYPES.items()},
    value=POLICY_ROWS.c.allowed_target_scope,
)
"""For whom a policy is, as beta calls it."""

POLICIES: Final[Source] = Source(
    type=AccessPackageAssignmentPolicy,
    table=POLICY_ROWS,
    key=POLICY_ROWS.c.id,
    columns=columns_of(
        POLICY_ROWS,
        "id",
        "display_name",
        "description",
        "allowed_target_scope",
        access_package_id="package_id",
        created_date_time="created_at",
        modified_date_time="modified_at",
    )
    | {"requestor_settings/scope_type": _SCOPE_TYPE},
    load=policy_store.load,
    visible=in_seen_catalogs(POLICY_ROWS.c.catalog_id),
    search=(POLICY_ROWS.c.display_name, POLICY_ROWS.c.description),
    links={
        "access_package": one(lambda: PACKAGES, POLICY_ROWS.c.package_id, access_packages.c.id),
        "catalog": one(lambda: CATALOGS, POLICY_ROWS.c.catalog_id, catalogs.c.id),
        "custom_extension_stage_settings": many(
            lambda: STAGE_SETTINGS,
            POLICY_ROWS.c.id,
            policy_stage_settings.c.policy_id,
            order=policy_stage_settings.c.position,
        ),
    },
)
"""Policies; their questions are shown inline, their stage settings when expanded."""

STAGE_SETTINGS: Final[Source] = Source(
    type=CustomExtensionStageSetting,
    table=policy_stage_settings,
    key=policy_stage_settings.c.id,
    columns=columns_of(policy_stage_settings, "id", "stage"),
    load=policy_store.load_setting,
    links={
        "custom_extension": one(
            lambda: STORED_EXTENSIONS,
            policy_stage_settings.c.extension_id,
            custom_extensions.c.id,
        )
    },
)


def extensions(
    template: str | None, kinds: Collection[str] = tuple(extension_store.EXTENSION_TYPES)
) -> Source:
    """Give the extensions of catalogs that are of these kinds.

    ``template`` finds Logic Apps that nothing else does.
    """

    async def show(conn: AsyncConnection, _: Call, found: Sequence[WorkflowExtension]) -> None:
        await extension_store.show(conn, found, template=template)

    return Source(
        type=CustomCalloutExtension,
        table=custom_extensions,
        key=custom_extensions.c.id,
        columns=columns_of(custom_extensions, "id", "display_name", "description"),
        load=extension_store.load_row,
        where=extension_store.of_kinds(kinds),
        visible=in_seen_catalogs(custom_extensions.c.catalog_id),
        search=(custom_extensions.c.display_name, custom_extensions.c.description),
        enrich=show,
        casts={kind: custom_extensions.c.kind == kind for kind in kinds},
    )


STORED_EXTENSIONS: Final[Source] = extensions(None)
"""Extensions as policies name them."""

CURRENT_EXTENSIONS: Final[Source] = extensions(None, tuple(extension_store.CURRENT_TYPES))
LEGACY_EXTENSIONS: Final[Source] = replace(
    extensions(None, [extension_store.LEGACY]), type=CustomAccessPackageWorkflowExtension
)
"""Extensions as catalogs show them."""
