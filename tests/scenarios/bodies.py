"""Bodies of requests as clients send them; the documented examples are here word for word."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ostiary.lifecycle.catalogue import ADD_TO_GROUPS, RUN_CUSTOM_EXTENSION
from ostiary.storage.ids import new_id
from tests.extensions.endpoints import Call
from tests.scenarios.api import Json

GRAPH = "#microsoft.graph."
GOVERNANCE = f"{GRAPH}identityGovernance."
REQUEST_EXTENSION = f"{GRAPH}accessPackageAssignmentRequestWorkflowExtension"
ASSIGNMENT_EXTENSION = f"{GRAPH}accessPackageAssignmentWorkflowExtension"

CREATED = "assignmentRequestCreated"
APPROVED = "assignmentRequestApproved"
GRANTED = "assignmentRequestGranted"
REMOVED = "assignmentRequestRemoved"

POP: Json = {"@odata.type": f"{GRAPH}azureAdPopTokenAuthentication"}

DOCUMENTED_EXTENSION: Json = {
    "@odata.type": "#microsoft.graph.accessPackageAssignmentRequestWorkflowExtension",
    "displayName": "test_action_0124_email",
    "description": "this is for graph testing only",
    "endpointConfiguration": {
        "@odata.type": "#microsoft.graph.logicAppTriggerEndpointConfiguration",
        "subscriptionId": "38ab2ccc-3747-4567-b36b-9478f5602f0d",
        "resourceGroupName": "test",
        "logicAppWorkflowName": "elm-extension-email",
    },
    "authenticationConfiguration": {
        "@odata.type": "#microsoft.graph.azureAdPopTokenAuthentication"
    },
    "callbackConfiguration": {
        "@odata.type": "microsoft.graph.customExtensionCallbackConfiguration",
        "durationBeforeTimeout": "PT1H",
    },
}
COMPLETED: Json = {
    "data": {"operationStatus": "Completed"},
    "source": "sample",
    "type": "lifecycleEvent",
}
FAILED: Json = {**COMPLETED, "data": {"operationStatus": "Failed"}}


def http_endpoint(url: str) -> Json:
    """Give an endpoint that takes a POST."""
    return {"@odata.type": f"{GRAPH}httpRequestEndpoint", "targetUrl": url}


def group(name: str) -> Json:
    """Give a security group."""
    return {
        "displayName": name,
        "mailEnabled": False,
        "mailNickname": name.replace(" ", "-"),
        "securityEnabled": True,
    }


def extension(url: str, *, wait: str | None = "PT1H", retries: int = 0, **changes: Any) -> Json:
    """Give an extension of a catalog; without ``wait`` it is launched and not waited for."""
    body: Json = {
        "@odata.type": REQUEST_EXTENSION,
        "displayName": "Separation of duties",
        "endpointConfiguration": http_endpoint(url),
        "authenticationConfiguration": POP,
        "clientConfiguration": {"maximumRetries": retries, "timeoutInMilliseconds": 2000},
    }
    if wait is not None:
        body["callbackConfiguration"] = {
            "@odata.type": "microsoft.graph.customExtensionCallbackConfiguration",
            "durationBeforeTimeout": wait,
        }
    return {**body, **changes}


def policy(package: str, *, calls: Iterable[tuple[str, str]] = (), approver: str = "") -> Json:
    """Give a policy that lets all members ask; ``calls`` are pairs of stage and extension."""
    asked = {"@odata.type": f"{GRAPH}singleUser", "userId": approver}
    stage = {"durationBeforeAutomaticDenial": "P2D", "primaryApprovers": [asked]}
    return {
        "displayName": "All staff",
        "accessPackage": {"id": package},
        "allowedTargetScope": "allMemberUsers",
        "expiration": {"type": "noExpiration"},
        "requestorSettings": {"enableTargetsToSelfAddAccess": True},
        "requestApprovalSettings": {
            "isApprovalRequiredForAdd": bool(approver),
            "stages": [stage] if approver else [],
        },
        "customExtensionStageSettings": [
            {"stage": at, "customExtension": {"@odata.type": REQUEST_EXTENSION, "id": id}}
            for at, id in calls
        ],
    }


def deciding(package: str, *stages: Json, **changes: Any) -> Json:
    """Give a policy that lets all members ask, and has these approval stages."""
    return {
        **policy(package),
        "requestApprovalSettings": {"isApprovalRequiredForAdd": True, "stages": list(stages)},
        **changes,
    }


def user(id: str) -> Json:
    """Name one user."""
    return {"@odata.type": f"{GRAPH}singleUser", "userId": id}


def manager(level: int = 1) -> Json:
    """Name the manager of whoever asks."""
    return {"@odata.type": f"{GRAPH}requestorManager", "managerLevel": level}


def members(group: str) -> Json:
    """Name the members of a group."""
    return {"@odata.type": f"{GRAPH}groupMembers", "groupId": group}


def answer(call: Call, **changes: Any) -> Json:
    """Give the documented answer to a callout; ``changes`` to its data, ``None`` leaves out."""
    told = call.json()
    data = {
        "@odata.type": "microsoft.graph.accessPackageAssignmentRequestCallbackData",
        "stage": told["Stage"],
        "customExtensionStageInstanceId": told["CustomExtensionStageInstanceId"],
        "customExtensionStageInstanceDetail": "This user is all verified",
        **changes,
    }
    return {
        "source": "Contoso.SodCheckProcess",
        "type": f"microsoft.graph.accessPackageCustomExtensionStage.{told['Stage']}",
        "data": {name: value for name, value in data.items() if value is not None},
    }


def task_extension(
    url: str, *, wait: str | None = "PT30M", apps: Iterable[str] = (), retries: int = 0
) -> Json:
    """Give a custom task extension that calls ``url``; ``apps`` may resume without permission."""
    body: Json = {
        "displayName": f"Order {new_id()}",  # no two may have the same
        "endpointConfiguration": http_endpoint(url),
        "authenticationConfiguration": POP,
        "clientConfiguration": {"maximumRetries": retries, "timeoutInMilliseconds": 2000},
    }
    if wait is not None:
        body["callbackConfiguration"] = {
            "@odata.type": f"{GOVERNANCE}customTaskExtensionCallbackConfiguration",
            "timeoutDuration": wait,
            "authorizedApps": [{"id": app} for app in apps],
        }
    return body


def custom_task(extension_id: str, *, name: str = "Order", go_on: bool = False) -> Json:
    """Give a task that calls an extension."""
    arguments = {"customTaskExtensionID": extension_id}
    return _task(RUN_CUSTOM_EXTENSION, name, go_on=go_on, arguments=arguments)


def joining_task(group: str, *, name: str = "Join") -> Json:
    """Give a task that puts people into a group."""
    return _task(ADD_TO_GROUPS, name, go_on=False, arguments={"groupID": group})


def workflow(name: str, tasks: Iterable[Json]) -> Json:
    """Give a workflow that runs on demand."""
    return {
        "category": "joiner",
        "displayName": name,
        "isEnabled": True,
        "isSchedulingEnabled": False,
        "executionConditions": {"@odata.type": f"{GOVERNANCE}onDemandExecutionOnly"},
        "tasks": list(tasks),
    }


def _task(definition: str, name: str, *, go_on: bool, arguments: dict[str, str]) -> Json:
    return {
        "taskDefinitionId": definition,
        "displayName": name,
        "isEnabled": True,
        "continueOnError": go_on,
        "arguments": [{"name": n, "value": v} for n, v in arguments.items()],
    }
