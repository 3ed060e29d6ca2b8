"""Terraform plans nothing anew for a policy that it has just written, whatever is in its blocks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from ostiary.directory.seed import person_id
from tests.clients.terraform import EM, Provider, typed
from tests.clients.terraform_examples import (
    BASIC,
    COMPLETE,
    IT,
    OF_THE_MANUAL,
    SIMPLE,
    members,
)
from tests.clients.terraform_policies import Policy, planned
from tests.clients.terraform_resources import Arguments, Catalog, Package


@pytest.fixture(scope="module")
def package(provider: Provider) -> Iterator[str]:
    """A package to have policies."""
    texts = {"display_name": "Policies", "description": "Of Terraform"}
    catalog = Catalog().create(provider, texts | {"externally_visible": True, "published": True})
    id = Package().create(provider, texts | {"catalog_id": catalog, "hidden": False})
    yield id
    Package().delete(provider, id)
    Catalog().delete(provider, catalog)


@pytest.mark.parametrize(
    "wanted",
    [SIMPLE, BASIC, COMPLETE, OF_THE_MANUAL],
    ids=["simple", "basic", "complete", "of the manual"],
)
def test_a_policy_is_made_planned_without_a_change_and_destroyed(
    provider: Provider, package: str, wanted: Arguments
) -> None:
    policies, whole = Policy(), wanted | {"access_package_id": package}

    id = policies.create(provider, whole)
    found = policies.read(provider, id)
    assert found is not None
    assert found == planned(whole, found)

    policies.delete(provider, id)
    assert policies.read(provider, id) is None


def test_a_policy_grows_shrinks_and_is_the_same_when_it_is_imported(
    provider: Provider, package: str
) -> None:
    """A block that leaves the configuration is left out of the PUT, and is gone afterwards."""
    id = Policy().create(provider, BASIC | {"access_package_id": package})

    for wanted in (COMPLETE, BASIC, SIMPLE, COMPLETE, SIMPLE):
        whole = wanted | {"access_package_id": package}
        Policy().update(provider, id, whole)
        imported = Policy().read(provider, id)
        assert imported is not None
        assert imported == planned(whole, imported)

    left = Policy().read(provider, id)
    assert left is not None
    assert left["approval_settings"] == left["question"] == []
    Policy().delete(provider, id)


@pytest.mark.parametrize(
    "block",
    [
        {"scope_type": "NoSubjects"},
        {"requests_accepted": True},
        {"scope_type": "AllExistingDirectorySubjects", "requests_accepted": True},
        {"scope_type": "AllExternalSubjects", "requests_accepted": True},
        {"scope_type": "AllConfiguredConnectedOrganizationSubjects", "requests_accepted": True},
    ],
)
def test_every_scope_of_requestors_is_read_as_it_was_written(
    provider: Provider, package: str, block: Arguments
) -> None:
    _assert_kept(provider, package, requestor_settings=[block])


def test_two_words_for_everybody_of_connected_organisations_are_read_as_one(
    provider: Provider, package: str
) -> None:
    """v1.0 has one word for both, and that is kept: Terraform would change the other for ever."""
    block = {"scope_type": "AllExistingConnectedOrganizationSubjects", "requests_accepted": True}
    wanted = SIMPLE | {"access_package_id": package, "requestor_settings": [block]}

    id = Policy().create(provider, wanted)

    found = Policy().read(provider, id)
    assert found is not None
    (kept,) = found["requestor_settings"]
    assert kept["scope_type"] == "AllConfiguredConnectedOrganizationSubjects"
    Policy().delete(provider, id)


def test_people_of_a_connected_organisation_are_read_as_they_were_written(
    provider: Provider, package: str
) -> None:
    body = typed(
        "connectedOrganization",
        displayName="Fabrikam",
        description="Partners",
        state="configured",
        identitySources=[
            typed("externalDomainFederation", domainName="fabrikam.example", displayName="F")
        ],
    )
    organisation = provider.create(f"{EM}/connectedOrganizations", body)
    people = {"subject_type": "ConnectedOrganizationMembers", "object_id": organisation["id"]}

    block = {"scope_type": "SpecificConnectedOrganizationSubjects", "requests_accepted": True}
    _assert_kept(provider, package, requestor_settings=[block | {"requestor": [people]}])


@pytest.mark.parametrize(
    "approver",
    [
        {"subject_type": "SingleUser", "object_id": person_id("lee")},
        {"subject_type": "RequestorManager"},
        {"subject_type": "InternalSponsors"},
        {"subject_type": "ExternalSponsors"},
        {"subject_type": "TargetUserSponsors"},
    ],
    ids=lambda approver: str(approver["subject_type"]),
)
def test_every_kind_of_approver_is_read_as_it_was_written(
    provider: Provider, package: str, approver: Arguments
) -> None:
    stage = {
        "approval_timeout_in_days": 7,
        "primary_approver": [approver, members(IT, backup=True)],
    }

    _assert_kept(
        provider,
        package,
        requestor_settings=[{"scope_type": "AllExistingDirectoryMemberUsers"}],
        approval_settings=[{"approval_required": True, "approval_stage": [stage]}],
    )


@pytest.mark.parametrize("frequency", ["weekly", "monthly", "quarterly", "halfyearly", "annual"])
@pytest.mark.parametrize("kind", ["Self", "Manager"])
def test_every_kind_of_review_is_read_as_it_was_written(
    provider: Provider, package: str, frequency: str, kind: str
) -> None:
    block = {
        "enabled": True,
        "review_frequency": frequency,
        "review_type": kind,
        "duration_in_days": 5,
        "access_review_timeout_behavior": "removeAccess",
    }
    if kind == "Manager":
        block["reviewer"] = [members(IT, backup=True)]

    _assert_kept(provider, package, assignment_review_settings=[block])


@pytest.mark.parametrize(
    "block",
    [
        {"enabled": False, "review_type": "Self"},
        {"enabled": False, "duration_in_days": 5},
        {"access_recommendation_enabled": True},
    ],
)
def test_a_review_that_is_switched_off_needs_nothing_else(
    provider: Provider, package: str, block: Arguments
) -> None:
    """What is not set is an empty text here, even where the published values know none."""
    _assert_kept(provider, package, assignment_review_settings=[block])


def test_questions_without_a_sequence_stay_in_their_order(provider: Provider, package: str) -> None:
    asked = [{"text": [{"default_text": text}]} for text in ("Third?", "First?", "Second?")]

    _assert_kept(provider, package, question=asked)


def test_approval_that_is_not_required_keeps_its_block(provider: Provider, package: str) -> None:
    _assert_kept(provider, package, approval_settings=[{"requestor_justification_required": True}])


def _assert_kept(provider: Provider, package: str, **blocks: Any) -> None:
    """Make a policy with these blocks, and see that nothing is planned for it afterwards."""
    wanted = SIMPLE | {"access_package_id": package} | blocks
    id = Policy().create(provider, wanted)
    try:
        found = Policy().read(provider, id)
        assert found is not None
        assert found == planned(wanted, found)
        Policy().update(provider, id, wanted)
        assert Policy().read(provider, id) == found
    finally:
        Policy().delete(provider, id)
