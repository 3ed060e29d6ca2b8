"""Who is asked, who may decide, and when."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from ostiary.entitlement import approvals, approvers
from ostiary.entitlement.approvals import (
    Chair,
    Reviewer,
    ReviewResult,
    Seat,
    Stage,
    StageStatus,
)
from ostiary.entitlement.approvers import Surroundings
from ostiary.entitlement.errors import (
    AlreadyDecided,
    JustificationRequired,
    NotAnApprover,
    StageClosed,
)
from ostiary.entitlement.model.policies import AccessPackageApprovalStage
from ostiary.graph.errors import InvalidModel
from ostiary.graph.reading import Reader
from tests.support.clocks import MONDAY

BOB = {"@odata.type": "#microsoft.graph.singleUser", "userId": "bob"}
ALICE = {"@odata.type": "#microsoft.graph.singleUser", "userId": "alice"}
TEAM = {"@odata.type": "#microsoft.graph.groupMembers", "groupId": "team"}
MANAGER = {"@odata.type": "#microsoft.graph.requestorManager", "managerLevel": 1}
SECOND_MANAGER = {"@odata.type": "#microsoft.graph.requestorManager", "managerLevel": 2}


def setting(**body: Any) -> AccessPackageApprovalStage:
    return Reader().create(AccessPackageApprovalStage, body)


def around(**changes: Any) -> Surroundings:
    usual: dict[str, Any] = {
        "target_id": "alice",
        "requestor_id": "alice",
        "managers": {"alice": "mary", "mary": "max"},
        "users": {"bob", "alice"},
        "members": {"team": {"tom", "alice"}},
    }
    return Surroundings(**{**usual, **changes})


def opened(**body: Any) -> Stage:
    stage = Stage(id="stage", request_id="request", position=0, turn=0)
    return approvals.opened(stage, setting(**body), now=MONDAY)


def reviewer(*chairs: Chair, id: str = "bob", is_concerned: bool = False) -> Reviewer:
    return Reviewer(id=id, chairs=frozenset(chairs), is_concerned=is_concerned)


def decide(stage: Stage, by: Reviewer, result: ReviewResult = ReviewResult.APPROVED) -> Stage:
    return approvals.decide(stage, result, by, justification="fine", now=MONDAY)


@pytest.mark.parametrize(
    ("approver", "asked"),
    [(BOB, "bob"), (TEAM, "team"), (MANAGER, "mary"), (SECOND_MANAGER, "max")],
)
def test_users_groups_and_managers_are_asked(approver: dict[str, Any], asked: str) -> None:
    seats = approvers.seats(setting(primaryApprovers=[approver]), around())

    assert seats == {Seat(asked, Chair.PRIMARY)}


@pytest.mark.parametrize("approver", [ALICE, MANAGER, TEAM])
def test_the_fallback_is_asked_when_nobody_else_can_decide(approver: dict[str, Any]) -> None:
    alone = around(managers={}, members={"team": {"alice"}})

    seats = approvers.seats(
        setting(primaryApprovers=[approver], fallbackPrimaryApprovers=[BOB]), alone
    )

    assert Seat("bob", Chair.FALLBACK) in seats


def test_a_user_or_group_that_is_gone_is_not_asked() -> None:
    gone = around(users=set(), members={})

    assert approvers.seats(setting(primaryApprovers=[BOB, TEAM]), gone) == frozenset()


def test_the_time_to_decide_counts_from_the_opening_and_is_fourteen_days_if_none_is_given() -> None:
    assert opened(durationBeforeAutomaticDenial="P2D").due_at == MONDAY + timedelta(days=2)
    assert opened().due_at == MONDAY + timedelta(days=14)


def test_one_decision_completes_a_stage_and_the_next_one_is_too_late() -> None:
    decided = decide(opened(), reviewer(Chair.PRIMARY))

    assert (decided.status, decided.result) == (StageStatus.COMPLETED, ReviewResult.APPROVED)
    assert (decided.reviewer_id, decided.reviewed_at) == ("bob", MONDAY)
    with pytest.raises(AlreadyDecided):
        decide(decided, reviewer(Chair.PRIMARY, id="mary"))
    with pytest.raises(AlreadyDecided):
        decide(decided, reviewer(Chair.PRIMARY), ReviewResult.DENIED)


def test_the_same_decision_of_the_same_person_again_changes_nothing() -> None:
    decided = decide(opened(), reviewer(Chair.PRIMARY))

    assert decide(decided, reviewer(Chair.PRIMARY)) == decided


@pytest.mark.parametrize(
    "by",
    [
        reviewer(),
        reviewer(Chair.ESCALATION),
        reviewer(Chair.PRIMARY, id="alice", is_concerned=True),
    ],
    ids=["not asked", "not yet asked", "their own request"],
)
def test_only_those_who_are_asked_decide_and_never_about_themselves(by: Reviewer) -> None:
    with pytest.raises(NotAnApprover):
        decide(opened(), by)


def test_escalation_adds_approvers_and_takes_none_away() -> None:
    body = {
        "isEscalationEnabled": True,
        "durationBeforeEscalation": "PT8H",
        "durationBeforeAutomaticDenial": "P2D",
    }
    stage = opened(**body)

    early = approvals.escalate(stage, now=MONDAY + timedelta(hours=7))
    later = approvals.escalate(stage, now=MONDAY + timedelta(hours=8))

    assert early == stage
    assert decide(later, reviewer(Chair.ESCALATION)).result is ReviewResult.APPROVED
    assert decide(later, reviewer(Chair.PRIMARY)).result is ReviewResult.APPROVED


def test_a_decision_on_the_deadline_is_too_late() -> None:
    stage = opened(durationBeforeAutomaticDenial="P2D")
    deadline = MONDAY + timedelta(days=2)

    with pytest.raises(StageClosed):
        approvals.decide(
            stage, ReviewResult.APPROVED, reviewer(Chair.PRIMARY), justification="", now=deadline
        )
    assert approvals.expire(stage, now=deadline).status is StageStatus.EXPIRED
    assert approvals.expire(stage, now=deadline - timedelta(seconds=1)) == stage


def test_a_stage_whose_turn_has_not_come_cannot_be_decided() -> None:
    later = Stage(id="stage", request_id="request", position=1, turn=1)

    with pytest.raises(StageClosed):
        decide(later, reviewer(Chair.PRIMARY))


def test_stages_that_are_asked_at_once_agree_when_each_of_them_does() -> None:
    first = opened()
    second = replace(first, id="second", position=1)
    before = replace(first, id="before", turn=1)

    agreed = decide(first, reviewer(Chair.PRIMARY))
    assert not approvals.is_agreed([agreed, second, before], 0)
    both = [agreed, decide(second, reviewer(Chair.PRIMARY))]
    assert approvals.is_agreed([*both, before], 0)
    no = decide(second, reviewer(Chair.PRIMARY), ReviewResult.DENIED)
    assert not approvals.is_agreed([agreed, no], 0)


def test_a_reason_is_asked_for_where_the_stage_wants_one() -> None:
    stage = replace(opened(), needs_justification=True)

    with pytest.raises(JustificationRequired) as caught:
        approvals.decide(
            stage, ReviewResult.DENIED, reviewer(Chair.PRIMARY), justification=" ", now=MONDAY
        )
    assert caught.value.target == "justification"


@pytest.mark.parametrize("word", ["Approve", "approved", "Deny", "DENIED"])
def test_decisions_are_read_in_all_their_words(word: str) -> None:
    wanted = ReviewResult.APPROVED if word.lower().startswith("a") else ReviewResult.DENIED

    assert approvals.read_result(word) is wanted


@pytest.mark.parametrize("word", [None, "", "NotReviewed", "maybe"])
def test_no_other_word_is_a_decision(word: str | None) -> None:
    with pytest.raises(InvalidModel):
        approvals.read_result(word)
