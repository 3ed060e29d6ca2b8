"""``azuread_access_package_assignment_policy``: made with POST, changed with PUT."""

from __future__ import annotations

from dataclasses import dataclass

from tests.clients.terraform import EM, Body, Provider, typed
from tests.clients.terraform_blocks import (
    APPROVAL,
    POLICY,
    REQUESTORS,
    REVIEW,
    question,
    read,
    read_question,
    read_stage,
    sent,
    stage,
    subjects,
    users,
)
from tests.clients.terraform_resources import Arguments, Package

BLOCKS = ("requestor_settings", "approval_settings", "assignment_review_settings", "question")
_SETTINGS = ("requestorSettings", "requestApprovalSettings", "accessReviewSettings")


@dataclass(frozen=True)
class Policy:
    """The policy as a resource."""

    path: str = f"{EM}/accessPackageAssignmentPolicies"

    def create(self, provider: Provider, wanted: Arguments) -> str:
        return str(provider.create(self.path, self._body(provider, wanted))["id"])

    def read(self, provider: Provider, id: str) -> Arguments | None:
        found = provider.find(f"{self.path}/{id}")
        return found and arguments(found)

    def update(self, provider: Provider, id: str, wanted: Arguments) -> None:
        body = self._body(provider, wanted)
        provider.call("PUT", f"{self.path}/{id}", body=body, expects={200, 201, 202, 204})

    def delete(self, provider: Provider, id: str) -> None:
        provider.delete(f"{self.path}/{id}")
        assert provider.is_gone(f"{self.path}/{id}")

    def _body(self, provider: Provider, wanted: Arguments) -> Body:
        provider.get(f"{Package.path}/{wanted['access_package_id']}", root="beta")
        return body(wanted)


def body(wanted: Arguments) -> Body:
    """Write a policy as it is sent. A block that is not there is left out."""
    whole = typed("accessPackageAssignmentPolicy", **sent(POLICY, wanted))
    whole["questions"] = [question(each) for each in wanted.get("question", [])]
    for block in wanted.get("requestor_settings", []):
        allowed = users(block.get("requestor", []))
        whole["requestorSettings"] = sent(REQUESTORS, block) | {"allowedRequestors": allowed}
    for block in wanted.get("approval_settings", []):
        stages = [stage(each) for each in block.get("approval_stage", [])]
        whole["requestApprovalSettings"] = sent(APPROVAL, block) | {"approvalStages": stages}
    for block in wanted.get("assignment_review_settings", []):
        reviewers = users(block.get("reviewer", []))
        whole["accessReviewSettings"] = sent(REVIEW, block) | {"reviewers": reviewers}
    return whole


def arguments(found: Body) -> Arguments:
    """Read a policy as Terraform keeps it."""
    requestors, approval, review = (found[name] for name in _SETTINGS)
    return read(POLICY, found) | {
        "requestor_settings": [
            read(REQUESTORS, block) | {"requestor": subjects(block["allowedRequestors"])}
            for block in _one(requestors)
        ],
        "approval_settings": [
            read(APPROVAL, block)
            | {"approval_stage": [read_stage(each) for each in block["approvalStages"]]}
            for block in _one(approval)
        ],
        "assignment_review_settings": [
            read(REVIEW, block) | {"reviewer": subjects(block["reviewers"])}
            for block in _one(review)
        ],
        "question": [read_question(each) for each in found["questions"] or []],
    }


def planned(wanted: Arguments, found: Arguments) -> Arguments:
    """Fill in what is not set, and take from ``found`` what the provider does not compare.

    It overlooks a single block that the configuration leaves out, requests by nobody where no
    scope is configured, and the start of reviews where none is.
    """
    filled = arguments(dict.fromkeys(_SETTINGS) | body(wanted))
    for name in BLOCKS:
        if not filled[name] and len(found[name]) == 1:
            filled[name] = found[name]
    for mine, theirs in zip(
        filled["requestor_settings"], found["requestor_settings"], strict=False
    ):
        if not mine["scope_type"] and theirs["scope_type"] == "NoSubjects":
            mine["scope_type"] = "NoSubjects"
    reviews = zip(
        filled["assignment_review_settings"], found["assignment_review_settings"], strict=False
    )
    for mine, theirs in reviews:
        mine["starting_on"] = mine["starting_on"] or theirs["starting_on"]
    return filled


def _one(block: Body | None) -> list[Body]:
    return [] if block is None else [block]
