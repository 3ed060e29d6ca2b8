"""The parts of a policy: how arguments in Terraform's words and properties of a body correspond.

Terraform knows no null: an argument that is not set is false, 0 or empty. Most of those are sent as
null, some as they are, and a null that is read counts as not set.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tests.clients.terraform import Body, typed
from tests.clients.terraform_resources import Arguments

DAY = 24 * 60
NAMED = {"ConnectedOrganizationMembers", "GroupMembers", "SingleUser"}
"""The kinds of subjects that have an id; the others follow from who asks."""


@dataclass(frozen=True)
class Argument:
    """How an argument is spelled in a body, what it is when not set, and how that is sent."""

    spelled: str
    unset: Any
    as_null: bool = True


POLICY = {
    "access_package_id": Argument("accessPackageId", ""),
    "description": Argument("description", ""),
    "display_name": Argument("displayName", ""),
    "duration_in_days": Argument("durationInDays", 0),
    "expiration_date": Argument("expirationDateTime", ""),
    "extension_enabled": Argument("canExtend", False),
}
REQUESTORS = {
    "requests_accepted": Argument("acceptRequests", False),
    "scope_type": Argument("scopeType", ""),
}
APPROVAL = {
    "approval_required": Argument("isApprovalRequired", False, as_null=False),
    "approval_required_for_extension": Argument(
        "isApprovalRequiredForExtension", False, as_null=False
    ),
    "requestor_justification_required": Argument(
        "isRequestorJustificationRequired", False, as_null=False
    ),
}
STAGE = {
    "alternative_approval_enabled": Argument("isEscalationEnabled", False),
    "approval_timeout_in_days": Argument("approvalStageTimeOutInDays", 0),
    "approver_justification_required": Argument("isApproverJustificationRequired", False),
}
REVIEW = {
    "access_recommendation_enabled": Argument(
        "isAccessRecommendationEnabled", False, as_null=False
    ),
    "access_review_timeout_behavior": Argument("accessReviewTimeoutBehavior", "", as_null=False),
    "approver_justification_required": Argument(
        "isApprovalJustificationRequired", False, as_null=False
    ),
    "duration_in_days": Argument("durationInDays", 0, as_null=False),
    "enabled": Argument("isEnabled", False, as_null=False),
    "review_frequency": Argument("recurrenceType", ""),
    "review_type": Argument("reviewerType", ""),
    "starting_on": Argument("startDateTime", ""),
}
QUESTION = {
    "required": Argument("isRequired", False, as_null=False),
    "sequence": Argument("sequence", 0, as_null=False),
}


def sent(table: dict[str, Argument], block: Arguments) -> Body:
    values = {name: block.get(name, argument.unset) for name, argument in table.items()}
    return {
        argument.spelled: None
        if argument.as_null and values[name] == argument.unset
        else values[name]
        for name, argument in table.items()
    }


def read(table: dict[str, Argument], found: Body) -> Arguments:
    return {
        name: argument.unset if found.get(argument.spelled) is None else found[argument.spelled]
        for name, argument in table.items()
    }


def users(blocks: list[Arguments]) -> list[Body]:
    return [_user(block) for block in blocks]


def _user(block: Arguments) -> Body:
    kind = block["subject_type"]
    named = {"id": block.get("object_id", "")} if kind in NAMED else {}
    backup = block.get("backup", False)
    return typed(kind[0].lower() + kind[1:], isBackup=backup, **named)


def subjects(found: list[Body] | None) -> list[Arguments]:
    return [
        {
            "subject_type": _capital(user["@odata.type"].removeprefix("#microsoft.graph.")),
            "backup": bool(user["isBackup"]),
            "object_id": user.get("id") or "",
        }
        for user in found or []
    ]


def _capital(text: str) -> str:
    return text[0].upper() + text[1:]


def stage(block: Arguments) -> Body:
    minutes = block.get("enable_alternative_approval_in_days", 0) * DAY
    return sent(STAGE, block) | {
        "escalationTimeInMinutes": minutes or None,
        "primaryApprovers": users(block.get("primary_approver", [])),
        "escalationApprovers": users(block.get("alternative_approver", [])),
    }


def read_stage(found: Body) -> Arguments:
    return read(STAGE, found) | {
        "enable_alternative_approval_in_days": (found["escalationTimeInMinutes"] or 0) // DAY,
        "primary_approver": subjects(found["primaryApprovers"]),
        "alternative_approver": subjects(found["escalationApprovers"]),
    }


def question(block: Arguments) -> Body:
    asked = sent(QUESTION, block) | {"text": _content(block["text"])}
    if not block.get("choice"):
        return typed("accessPackageTextInputQuestion", **asked)
    choices = [
        {"actualValue": choice["actual_value"], "displayValue": _content(choice["display_value"])}
        for choice in block["choice"]
    ]
    return typed("accessPackageMultipleChoiceQuestion", choices=choices, **asked)


def read_question(found: Body) -> Arguments:
    choices = [
        {
            "actual_value": choice["actualValue"],
            "display_value": _read_content(choice["displayValue"]),
        }
        for choice in found.get("choices") or []
    ]
    return read(QUESTION, found) | {"text": _read_content(found["text"]), "choice": choices}


def _content(blocks: list[Arguments]) -> Body:
    (block,) = blocks
    return {
        "defaultText": block["default_text"],
        "localizedTexts": [
            {"languageCode": text["language_code"], "text": text["content"]}
            for text in block.get("localized_text", [])
        ],
    }


def _read_content(found: Body) -> list[Arguments]:
    texts = [
        {"language_code": text["languageCode"], "content": text["text"]}
        for text in found["localizedTexts"] or []
    ]
    return [{"default_text": found["defaultText"], "localized_text": texts}]
