"""Policies as they are written under beta."""

from __future__ import annotations

from typing import Any

from tests.entitlement.house import BETA, GRAPH, House

POLICIES = f"{BETA}/accessPackageAssignmentPolicies"
MANAGER: dict[str, Any] = {"primaryApprovers": [{"@odata.type": f"{GRAPH}requestorManager"}]}


async def make_policy(house: House, **changes: Any) -> tuple[dict[str, Any], str]:
    """Make a policy under beta, as the published samples do; give what was sent, and its id."""
    alice, bob = await house.person("alice"), await house.person("bob")
    package = await house.package(await house.catalog())
    body: dict[str, Any] = {
        "accessPackageId": package,
        "displayName": "Users with two stages",
        "description": "x",
        "canExtend": True,
        "durationInDays": 365,
        "expirationDateTime": None,
        "requestorSettings": {
            "scopeType": "SpecificDirectorySubjects",
            "acceptRequests": True,
            "allowedRequestors": [backup(alice, False)],
            "isOnBehalfAllowed": False,
        },
        "requestApprovalSettings": {
            "isApprovalRequired": True,
            "isApprovalRequiredForExtension": False,
            "isRequestorJustificationRequired": True,
            "approvalMode": "SingleStage",
            "approvalStages": [
                {
                    "approvalStageTimeOutInDays": 14,
                    "approverInformationVisibility": "default",
                    "isApproverJustificationRequired": True,
                    "isEscalationEnabled": True,
                    "escalationTimeInMinutes": 11520,
                    "primaryApprovers": [
                        {
                            "@odata.type": f"{GRAPH}requestorManager",
                            "managerLevel": 1,
                            "isBackup": False,
                        },
                        backup(bob, True),
                    ],
                    "escalationApprovers": [backup(bob, False)],
                }
            ],
        },
        "accessReviewSettings": {
            "isEnabled": True,
            "recurrenceType": "quarterly",
            "reviewerType": "Reviewers",
            "startDateTime": "2026-04-01T07:59:59.998Z",
            "durationInDays": 25,
            "reviewers": [backup(bob, False)],
            "isAccessRecommendationEnabled": True,
            "isApprovalJustificationRequired": True,
            "accessReviewTimeoutBehavior": "keepAccess",
        },
        "accessPackageNotificationSettings": {"isAssignmentNotificationDisabled": False},
        "questions": [],
        **changes,
    }
    return body, str((await house.post(POLICIES, body))["id"])


def backup(person: str, is_backup: bool) -> dict[str, Any]:
    """Name somebody as beta does."""
    return {
        "@odata.type": f"{GRAPH}singleUser",
        "id": person,
        "description": None,
        "isBackup": is_backup,
    }
