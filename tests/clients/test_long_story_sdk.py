"""One long story of access through the published Graph SDK, from the catalog to the audit log.

Megan looks for a package, answers its question and asks; an extension checks her request, her
manager agrees, and she gets what she asked for, but not what is kept apart from it. She gives it
back. Nobody sends a request that the SDK does not know.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from kiota_abstractions.api_error import APIError
from kiota_abstractions.base_request_configuration import RequestConfiguration
from msgraph.generated.identity_governance.entitlement_management.access_package_assignment_approvals.item.stages.stages_request_builder import (  # noqa: E501
    StagesRequestBuilder,
)
from msgraph.generated.identity_governance.entitlement_management.assignment_requests.item.access_package_assignment_request_item_request_builder import (  # noqa: E501
    AccessPackageAssignmentRequestItemRequestBuilder,
)
from msgraph.generated.identity_governance.entitlement_management.assignment_requests.item.resume.resume_post_request_body import (  # noqa: E501
    ResumePostRequestBody,
)
from msgraph.generated.models.access_package import AccessPackage
from msgraph.generated.models.access_package_answer_string import AccessPackageAnswerString
from msgraph.generated.models.access_package_approval_stage import AccessPackageApprovalStage
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
from msgraph.generated.models.access_package_assignment_requestor_settings import (
    AccessPackageAssignmentRequestorSettings,
)
from msgraph.generated.models.access_package_assignment_state import AccessPackageAssignmentState
from msgraph.generated.models.access_package_custom_extension_stage import (
    AccessPackageCustomExtensionStage,
)
from msgraph.generated.models.access_package_request_state import AccessPackageRequestState
from msgraph.generated.models.access_package_request_type import AccessPackageRequestType
from msgraph.generated.models.access_package_text_input_question import (
    AccessPackageTextInputQuestion,
)
from msgraph.generated.models.allowed_target_scope import AllowedTargetScope
from msgraph.generated.models.approval_stage import ApprovalStage
from msgraph.generated.models.custom_callout_extension import CustomCalloutExtension
from msgraph.generated.models.custom_extension_stage_setting import CustomExtensionStageSetting
from msgraph.generated.models.expiration_pattern import ExpirationPattern
from msgraph.generated.models.expiration_pattern_type import ExpirationPatternType
from msgraph.generated.models.http_request_endpoint import HttpRequestEndpoint
from msgraph.generated.models.reference_create import ReferenceCreate
from msgraph.generated.models.requestor_manager import RequestorManager
from msgraph.graph_service_client import GraphServiceClient

from ostiary.directory.seed import person_id
from ostiary.identity.catalogue import IDENTITY_GOVERNANCE_ADMINISTRATOR
from tests.clients.conftest import EVERYTHING, sdk
from tests.clients.entitlement import (
    GROUP,
    entitlement,
    make_catalog,
    make_extension,
    make_package,
    there,
)
from tests.extensions.endpoints import ScriptedEndpoint
from tests.support.servers import RunningServer
from tests.support.waiting import eventually

MEGAN, NESTOR, GRADY = (person_id(alias) for alias in ("megan", "nestor", "grady"))
ASK, MANAGE = "EntitlementMgmt-SubjectAccess.ReadWrite", "EntitlementManagement.ReadWrite.All"
REQUEST_EXTENSION = "#microsoft.graph.accessPackageAssignmentRequestWorkflowExtension"
CREATED = AccessPackageCustomExtensionStage.AssignmentRequestCreated


@dataclass(frozen=True, slots=True)
class Cast:
    """Everybody in the story, each with an SDK and a token of their own."""

    administrator: GraphServiceClient
    megan: GraphServiceClient
    nestor: GraphServiceClient
    auditor: GraphServiceClient


@pytest.fixture
async def people(server: RunningServer) -> AsyncIterator[Cast]:
    """The people of the story."""
    governs = [IDENTITY_GOVERNANCE_ADMINISTRATOR]
    tokens = (
        server.app_token(EVERYTHING),
        server.user_token(MEGAN, [ASK]),
        server.user_token(NESTOR, [MANAGE]),
        server.user_token(GRADY, [MANAGE], directory_roles=governs),
    )
    async with AsyncExitStack() as stack:
        clients = [await stack.enter_async_context(sdk(server, token)) for token in tokens]
        yield Cast(*clients)


async def make_policy(graph: GraphServiceClient, package: str, extension: str) -> str:
    """Let members ask: they say why and for what, and an extension and their manager agree."""
    made = await entitlement(graph).assignment_policies.post(
        AccessPackageAssignmentPolicy(
            display_name="Members, with their manager's consent",
            access_package=AccessPackage(id=package),
            allowed_target_scope=AllowedTargetScope.AllMemberUsers,
            expiration=ExpirationPattern(
                type=ExpirationPatternType.AfterDuration, duration=timedelta(days=90)
            ),
            requestor_settings=AccessPackageAssignmentRequestorSettings(
                enable_targets_to_self_add_access=True,
                enable_targets_to_self_remove_access=True,
            ),
            request_approval_settings=AccessPackageAssignmentApprovalSettings(
                is_approval_required_for_add=True,
                is_requestor_justification_required=True,
                stages=[
                    AccessPackageApprovalStage(
                        duration_before_automatic_denial=timedelta(days=2),
                        primary_approvers=[RequestorManager(manager_level=1)],
                    )
                ],
            ),
            questions=[
                AccessPackageTextInputQuestion(
                    text="Which partner?", is_required=True, is_single_line_question=True
                )
            ],
            custom_extension_stage_settings=[
                CustomExtensionStageSetting(
                    stage=CREATED,
                    custom_extension=CustomCalloutExtension(
                        odata_type=REQUEST_EXTENSION, id=extension
                    ),
                )
            ],
        )
    )
    return str(there(made).id)


async def make_open_policy(graph: GraphServiceClient, package: str) -> str:
    made = await entitlement(graph).assignment_policies.post(
        AccessPackageAssignmentPolicy(
            display_name="Everybody",
            access_package=AccessPackage(id=package),
            allowed_target_scope=AllowedTargetScope.AllMemberUsers,
            requestor_settings=AccessPackageAssignmentRequestorSettings(
                enable_targets_to_self_add_access=True
            ),
        )
    )
    return str(there(made).id)


def wanted(package: str, policy: str, **more: Any) -> AccessPackageAssignmentRequest:
    """Give a request for a package; the short ids are no properties of the SDK's types."""
    named = {"accessPackageId": package, "assignmentPolicyId": policy}
    return AccessPackageAssignmentRequest(
        request_type=AccessPackageRequestType.UserAdd,
        assignment=AccessPackageAssignment(additional_data=named),
        **more,
    )


