"""The rules of telling: what has happened in a move, and whom the table names."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from ostiary.entitlement import notices, requests
from ostiary.entitlement.approvals import ReviewResult, Stage, StageStatus
from ostiary.entitlement.letters import SAMPLES, TEMPLATES
from ostiary.entitlement.model.enums import AccessPackageRequestState as RequestState
from ostiary.entitlement.model.enums import AccessPackageRequestType as RequestType
from ostiary.entitlement.notices import TABLE, Audience, Event
from ostiary.entitlement.states import Awaits, Delivery, Phase, Request, RequestStatus
from ostiary.mail.mails import Mail
from ostiary.mail.templates import Templates
from tests.entitlement.makers import make_request
from tests.support.clocks import MONDAY

LANGUAGES = ("en", "de", "fr", "es")


def asked(**changes: Any) -> Request:
    usual: dict[str, Any] = {
        "phase": Phase.APPROVAL,
        "state": RequestState.PENDING_APPROVAL,
        "status": RequestStatus.PENDING_APPROVAL,
        "awaits": Awaits.APPROVAL,
        "needs_approval": True,
    }
    return make_request(**{**usual, **changes})


def writing(**changes: Any) -> Request:
    usual: dict[str, Any] = {
        "phase": Phase.DELIVERY,
        "state": RequestState.DELIVERING,
        "status": RequestStatus.FULFILLING,
        "awaits": Awaits.DELIVERY,
    }
    return make_request(**{**usual, **changes})


def events(
    before: Request, after: Request, *stages: Stage, by: str = "system", over: bool = False
) -> list[Any]:
    return list(notices.of_move(before, after, stages=stages, actor_id=by, is_over=over))


def stage(id: str, status: StageStatus, **changes: Any) -> Stage:
    return Stage(id=id, request_id="request", position=0, turn=0, status=status, **changes)


def test_each_opened_stage_is_told_once() -> None:
    waiting = replace(asked(), awaits=None)

    assert events(waiting, asked()) == [Event.ASKED]
    assert events(asked(), asked(position=1)) == [Event.ASKED]
    assert events(asked(), asked()) == []
    later = stage("later", StageStatus.IN_PROGRESS, is_escalated=True)
    escalated = requests.escalated(asked(), 0)
    assert events(asked(), escalated, later) == [Event.ESCALATED]
    assert events(escalated, escalated, later) == [Event.ESCALATED]
    assert events(escalated, escalated) == []


def test_of_stages_that_are_asked_at_once_those_are_told_of_that_it_happened_to() -> None:
    asked = stage("asked", StageStatus.IN_PROGRESS)
    escalated = stage("escalated", StageStatus.IN_PROGRESS, is_escalated=True)
    earlier = stage("earlier", StageStatus.IN_PROGRESS, is_escalated=True)
    agreed = stage("agreed", StageStatus.COMPLETED, result=ReviewResult.APPROVED)
    denied = stage("denied", StageStatus.COMPLETED, result=ReviewResult.DENIED)
    closed = stage("closed", StageStatus.COMPLETED)
    expired = stage("expired", StageStatus.EXPIRED)
    every = [asked, escalated, earlier, agreed, denied, closed, expired]

    def told(event: Event) -> list[str]:
        return [one.id for one in notices.concerned(event, every, [escalated])]

    assert told(Event.ASKED) == ["asked", "escalated", "earlier"]
    assert told(Event.ESCALATED) == ["escalated"]
    assert told(Event.WITHDRAWN) == ["closed"]
    assert told(Event.DENIED) == ["denied"]
    assert told(Event.UNDECIDED) == ["expired"]
    assert told(Event.GRANTED) == []


@pytest.mark.parametrize(
    ("status", "event"),
    [
        (RequestStatus.DENIED, Event.DENIED),
        (RequestStatus.EXPIRED, Event.UNDECIDED),
        (RequestStatus.DENIED_BY_EXTENSION, Event.STOPPED),
        (RequestStatus.CALLOUT_FAILED, Event.STOPPED),
        (RequestStatus.CALLBACK_TIMED_OUT, Event.STOPPED),
    ],
)
def test_a_denial_is_told_by_its_cause(status: RequestStatus, event: Event) -> None:
    ended = replace(asked(), state=RequestState.DENIED, status=status, awaits=None)

    assert events(asked(), ended) == [event]


def test_passing_the_last_stage_is_an_approval_and_needing_none_is_not() -> None:
    passed = writing(needs_approval=True)

    assert events(replace(asked(), awaits=None), passed) == [Event.APPROVED]
    free = make_request(phase=Phase.APPROVAL)
    assert events(free, writing()) == []


def test_a_cancellation_is_told_to_approvers_and_to_whoever_did_not_cancel() -> None:
    ended = requests.cancel(asked(), now=MONDAY)

    assert events(asked(), ended, by="alice") == [Event.WITHDRAWN]
    assert events(asked(), ended, by="admin") == [Event.WITHDRAWN, Event.CANCELED]
    begun = make_request()
    assert events(begun, requests.cancel(begun, now=MONDAY), by="alice") == []


@pytest.mark.parametrize(
    ("delivery", "event"),
    [(Delivery.PARTIAL, Event.PARTLY_GRANTED), (Delivery.FAILED, Event.FAILED)],
)
def test_a_delivery_that_went_wrong_is_told(delivery: Delivery, event: Event) -> None:
    assert events(writing(), requests.delivered(writing(), delivery, now=MONDAY)) == [event]


@pytest.mark.parametrize(
    ("type_", "event"),
    [
        (RequestType.USER_ADD, Event.GRANTED),
        (RequestType.SYSTEM_ADD, Event.GRANTED),
        (RequestType.USER_UPDATE, Event.CHANGED),
    ],
)
def test_a_delivery_is_told_when_the_request_is_done(type_: RequestType, event: Event) -> None:
    before = writing(type=type_, phase=Phase.OVER, awaits=None)
    after = replace(before, state=RequestState.DELIVERED, status=RequestStatus.FULFILLED)

    assert events(before, after) == [event]


def test_a_removal_is_told_when_the_access_is_gone_and_never_again() -> None:
    before = writing(type=RequestType.SYSTEM_REMOVE, phase=Phase.WITHDRAWAL)
    gone = requests.withdrawn(before, Delivery.COMPLETE, now=MONDAY)
    done = replace(gone, state=RequestState.DELIVERED, status=RequestStatus.FULFILLED)

    assert events(before, gone, over=True) == [Event.EXPIRED]
    assert events(before, gone) == [Event.REMOVED]
    assert events(replace(before, type=RequestType.ADMIN_REMOVE), gone) == [Event.REMOVED]
    assert events(gone, done) == []


def test_nobody_is_told_that_access_is_gone_while_a_part_of_it_is_left() -> None:
    before = writing(type=RequestType.ADMIN_REMOVE, phase=Phase.WITHDRAWAL)

    assert events(before, requests.withdrawn(before, Delivery.FAILED, now=MONDAY)) == []


def test_a_policy_switches_off_what_is_of_the_assignment_and_nothing_else() -> None:
    told = {
        notice.template
        for event in Event
        for notice in notices.told_of(event, make_request(), is_switched_off=True)
    }

    assert told == {notice.template for notice in TABLE if not notice.is_of_assignment}
    assert "approval-requested" in told
    assert "access-granted" not in told


def test_nobody_is_told_as_the_requestor_of_what_the_server_asked_for() -> None:
    automatic = make_request(type=RequestType.SYSTEM_ADD)

    audiences = {
        notice.audience
        for event in Event
        for notice in notices.told_of(event, automatic, is_switched_off=False)
    }

    assert Audience.REQUESTOR not in audiences
    assert Audience.TARGET in audiences


def test_every_event_is_in_the_table_and_every_template_is_used() -> None:
    assert {notice.event for notice in TABLE} == set(Event)
    assert {notice.template for notice in TABLE} == set(SAMPLES)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_template_is_there_in_every_language_and_can_be_written(language: str) -> None:
    from datetime import UTC

    here = {path.stem for path in Path(TEMPLATES.folder, language).iterdir()}
    templates = Templates([TEMPLATES], zone=UTC)

    assert here == set(SAMPLES)
    for name, sample in SAMPLES.items():
        nothing = {k: None if k in OPTIONAL else v for k, v in sample.items()}
        for values in (sample, nothing):
            mail = Mail(
                id="mail",
                template=name,
                language=language,
                recipient_name="Megan",
                values=values,
                created_at=MONDAY,
            )
            said = templates.render(mail)
            assert "Megan" in said.text
            assert "None" not in said.text
            assert f'lang="{language}"' in said.html
    templates.check()


OPTIONAL = {"justification", "reason"}
