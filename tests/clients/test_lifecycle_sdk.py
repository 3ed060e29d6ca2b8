"""The published Graph SDK runs a workflow whose custom task waits and is resumed."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from kiota_abstractions.api_error import APIError
from msgraph.generated.identity_governance.lifecycle_workflows.workflows.item.microsoft_graph_identity_governance_activate.activate_post_request_body import (  # noqa: E501
    ActivatePostRequestBody,
)
from msgraph.generated.identity_governance.lifecycle_workflows.workflows.item.microsoft_graph_identity_governance_activate_and_wait.activate_and_wait_post_request_body import (  # noqa: E501
    ActivateAndWaitPostRequestBody,
)
from msgraph.generated.identity_governance.lifecycle_workflows.workflows.item.tasks.item.task_processing_results.item.microsoft_graph_identity_governance_resume.resume_post_request_body import (  # noqa: E501
    ResumePostRequestBody,
)
from msgraph.generated.models.azure_ad_pop_token_authentication import (
    AzureAdPopTokenAuthentication,
)
from msgraph.generated.models.http_request_endpoint import HttpRequestEndpoint
from msgraph.generated.models.identity_governance.custom_task_extension import CustomTaskExtension
from msgraph.generated.models.identity_governance.custom_task_extension_callback_configuration import (  # noqa: E501
    CustomTaskExtensionCallbackConfiguration,
)
from msgraph.generated.models.identity_governance.custom_task_extension_callback_data import (
    CustomTaskExtensionCallbackData,
)
from msgraph.generated.models.identity_governance.custom_task_extension_operation_status import (
    CustomTaskExtensionOperationStatus,
)
from msgraph.generated.models.identity_governance.directory_object_workflow_subject import (
    DirectoryObjectWorkflowSubject,
)
from msgraph.generated.models.identity_governance.lifecycle_workflow_category import (
    LifecycleWorkflowCategory,
)
from msgraph.generated.models.identity_governance.lifecycle_workflow_processing_status import (
    LifecycleWorkflowProcessingStatus,
)
from msgraph.generated.models.identity_governance.on_demand_execution_only import (
    OnDemandExecutionOnly,
)
from msgraph.generated.models.identity_governance.task import Task
from msgraph.generated.models.identity_governance.workflow import Workflow
from msgraph.generated.models.key_value_pair import KeyValuePair
from msgraph.generated.models.user import User
from msgraph.graph_service_client import GraphServiceClient

from ostiary.directory.seed import group_id, person_id
from tests.extensions.endpoints import ScriptedEndpoint
from tests.support.waiting import eventually

CUSTOM_TASK = "4262b724-8dba-4fad-afc3-43fcbb497a0e"
ADD_TO_GROUPS = "22085229-5809-45e8-97fd-270d28d66910"
GROUP = group_id("Finance team")


async def make_extension(graph: GraphServiceClient, url: str) -> CustomTaskExtension:
    made = await graph.identity_governance.lifecycle_workflows.custom_task_extensions.post(
        CustomTaskExtension(
            display_name=f"Order a laptop at {url}",
            endpoint_configuration=HttpRequestEndpoint(target_url=url),
            authentication_configuration=AzureAdPopTokenAuthentication(),
            callback_configuration=CustomTaskExtensionCallbackConfiguration(
                timeout_duration=timedelta(minutes=30)
            ),
        )
    )
    assert made is not None
    return made


async def make_workflow(graph: GraphServiceClient, extension_id: str) -> Workflow:
    made = await graph.identity_governance.lifecycle_workflows.workflows.post(
        Workflow(
            category=LifecycleWorkflowCategory.Joiner,
            display_name=f"Onboard with {extension_id}",
            is_enabled=True,
            is_scheduling_enabled=False,
            execution_conditions=OnDemandExecutionOnly(),
            tasks=[
                Task(
                    display_name="Laptop",
                    task_definition_id=CUSTOM_TASK,
                    is_enabled=True,
                    continue_on_error=False,
                    arguments=[KeyValuePair(name="customTaskExtensionID", value=extension_id)],
                ),
                Task(
                    display_name="Group",
                    task_definition_id=ADD_TO_GROUPS,
                    is_enabled=True,
                    continue_on_error=False,
                    arguments=[KeyValuePair(name="groupID", value=GROUP)],
                ),
            ],
        )
    )
    assert made is not None
    return made


@pytest.mark.parametrize(("verdict", "alias"), [("Completed", "megan"), ("Failed", "adele")])
async def test_a_custom_task_is_called_out_resumed_and_followed_by_the_next(
    graph: GraphServiceClient, verdict: str, alias: str
) -> None:
    person = person_id(alias)
    async with ScriptedEndpoint() as endpoint:
        extension = await make_extension(graph, endpoint.url)
        workflow = await make_workflow(graph, extension.id or "")
        builder = graph.identity_governance.lifecycle_workflows.workflows.by_workflow_id(
            workflow.id or ""
        )
        await builder.microsoft_graph_identity_governance_activate.post(
            ActivatePostRequestBody(subjects=[User(id=person)])
        )
        (call,) = await endpoint.got(1)
    data = call.json()["data"]
    assert data["subject"]["id"] == person
    assert call.headers["authorization"].startswith("PoP ")
    result = builder.tasks.by_task_id(
        data["task"]["id"]
    ).task_processing_results.by_task_processing_result_id(data["taskProcessingResult"]["id"])
    status = (
        CustomTaskExtensionOperationStatus.Completed
        if verdict == "Completed"
        else CustomTaskExtensionOperationStatus.Failed
    )
    body = ResumePostRequestBody(
        source="sample",
        type="lifecycleEvent",
        data=CustomTaskExtensionCallbackData(operation_status=status),
    )

    await result.microsoft_graph_identity_governance_resume.post(body)
    await result.microsoft_graph_identity_governance_resume.post(body)

    expected = (
        LifecycleWorkflowProcessingStatus.Completed
        if verdict == "Completed"
        else LifecycleWorkflowProcessingStatus.Failed
    )

    async def has_ended() -> bool:
        runs = await builder.runs.get()
        assert runs is not None
        assert runs.value is not None
        return [run.processing_status for run in runs.value] == [expected]

    await eventually(has_ended)
    members = await graph.groups.by_group_id(GROUP).members.get()
    assert members is not None
    is_member = person in [member.id for member in members.value or []]
    assert is_member == (verdict == "Completed")


async def test_a_call_waits_for_the_end_of_the_run(graph: GraphServiceClient) -> None:
    async with ScriptedEndpoint() as endpoint:
        extension = await make_extension(graph, endpoint.url)
        workflow = await make_workflow(graph, extension.id or "")
        builder = graph.identity_governance.lifecycle_workflows.workflows.by_workflow_id(
            workflow.id or ""
        )
        waiting = asyncio.create_task(
            builder.microsoft_graph_identity_governance_activate_and_wait.post(
                ActivateAndWaitPostRequestBody(
                    subject=DirectoryObjectWorkflowSubject(
                        directory_object=User(id=person_id("rosa"))
                    )
                )
            )
        )
        (call,) = await endpoint.got(1)
        data = call.json()["data"]
        result = builder.tasks.by_task_id(
            data["task"]["id"]
        ).task_processing_results.by_task_processing_result_id(data["taskProcessingResult"]["id"])
        status = CustomTaskExtensionOperationStatus.Completed
        answer = CustomTaskExtensionCallbackData(operation_status=status)
        await result.microsoft_graph_identity_governance_resume.post(
            ResumePostRequestBody(source="sample", type="lifecycleEvent", data=answer)
        )

        ended = await waiting

    assert ended is not None
    assert ended.processing_status is LifecycleWorkflowProcessingStatus.Completed
    summary = await builder.subject_processing_results.microsoft_graph_identity_governance_summary_with_start_date_time_with_end_date_time(  # noqa: E501
        datetime.now(UTC) + timedelta(hours=1), datetime.now(UTC) - timedelta(hours=1)
    ).get()
    assert summary is not None
    assert (summary.successful_subjects, summary.total_tasks) == (1, 2)


async def test_a_refusal_reaches_the_caller_as_an_error_with_a_code(
    graph: GraphServiceClient,
) -> None:
    with pytest.raises(APIError) as caught:
        await graph.identity_governance.lifecycle_workflows.workflows.by_workflow_id(
            "00000000-0000-4000-8000-000000000000"
        ).get()

    assert caught.value.response_status_code == 404
    error = caught.value.error  # type: ignore[attr-defined]  # ODataError's
    assert error.code
    assert error.inner_error.request_id