def request_of(graph: GraphServiceClient, key: str) -> Any:
    return entitlement(graph).assignment_requests.by_access_package_assignment_request_id(key)


async def with_assignment(graph: GraphServiceClient, request: str) -> Any:
    builder = entitlement(graph).assignment_requests.by_access_package_assignment_request_id(
        request
    )
    options = AccessPackageAssignmentRequestItemRequestBuilder
    query = options.AccessPackageAssignmentRequestItemRequestBuilderGetQueryParameters(
        expand=["assignment"]
    )
    return there(await builder.get(RequestConfiguration(query_parameters=query)))


async def until(graph: GraphServiceClient, request: str, status: str) -> None:
    builder = entitlement(graph).assignment_requests.by_access_package_assignment_request_id(
        request
    )

    async def has_it() -> bool:
        return bool(there(await builder.get()).status == status)

    await eventually(has_it)


async def members(graph: GraphServiceClient) -> set[str]:
    found = there(await graph.groups.by_group_id(GROUP).members.get())
    return {str(one.id) for one in there(found.value)}


async def resume(graph: GraphServiceClient, request: str, told: dict[str, Any]) -> None:
    builder = entitlement(graph).assignment_requests.by_access_package_assignment_request_id(
        request
    )
    data = AccessPackageAssignmentRequestCallbackData(
        odata_type="microsoft.graph.accessPackageAssignmentRequestCallbackData",
        stage=CREATED,
        custom_extension_stage_instance_id=told["CustomExtensionStageInstanceId"],
        custom_extension_stage_instance_detail="No conflict found",
    )
    body = ResumePostRequestBody(source="Contoso.SodCheckProcess", type="any", data=data)
    await builder.resume.post(body)


