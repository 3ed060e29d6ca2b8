"""For whom a policy is, and which policies come first."""

from __future__ import annotations

from typing import Any

import pytest

from ostiary.entitlement import offers
from ostiary.entitlement.offers import Requestor, Target
from tests.entitlement.house import GRAPH, user
from tests.entitlement.makers import make_policy

ALICE = Target(id="alice", user_type="Member", managers=("mary", "nora"))
SELF = {"enableTargetsToSelfAddAccess": True}


def named(*targets: dict[str, Any], **more: Any) -> dict[str, Any]:
    scope = {"allowedTargetScope": "specificDirectoryUsers"}
    return {**scope, "specificAllowedTargets": list(targets), **more}


def manager(level: int | None) -> dict[str, Any]:
    return {"@odata.type": f"{GRAPH}targetManager", "managerLevel": level}


@pytest.mark.parametrize(
    ("scope", "members", "guests", "applications"),
    [
        ("notSpecified", False, False, False),
        ("allMemberUsers", True, False, False),
        ("allDirectoryUsers", True, True, False),
        ("allDirectoryServicePrincipals", False, False, True),
        ("allDirectoryAgentIdentities", False, False, False),
    ],
)
def test_a_scope_is_for_one_kind_of_targets(
    scope: str, members: bool, guests: bool, applications: bool
) -> None:
    policy = make_policy(allowedTargetScope=scope)
    guest = Target(id="gus", user_type="guest")
    application = Target(id="app", is_person=False)

    found = [offers.is_for(policy, one) for one in (ALICE, guest, application)]

    assert found == [members, guests, applications]


def test_an_administrator_assigns_under_a_policy_that_is_for_nobody() -> None:
    assert offers.is_for(
        make_policy(allowedTargetScope="notSpecified"), ALICE, by_administrator=True
    )


def test_service_principals_are_named_as_such() -> None:
    one = {"@odata.type": f"{GRAPH}singleServicePrincipal", "servicePrincipalId": "app"}
    policy = make_policy(
        allowedTargetScope="specificDirectoryServicePrincipals", specificAllowedTargets=[one]
    )

    assert offers.is_for(policy, Target(id="app", is_person=False))
    assert not offers.is_for(policy, Target(id="app"))


@pytest.mark.parametrize(
    ("askers", "who", "may"),
    [
        ([], "mary", True),
        ([], "nora", False),
        ([manager(1)], "mary", True),
        ([manager(2)], "nora", True),
        ([manager(2)], "mary", False),
        ([manager(4)], "nora", False),
        ([user("bob")], "bob", True),
        ([user("bob")], "mary", False),
        ([{"@odata.type": f"{GRAPH}groupMembers", "groupId": "desk"}], "bob", True),
        ([{"@odata.type": f"{GRAPH}targetAgentIdentitySponsorsOrOwners"}], "mary", False),
    ],
)
def test_the_policy_says_who_asks_for_others(
    askers: list[dict[str, Any]], who: str, may: bool
) -> None:
    settings = {"enableOnBehalfRequestorsToAddAccess": True, "onBehalfRequestors": askers}
    policy = make_policy(requestorSettings=settings)
    requestor = Requestor(id=who, groups=frozenset({"desk"} if who == "bob" else ()))

    assert offers.lets_add(policy, requestor, ALICE) is may


def test_nobody_asks_for_others_where_the_policy_does_not_say_so() -> None:
    policy = make_policy(requestorSettings={"onBehalfRequestors": [user("bob")]})

    assert not offers.lets_add(policy, Requestor(id="bob"), ALICE)


def test_only_the_first_tier_is_offered() -> None:
    by_name = make_policy(displayName="by name", requestorSettings=SELF, **named(user("alice")))
    also = make_policy(displayName="also", requestorSettings=SELF, **named(user("alice")))
    members = make_policy(displayName="members", requestorSettings=SELF)
    everybody = make_policy(
        displayName="everybody", requestorSettings=SELF, allowedTargetScope="allDirectoryUsers"
    )
    all_four = [everybody, members, by_name, also]

    def names(target: Target) -> set[str]:
        found = offers.offered(all_four, Requestor(id=target.id), target)
        return {policy.display_name for policy in found}

    assert names(ALICE) == {"by name", "also"}
    assert names(Target(id="bob", user_type="Member")) == {"members"}
    assert names(Target(id="gus", user_type="Guest")) == {"everybody"}


def test_a_policy_that_takes_no_requests_hides_no_other() -> None:
    by_name = make_policy(displayName="by name", **named(user("alice")))
    members = make_policy(displayName="members", requestorSettings=SELF)

    assert offers.offered([by_name, members], Requestor(id="alice"), ALICE) == [members]
