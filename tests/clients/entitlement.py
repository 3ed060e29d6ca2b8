"""Entitlement management through the published Graph SDK: what several stories need."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, TypeVar

from msgraph.generated.models.access_package import AccessPackage
from msgraph.generated.models.access_package_assignment_request_workflow_extension import (
    AccessPackageAssignmentRequestWorkflowExtension,
)
from msgraph.generated.models.access_package_catalog import AccessPackageCatalog
from msgraph.generated.models.access_package_request_type import AccessPackageRequestType
from msgraph.generated.models.access_package_resource import AccessPackageResource
from msgraph.generated.models.access_package_resource_request import (
    AccessPackageResourceRequest,
)
from msgraph.generated.models.access_package_resource_role import AccessPackageResourceRole
from msgraph.generated.models.access_package_resource_role_scope import (
    AccessPackageResourceRoleScope,
)
from msgraph.generated.models.access_package_resource_scope import AccessPackageResourceScope
from msgraph.generated.models.azure_ad_pop_token_authentication import (
    AzureAdPopTokenAuthentication,
)
from msgraph.generated.models.custom_extension_callback_configuration import (
    CustomExtensionCallbackConfiguration,
)
from msgraph.graph_service_client import GraphServiceClient

from ostiary.directory.seed import group_id

GROUP = group_id("IT administrators")
T = TypeVar("T")


def there(value: T | None) -> T:
    """Say that the server answered with something."""
    assert value is not None
    return value


def entitlement(graph: GraphServiceClient) -> Any:  # the builder's generated type is not exported
    return graph.identity_governance.entitlement_management


async def make_catalog(graph: GraphServiceClient, name: str) -> str:
    made = await entitlement(graph).catalogs.post(AccessPackageCatalog(display_name=name))
    return str(there(made).id)


async def make_extension(
    graph: GraphServiceClient, catalog: str, endpoint: Any
) -> AccessPackageAssignmentRequestWorkflowExtension:
    made = await (
        entitlement(graph)
        .catalogs.by_access_package_catalog_id(catalog)
        .custom_workflow_extensions.post(
            AccessPackageAssignmentRequestWorkflowExtension(
                odata_type="#microsoft.graph.accessPackageAssignmentRequestWorkflowExtension",
                display_name="test_action_0124_email",
                description="this is for graph testing only",
                endpoint_configuration=endpoint,
                authentication_configuration=AzureAdPopTokenAuthentication(
                    odata_type="#microsoft.graph.azureAdPopTokenAuthentication"
                ),
                callback_configuration=CustomExtensionCallbackConfiguration(
                    odata_type="microsoft.graph.customExtensionCallbackConfiguration",
                    timeout_duration=timedelta(hours=1),
                ),
            )
        )
    )
    assert isinstance(made, AccessPackageAssignmentRequestWorkflowExtension)
    return made


async def make_package(graph: GraphServiceClient, catalog: str) -> str:
    management = entitlement(graph)
    await management.resource_requests.post(
        AccessPackageResourceRequest(
            request_type=AccessPackageRequestType.AdminAdd,
            catalog=AccessPackageCatalog(id=catalog),
            resource=AccessPackageResource(origin_id=GROUP, origin_system="AadGroup"),
        )
    )
    resources = there(
        await management.catalogs.by_access_package_catalog_id(catalog).resources.get()
    )
    (resource,) = there(resources.value)
    package = there(
        await management.access_packages.post(
            AccessPackage(
                display_name=f"Access in {catalog}", catalog=AccessPackageCatalog(id=catalog)
            )
        )
    )
    await management.access_packages.by_access_package_id(package.id).resource_role_scopes.post(
        AccessPackageResourceRoleScope(
            role=AccessPackageResourceRole(
                origin_id=f"Member_{GROUP}",
                origin_system="AadGroup",
                display_name="Member",
                resource=AccessPackageResource(
                    id=resource.id, origin_id=GROUP, origin_system="AadGroup"
                ),
            ),
            scope=AccessPackageResourceScope(
                origin_id=GROUP, origin_system="AadGroup", is_root_scope=True
            ),
        )
    )
    return str(package.id)