async def approve(graph: GraphServiceClient, request: str) -> None:
    """Find the approval among those that ask the caller, and agree."""
    approvals = entitlement(graph).access_package_assignment_approvals
    asked = there(await approvals.filter_by_current_user_with_on("approver").get())
    assert request in [one.id for one in there(asked.value)]
    stages = approvals.by_approval_id(request).stages
    assert isinstance(stages, StagesRequestBuilder)
    (stage,) = there(there(await stages.get()).value)
    assert stage.assigned_to_me
    decision = ApprovalStage(review_result="Approve", justification="She works with them.")
    await stages.by_approval_stage_id(str(stage.id)).patch(decision)


async def test_from_the_catalog_to_the_audit_log(people: Cast, server: RunningServer) -> None:
    admin, megan = people.administrator, people.megan
    async with ScriptedEndpoint() as endpoint:
        catalog = await make_catalog(admin, "Partners")
        endpoint_of = HttpRequestEndpoint(target_url=endpoint.url)
        extension = await make_extension(admin, catalog, endpoint_of)
        package = await make_package(admin, catalog)
        policy = await make_policy(admin, package, str(extension.id))
        apart = await make_package(admin, await make_catalog(admin, "Auditing"))
        open_policy = await make_open_policy(admin, apart)
        url = f"{server.url}/v1.0/identityGovernance/entitlementManagement/accessPackages/{package}"
        excluded = entitlement(admin).access_packages.by_access_package_id(apart)
        await excluded.incompatible_access_packages.ref.post(ReferenceCreate(odata_id=url))

        # Megan finds the package, sees what it takes, and asks.
        offered = entitlement(megan).access_packages
        found = there(await offered.filter_by_current_user_with_on("allowedRequestor").get())
        assert {package, apart} <= {one.id for one in there(found.value)}
        builder = offered.by_access_package_id(package).get_applicable_policy_requirements
        (told,) = there(there(await builder.post()).value)
        assert (told.policy_id, told.is_approval_required_for_add) == (policy, True)
        (question,) = there(told.questions)
        answer = AccessPackageAnswerString(value="Fabrikam", answered_question=question)
        request = there(
            await entitlement(megan).assignment_requests.post(
                wanted(package, policy, answers=[answer], justification="A new partner.")
            )
        ).id
        (call,) = await endpoint.got(1)

    # The extension and her manager agree.
    payload = call.json()
    assert payload["AccessPackageAssignmentRequestId"] == request
    assert payload["Answers"][0]["Value"] == "Fabrikam"
    await until(admin, request, "WaitingForCallback")
    await resume(admin, request, payload)
    await until(admin, request, "PendingApproval")
    await approve(people.nestor, request)
    await until(admin, request, "FulfilledNotificationTriggered")
    assert MEGAN in await members(admin)
    held = entitlement(megan).assignments.filter_by_current_user_with_on("target")
    assignment = (await with_assignment(admin, request)).assignment
    mine = {one.id: one for one in there(there(await held.get()).value)}
    assert mine[assignment.id].state == AccessPackageAssignmentState.Delivered

    # What is kept apart from it is refused, and nobody has both.
    with pytest.raises(APIError) as refused:
        await entitlement(megan).assignment_requests.post(wanted(apart, open_policy))
    assert refused.value.response_status_code == 400
    pair = entitlement(people.auditor).assignments
    both = pair.additional_access_with_access_package_id_with_incompatible_access_package_id(
        apart, package
    )
    assert there(await both.get()).value == []

    # She gives it back.
    removal = there(
        await entitlement(megan).assignment_requests.post(
            AccessPackageAssignmentRequest(
                request_type=AccessPackageRequestType.UserRemove,
                assignment=AccessPackageAssignment(id=assignment.id),
            )
        )
    ).id
    await until(admin, removal, "FulfilledNotificationTriggered")
    assert MEGAN not in await members(admin)
    ended = await with_assignment(admin, request)
    assert ended.state == AccessPackageRequestState.Delivered
    assert ended.assignment.state == AccessPackageAssignmentState.Expired
    audits = there(await admin.audit_logs.directory_audits.get()).value
    done = {one.activity_display_name for one in there(audits)}
    assert {
        "User requests access package assignment",
        "Resume access package assignment request",
        "Approve access package assignment request",
        "Fulfill access package assignment",
        "Remove access package assignment",
    } <= done
