"""Policies as a configuration has them, from the least to everything at once."""

from __future__ import annotations

from typing import Any

from ostiary.directory.seed import group_id, person_id
from tests.clients.terraform_resources import Arguments

SALES, FINANCE, IT = (
    group_id(name) for name in ("Sales team", "Finance team", "IT administrators")
)


def members(group: str, **more: Any) -> Arguments:
    """Name the members of a group."""
    return {"subject_type": "GroupMembers", "object_id": group, **more}


SIMPLE: Arguments = {"display_name": "Nobody yet", "description": "Access is given by hand"}
BASIC: Arguments = {
    "display_name": "Everybody",
    "description": "One stage",
    "duration_in_days": 90,
    "requestor_settings": [{"scope_type": "AllExistingDirectoryMemberUsers"}],
    "approval_settings": [
        {
            "approval_required": True,
            "approval_stage": [
                {"approval_timeout_in_days": 14, "primary_approver": [members(IT)]},
            ],
        }
    ],
    "assignment_review_settings": [
        {
            "enabled": True,
            "review_frequency": "weekly",
            "duration_in_days": 3,
            "review_type": "Self",
            "access_review_timeout_behavior": "keepAccess",
        }
    ],
    "question": [{"text": [{"default_text": "hello, how are you?"}]}],
}
COMPLETE: Arguments = {
    "display_name": "The sales team",
    "description": "Two stages",
    "extension_enabled": True,
    "expiration_date": "2096-09-23T01:02:03Z",
    "requestor_settings": [
        {
            "scope_type": "SpecificDirectorySubjects",
            "requests_accepted": True,
            "requestor": [
                members(SALES),
                {"subject_type": "SingleUser", "object_id": person_id("diego")},
            ],
        }
    ],
    "approval_settings": [
        {
            "approval_required": True,
            "approval_required_for_extension": True,
            "requestor_justification_required": True,
            "approval_stage": [
                {
                    "approval_timeout_in_days": 14,
                    "approver_justification_required": True,
                    "alternative_approval_enabled": True,
                    "enable_alternative_approval_in_days": 8,
                    "primary_approver": [
                        {"subject_type": "RequestorManager"},
                        members(IT, backup=True),
                    ],
                    "alternative_approver": [members(FINANCE)],
                },
                {
                    "approval_timeout_in_days": 7,
                    "primary_approver": [members(FINANCE), members(IT, backup=True)],
                },
            ],
        }
    ],
    "assignment_review_settings": [
        {
            "enabled": True,
            "review_frequency": "annual",
            "review_type": "Reviewers",
            "duration_in_days": 10,
            "access_recommendation_enabled": True,
            "approver_justification_required": True,
            "access_review_timeout_behavior": "acceptAccessRecommendation",
            "starting_on": "2027-01-01T00:00:00Z",
            "reviewer": [members(FINANCE)],
        }
    ],
    "question": [
        {
            "required": True,
            "sequence": 1,
            "text": [
                {
                    "default_text": "What for?",
                    "localized_text": [
                        {"language_code": "DE", "content": "Wozu?"},
                        {"language_code": "FR", "content": "Pour quoi faire ?"},
                    ],
                }
            ],
        },
        {
            "sequence": 2,
            "choice": [
                {
                    "actual_value": "often",
                    "display_value": [
                        {
                            "default_text": "Every day",
                            "localized_text": [{"language_code": "DE", "content": "Täglich"}],
                        }
                    ],
                },
                {"actual_value": "seldom", "display_value": [{"default_text": "Sometimes"}]},
            ],
            "text": [{"default_text": "How often?"}],
        },
    ],
}
OF_THE_MANUAL: Arguments = {
    "display_name": "Members",
    "description": "Everybody, with the manager's consent",
    "duration_in_days": 90,
    "extension_enabled": True,
    "requestor_settings": [
        {"scope_type": "AllExistingDirectoryMemberUsers", "requests_accepted": True}
    ],
    "approval_settings": [
        {
            "approval_required": True,
            "requestor_justification_required": True,
            "approval_stage": [
                {
                    "approval_timeout_in_days": 14,
                    "alternative_approval_enabled": True,
                    "enable_alternative_approval_in_days": 8,
                    "primary_approver": [
                        {"subject_type": "RequestorManager"},
                        members(SALES, backup=True),
                    ],
                    "alternative_approver": [members(SALES)],
                }
            ],
        }
    ],
    "question": [
        {
            "required": True,
            "sequence": 1,
            "text": [
                {
                    "default_text": "What for?",
                    "localized_text": [{"language_code": "DE", "content": "Wozu?"}],
                }
            ],
        }
    ],
}
