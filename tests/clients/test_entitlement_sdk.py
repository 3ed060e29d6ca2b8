"""The published Graph SDK makes an extension, and a request that calls it out and waits."""

from __future__ import annotations

from datetime import timedelta

import pytest
from kiota_abstractions.api_error import APIError
from msgraph.generated.identity_governance.entitlement_management.assignment_requests.item.resume.resume_post_request_body import (  # noqa: E501
    ResumePostRequestBody,
)
from msgraph.generated.models.access_package import AccessPackage
from msgraph.generated.models.access_package_assignment import AccessPackageAssignment
from msgraph.generated.models.access_package_assignment_approval_settings import (
    AccessPackageAssignmentApprovalSettings,
)
from msgraph.generated.models.access_package_assignment_policy import (
    AccessPackageAssignmentPolicy,
)
from msgraph.generated.models.access_package_assignment_request import (
    AccessPackageAssignmentRequest,
)
from msgraph.generated.models.access_package_assignment_request_callback_data import (
    AccessPackageAssignmentRequestCallbackData,
)
from msgraph.generated.models.access_package_assignment_request_workflow_extension import (
    AccessPackageAssignmentRequestWorkflowExtension,
)
from msgraph.generated.models.access_package_custom_extension_stage import (
    AccessPackageCustomExtensionStage,
)
from msgraph.generated.models.access_package_request_state import AccessPackageRequestState
from msgraph.generated.models.access_package_request_type import AccessPackageRequestType
from msgraph.generated.models.access_package_subject import AccessPackageSubject
from msgraph.generated.models.allowed_target_scope import AllowedTargetScope
from msgraph.generated.models.custom_callout_extension import CustomCalloutExtension
from msgraph.generated.models.custom_extension_callout_instance_status import (
    CustomExtensionCalloutInstanceStatus,
)
from msgraph.generated.models.custom_extension_stage_setting import CustomExtensionStageSetting
from msgraph.generated.models.http_request_endpoint import HttpRequestEndpoint
from msgraph.generated.models.logic_app_trigger_endpoint_configuration import (
    LogicAppTriggerEndpointConfiguration,
)
from msgraph.graph_service_client import GraphServiceClient

from ostiary.directory.seed import person_id
from tests.clients.entitlement import (
    GROUP,
    entitlement,
    make_catalog,
    make_extension,
    make_package,
    there,
)
from tests.extensions.endpoints import ScriptedEndpoint
from tests.support.waiting import eventually


async def make_policy(graph: GraphServiceClient, package: str, extension: str) -> str:
    made = await entitlement(graph).assignment_policies.post(
        AccessPackageAssignmentPolicy(
            display_name="Checked by an extension",
            access_package=AccessPackage(id=package),
            allowed_target_scope=AllowedTargetScope.NotSpecified,
            request_approval_settings=AccessPackageAssignmentApprovalSettings(
                is_approval_required_for_add=False, stages=[]
            ),
            custom_extension_stage_settings=[
                CustomExtensionStageSetting(
                    stage=AccessPackageCustomExtensionStage.AssignmentRequestCreated,
                    custom_extension=CustomCalloutExtension(
                        odata_type=(
                            "#microsoft.graph.accessPackageAssignmentRequestWorkflowExtension"
                        ),
                        id=extension,
                    ),
                )
            ],
        )
    )
    return str(there(made).id)


async def test_the_documented_extension_is_created_on_a_fresh_server(
    graph: GraphServiceClient,
) -> None:
    catalog = await make_catalog(graph, "Unresolved")

    made = await make_extension(
        graph,
        catalog,
        LogicAppTriggerEndpointConfiguration(
            odata_type="#microsoft.graph.logicAppTriggerEndpointConfiguration",
            subscription_id="38ab2ccc-3747-4567-b36b-9478f5602f0d",
            resource_group_name="test",
            logic_app_workflow_name="elm-extension-email",
        ),
    )

    assert made.id
    assert made.created_date_time is not None
    assert made.client_configuration is None
    endpoint = made.endpoint_configuration
    assert isinstance(endpoint, LogicAppTriggerEndpointConfiguration)
    assert endpoint.logic_app_workflow_name == "elm-extension-email"
    assert endpoint.url is None
    assert there(made.callback_configuration).timeout_duration == timedelta(hours=1)
    builder = entitlement(graph).catalogs.by_access_package_catalog_id(catalog)
    read = await builder.custom_workflow_extensions.by_custom_callout_extension_id(made.id).get()
    assert isinstance(read, AccessPackageAssignmentRequestWorkflowExtension)
    assert read.display_name == "test_action_0124_email"


@pytest.mark.parametrize("denies", [False, True], ids=["approved", "denied"])
async def test_a_request_calls_out_waits_and_ends_as_it_is_answered(
    graph: GraphServiceClient, denies: bool
) -> None:
    target = person_id("joni" if denies else "megan")
    async with ScriptedEndpoint() as endpoint:
        catalog = await make_catalog(graph, f"Checked {denies}")
        extension = await make_extension(
            graph, catalog, HttpRequestEndpoint(target_url=endpoint.url)
        )
        package = await make_package(graph, catalog)
        policy = await make_policy(graph, package, str(extension.id))
        request = there(
            await entitlement(graph).assignment_requests.post(
                AccessPackageAssignmentRequest(
                    request_type=AccessPackageRequestType.AdminAdd,
                    assignment=AccessPackageAssignment(
                        target=AccessPackageSubject(object_id=target),
                        additional_data={
                            "assignmentPolicyId": policy,
                            "accessPackageId": package,
                        },
                    ),
                )
            )
        )
        (call,) = await endpoint.got(1)
    payload = call.json()
    assert payload["Stage"] == "assignmentRequestCreated"
    assert payload["AccessPackageAssignmentRequestId"] == request.id
    builder = entitlement(graph).assignment_requests.by_access_package_assignment_request_id(
        request.id
    )

    async def waits() -> bool:
        return bool(there(await builder.get()).status == "WaitingForCallback")

    await eventually(waits)

    data = AccessPackageAssignmentRequestCallbackData(
        odata_type="microsoft.graph.accessPackageAssignmentRequestCallbackData",
        stage=AccessPackageCustomExtensionStage.AssignmentRequestCreated,
        custom_extension_stage_instance_id=payload["CustomExtensionStageInstanceId"],
        custom_extension_stage_instance_detail="This user is all verified",
        state="denied" if denies else None,
    )
    body = ResumePostRequestBody(
        source="Contoso.SodCheckProcess",
        type="microsoft.graph.accessPackageCustomExtensionStage.assignmentRequestCreated",
        data=data,
    )
    await builder.resume.post(body)
    await builder.resume.post(body)

    wanted = AccessPackageRequestState.Denied if denies else AccessPackageRequestState.Delivered

    async def has_ended() -> bool:
        return bool(there(await builder.get()).state == wanted)

    await eventually(has_ended)
    (instance,) = there(there(await builder.get()).custom_extension_callout_instances)
    assert instance.id == payload["CustomExtensionStageInstanceId"]
    assert instance.status == CustomExtensionCalloutInstanceStatus.CallbackReceived
    assert instance.detail == "This user is all verified"
    members = there(await graph.groups.by_group_id(GROUP).members.get())
    assert (target in [member.id for member in there(members.value)]) == (not denies)

    data.state = None if denies else "denied"
    with pytest.raises(APIError) as caught:
        await builder.resume.post(body)
    assert caught.value.response_status_code == 400
