"""The rules of one mail."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from ostiary.mail import mails
from ostiary.mail.errors import MailNotResendable
from ostiary.mail.mails import IllegalMove, Mail, MailState, Rendered
from tests.support.clocks import MONDAY

LATER = MONDAY + timedelta(hours=1)
SAID = Rendered(subject="Ready", text="It is ready.", html="<p>It is ready.</p>")


def make_mail(**changes: Any) -> Mail:
    usual: dict[str, Any] = {
        "id": "mail",
        "template": "ready",
        "address": "megan@contoso.example",
        "values": {"thing": "Parcel"},
        "created_at": MONDAY,
    }
    return Mail(**{**usual, **changes})


def test_a_mail_comes_to_one_end() -> None:
    done = mails.sent(mails.written(make_mail(), SAID), now=LATER)

    assert (done.state, done.ended_at, done.attempts) == (MailState.SENT, LATER, 1)
    with pytest.raises(IllegalMove):
        mails.refused(done, "No.", now=LATER)


def test_a_confidential_mail_is_forgotten_once_it_is_sent_and_never_sent_again() -> None:
    secret = mails.written(
        make_mail(is_confidential=True, attributes={"temporaryaccesspass": "p4ss"}), SAID
    )

    done = mails.sent(secret, now=LATER)

    assert done.rendered is None
    assert (done.values, done.attributes) == ({}, {})
    with pytest.raises(MailNotResendable):
        mails.again(done)


@pytest.mark.parametrize("end", [mails.recorded, mails.sent])
def test_sending_again_begins_a_new_round_with_the_same_text(end: Any) -> None:
    done = end(mails.written(make_mail(), SAID), now=LATER)

    fresh = mails.again(done)

    assert (fresh.state, fresh.round, fresh.attempts) == (MailState.QUEUED, 2, 0)
    assert fresh.rendered == SAID
    assert fresh.ended_at is None


def test_a_mail_on_its_way_is_not_sent_twice_and_one_that_waits_keeps_its_round() -> None:
    with pytest.raises(MailNotResendable):
        mails.again(make_mail())

    waiting = mails.postponed(make_mail(), "The mail server answered 451")
    assert mails.again(waiting) == waiting


def test_a_refusal_keeps_its_reason() -> None:
    done = mails.refused(make_mail(), "The mail server answered 550 No such user", now=LATER)

    assert done == replace(
        make_mail(),
        state=MailState.REFUSED,
        reason="The mail server answered 550 No such user",
        attempts=1,
        ended_at=LATER,
    )


def test_states_are_read_in_any_case_and_others_refused_by_name() -> None:
    assert mails.read_state("Sent") is MailState.SENT
    with pytest.raises(ValueError, match="'queued', 'recorded', 'sent', 'refused', 'failed'"):
        mails.read_state("lost")
