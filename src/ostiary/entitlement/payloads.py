"""What an extension is told about a request: flat, with capital letters.

Keys without a value are left out: trigger schemas take a missing key, and not all of them a null.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from ostiary.directory.objects import Reference
from ostiary.entitlement import policies, requests
from ostiary.entitlement.assignments import Assignment
from ostiary.entitlement.model.catalogs import (
    AccessPackage,
    AccessPackageAssignmentPolicy,
    AccessPackageCatalog,
)
from ostiary.entitlement.model.organizations import ConnectedOrganization
from ostiary.entitlement.model.questions import AccessPackageAnswer, AccessPackageAnswerString
from ostiary.entitlement.states import Request
from ostiary.extensions.callouts import Callout
from ostiary.graph.values import write_duration, write_instant

CALLBACK_ROOT: Final = "/beta"
"""Callback paths are those of beta, whichever root the request came through."""

Json = dict[str, Any]  # whatever JSON can hold


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """A request with everything that is told of it."""

    request: Request
    package: AccessPackage | None
    catalog: AccessPackageCatalog | None
    policy: AccessPackageAssignmentPolicy
    assignment: Assignment | None
    target: Reference | None
    requestor: Reference | None
    organization: ConnectedOrganization | None = None
    """Of which organisation the target is, if they are from elsewhere."""
    answers: Sequence[AccessPackageAnswer] = ()


def ending_payload(callout: Callout, story: Story) -> Json:
    """Say what a callout tells its endpoint before the assignment of a request ends."""
    held, request = story.assignment, story.request
    return {
        "AccessPackageAssignmentRequestId": request.id,
        "CustomExtensionStageInstanceId": callout.id,
        "Stage": callout.stage,
        "AccessPackage": _named(story.package, request.package_id),
        "AccessPackageCatalog": _named(story.catalog, request.catalog_id),
        "Assignment": _known(
            Id=request.assignment_id,
            State=held.state.value if held else None,
            Status=held.status.value if held else None,
            Target=_target(story),
        ),
        "Requestor": _subject(story.requestor, request.requestor_id, full=False),
    }


def legacy_payload(callout: Callout, story: Story) -> Json:
    """Say what a callout tells an endpoint of the older kind."""
    request, target = story.request, story.target
    given = story.assignment if story.assignment and story.assignment.given_at else None
    stage = callout.stage
    return _known(
        AccessPackageId=request.package_id,
        AccessPackageAssignmentRequestId=request.id,
        AccessPackageAssignmentId=given.id if given else None,
        AccessPackageName=story.package.display_name if story.package else None,
        AccessPackagePolicyName=story.policy.display_name or None,
        AccessPackagePolicyId=request.policy_id,
        CatalogId=request.catalog_id,
        CatalogName=story.catalog.display_name if story.catalog else None,
        ConnectedOrganizationName=(story.organization.display_name if story.organization else None),
        CustomExtensionStageInstanceId=callout.id,
        Event=stage[:1].upper() + stage[1:],
        RequestCreatedDateTime=write_instant(request.created_at),
        TargetEmail=target.mail if target else None,
        TargetId=request.target_id,
        TargetDisplayName=target.display_name if target else None,
    )


def payload(callout: Callout, story: Story, *, base_url: str) -> Json:
    """Say what a callout tells its endpoint."""
    request = story.request
    told: Json = {
        "AccessPackageAssignmentRequestId": request.id,
        "CustomExtensionStageInstanceId": callout.id,
        "Stage": callout.stage,
        "RequestType": request.type.value,
        "Answers": _answers(story),
        "State": request.state.value,
        "Status": requests.resting_status(request).value,
        "AccessPackage": _named(story.package, request.package_id),
        "AccessPackageCatalog": _named(story.catalog, request.catalog_id),
        "Assignment": _assignment(story),
        "Requestor": _subject(story.requestor, request.requestor_id, full=False),
    }
    return told | (_callback(callout, request, base_url) if callout.waits else {})


def _callback(callout: Callout, request: Request, base_url: str) -> Json:
    path = (
        "/identityGovernance/entitlementManagement/accessPackageAssignmentRequests/"
        f"{request.id}/resume"
    )
    duration = callout.timeout
    configuration = {"DurationBeforeTimeout": write_duration(duration)} if duration else {}
    return {
        "CallbackUriPath": path,
        "CallbackUri": f"{base_url}{CALLBACK_ROOT}{path}",
        "CallbackConfiguration": configuration,
    }


def _answers(story: Story) -> list[Json]:
    texts = {question.id: question.text for question in policies.questions_of(story.policy)}
    return [_answer(one, texts) for one in story.answers]


def _answer(answer: AccessPackageAnswer, texts: Mapping[str, str | None]) -> Json:
    value = answer.value if isinstance(answer, AccessPackageAnswerString) else None
    question_id = answer.answered_question.id if answer.answered_question else None
    question = {"Id": question_id, "TextString": texts.get(question_id or "")}
    return _known(
        Value=value,
        DisplayValue=answer.display_value or value,
        AnsweredQuestion=_known(**question),
    )


def _assignment(story: Story) -> Json:
    held = story.assignment
    given = held if held and held.given_at else None
    return _known(
        Id=given.id if given else None,
        State=given.state.value if given else None,
        Status=given.status.value if given else None,
        Target=_target(story),
        AssignmentPolicy=_known(
            Id=story.request.policy_id, DisplayName=story.policy.display_name or None
        ),
    )


def _target(story: Story) -> Json:
    told = _subject(story.target, story.request.target_id, full=True)
    if story.organization is None:
        return told
    return told | {"ConnectedOrganization": _named(story.organization, story.organization.id)}


def _subject(known: Reference | None, key: str, *, full: bool) -> Json:
    """Name a subject; its id here is its id in the directory."""
    told = _known(Id=key, ObjectId=key, DisplayName=known.display_name if known else None)
    if not full or known is None:
        return told
    return told | _known(Email=known.mail, PrincipalName=known.user_principal_name)


def _named(
    value: AccessPackage | AccessPackageCatalog | ConnectedOrganization | None, key: str
) -> Json:
    if value is None:
        return {"Id": key}
    return _known(Id=key, DisplayName=value.display_name, Description=value.description)


def _known(**values: Any) -> Json:
    return {name: value for name, value in values.items() if value is not None}
