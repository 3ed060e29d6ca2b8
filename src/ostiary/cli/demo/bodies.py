"""What is sent: the bodies of the requests that set both stories up."""

from __future__ import annotations

from typing import Any, Final

from ostiary.lifecycle.catalogue import ADD_TO_GROUPS, RUN_CUSTOM_EXTENSION

Json = dict[str, Any]

GRAPH: Final = "#microsoft.graph."
GOVERNANCE: Final = f"{GRAPH}identityGovernance."


def request_extension(url: str) -> Json:
    """Give a custom extension for requests that is called at ``url`` and waited for."""
    return {
        "@odata.type": f"{GRAPH}accessPackageAssignmentRequestWorkflowExtension",
        "displayName": "Separation of duties",
        "endpointConfiguration": {
            "@odata.type": f"{GRAPH}httpRequestEndpoint",
            "targetUrl": url,
        },
        "authenticationConfiguration": {"@odata.type": f"{GRAPH}azureAdPopTokenAuthentication"},
        "callbackConfiguration": {
            "@odata.type": f"{GRAPH}customExtensionCallbackConfiguration",
            "durationBeforeTimeout": "PT1H",
        },
    }


def membership(group: str, resource_id: str) -> Json:
    """Give the role and scope by which a package makes somebody a member of a group."""
    named = {"id": resource_id, "originId": group, "originSystem": "AadGroup"}
    return {
        "role": {
            "displayName": "Member",
            "originId": f"Member_{group}",
            "originSystem": "AadGroup",
            "resource": named,
        },
        "scope": {"originId": group, "originSystem": "AadGroup", "isRootScope": True},
    }


def policy(package: str, extension: str, *, fallback_approver: str) -> Json:
    """Give a policy for all members: an extension is asked first, then the manager."""
    manager = {"@odata.type": f"{GRAPH}requestorManager", "managerLevel": 1}
    fallback = {"@odata.type": f"{GRAPH}singleUser", "userId": fallback_approver}
    return {
        "displayName": "Staff, with the manager's approval",
        "accessPackage": {"id": package},
        "allowedTargetScope": "allMemberUsers",
        "expiration": {"type": "afterDuration", "duration": "P365D"},
        "requestorSettings": {"enableTargetsToSelfAddAccess": True},
        "requestApprovalSettings": {
            "isApprovalRequiredForAdd": True,
            "stages": [
                {
                    "durationBeforeAutomaticDenial": "P2D",
                    "isApproverJustificationRequired": True,
                    "primaryApprovers": [manager],
                    "fallbackPrimaryApprovers": [fallback],
                }
            ],
        },
        "customExtensionStageSettings": [
            {
                "stage": "assignmentRequestCreated",
                "customExtension": {
                    "@odata.type": f"{GRAPH}accessPackageAssignmentRequestWorkflowExtension",
                    "id": extension,
                },
            }
        ],
    }


def task_extension(name: str, url: str, *, app_id: str) -> Json:
    """Give a custom task extension that one application may resume."""
    return {
        "displayName": name,
        "endpointConfiguration": {
            "@odata.type": f"{GRAPH}httpRequestEndpoint",
            "targetUrl": url,
        },
        "authenticationConfiguration": {"@odata.type": f"{GRAPH}azureAdPopTokenAuthentication"},
        "callbackConfiguration": {
            "@odata.type": f"{GOVERNANCE}customTaskExtensionCallbackConfiguration",
            "timeoutDuration": "PT30M",
            "authorizedApps": [{"id": app_id}],
        },
    }


def workflow(order: str, extension: str, join: str, group: str) -> Json:
    """Give a joiner's workflow: a custom task called ``order``, then ``join``, into a group."""
    return {
        "category": "joiner",
        "displayName": "Welcome to Sales",
        "isEnabled": True,
        "isSchedulingEnabled": False,
        "executionConditions": {"@odata.type": f"{GOVERNANCE}onDemandExecutionOnly"},
        "tasks": [
            {
                "displayName": order,
                "taskDefinitionId": RUN_CUSTOM_EXTENSION,
                "isEnabled": True,
                "arguments": [{"name": "customTaskExtensionID", "value": extension}],
            },
            {
                "displayName": join,
                "taskDefinitionId": ADD_TO_GROUPS,
                "isEnabled": True,
                "arguments": [{"name": "groupID", "value": group}],
            },
        ],
    }
