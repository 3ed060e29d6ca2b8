"""Mails: their states, and the only functions that move them.

A mail is queued once, and comes to one end: it was sent, it was only recorded because no mail
server is set, the mail server refused it, or it failed for a reason of ours. Sending one again
begins a new round, whose message has an id of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

import msgspec
from msgspec.structs import replace

from ostiary.mail.errors import MailNotResendable


class MailState(StrEnum):
    """Where a mail stands."""

    QUEUED = "queued"
    """It is to be sent, for the first time or after the mail server could not take it."""

    RECORDED = "recorded"
    """No mail server is set: it was written and kept, and did not leave the machine."""

    SENT = "sent"
    """The mail server has taken it."""

    REFUSED = "refused"
    """The mail server will not take it, whenever it is asked."""

    FAILED = "failed"
    """It could not be written, had no address, or the mail server took nothing for too long."""


ALLOWED: Final[dict[MailState, frozenset[MailState]]] = {
    MailState.QUEUED: frozenset(
        {MailState.RECORDED, MailState.SENT, MailState.REFUSED, MailState.FAILED}
    ),
    MailState.RECORDED: frozenset({MailState.QUEUED}),
    MailState.SENT: frozenset({MailState.QUEUED}),
    MailState.REFUSED: frozenset({MailState.QUEUED}),
    MailState.FAILED: frozenset({MailState.QUEUED}),
}


def read_state(text: str) -> MailState:
    """Read the name of a state, in any case.

    :raises ValueError: there is no such state; the message lists them.
    """
    try:
        return MailState(text.strip().lower())
    except ValueError:
        names = ", ".join(f"'{state}'" for state in MailState)
        raise ValueError(f"must be one of {names}") from None


NO_ADDRESS: Final = "The recipient has no mail address in the directory."


class About(msgspec.Struct, frozen=True):
    """What a mail is about: the kind of an object and its id."""

    kind: str
    id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """How a mail looks, where it is not as the settings have it."""

    sender_domain: str | None = None
    """The domain of the sender's address, instead of that of the setting."""
    is_branded: bool = True
    """Whether it shows the organisation's logo."""
    has_notice: bool = False
    """Whether it warns that its text was written by the organisation."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendered:
    """What a mail says."""

    subject: str
    text: str
    html: str


class NewMail(msgspec.Struct, frozen=True, kw_only=True):
    """A mail to one person, to be written from a template in their language.

    ``to`` is somebody in the directory, unless ``address`` says where it goes. ``values`` are what
    the template may name. A custom subject or body takes the place of the template's, and may hold
    dynamic attributes; their values are ``attributes`` (see ``attributes.of``). A confidential
    mail, such as one with a temporary access pass, is shown to nobody and forgotten once it is
    sent.
    """

    template: str
    to: str | None = None
    address: str | None = None
    name: str | None = None
    """What to call the recipient of an ``address``."""
    cc: tuple[str, ...] = ()
    """People in the directory who get a copy."""
    values: Mapping[str, Any] = msgspec.field(default_factory=dict)  # texts, numbers, instants
    custom_subject: str | None = None
    custom_body: str | None = None
    attributes: Mapping[str, Any] = msgspec.field(default_factory=dict)  # texts, instants, None
    language: str | None = None
    """Instead of the recipient's own."""
    about: About | None = None
    look: Look = Look()
    is_confidential: bool = False


class Mail(msgspec.Struct, frozen=True, kw_only=True):
    """One mail as it is kept."""

    id: str
    state: MailState = MailState.QUEUED
    reason: str | None = None
    """Why it is where it is, or why it has not been sent yet."""
    template: str
    recipient_id: str | None = None
    recipient_name: str | None = None
    address: str | None = None
    cc: tuple[str, ...] = ()
    """Addresses."""
    language: str | None = None
    values: Mapping[str, Any] = msgspec.field(default_factory=dict)
    custom_subject: str | None = None
    custom_body: str | None = None
    attributes: Mapping[str, Any] = msgspec.field(default_factory=dict)
    about: About | None = None
    look: Look = Look()
    is_confidential: bool = False
    subject: str | None = None
    text: str | None = None
    html: str | None = None
    round: int = 1
    attempts: int = 0
    """How often the mail server was asked in this round."""
    created_at: datetime
    ended_at: datetime | None = None

    @property
    def rendered(self) -> Rendered | None:
        """What it says, once that is written."""
        if self.subject is None or self.text is None or self.html is None:
            return None
        return Rendered(subject=self.subject, text=self.text, html=self.html)


def written(mail: Mail, said: Rendered) -> Mail:
    """Note what it says."""
    return replace(mail, subject=said.subject, text=said.text, html=said.html)


def recorded(mail: Mail, *, now: datetime) -> Mail:
    """Keep it: there is no mail server."""
    return _end(mail, MailState.RECORDED, None, now)


def sent(mail: Mail, *, now: datetime) -> Mail:
    """Note that the mail server has taken it; what is confidential is forgotten with that."""
    taken = _end(replace(mail, attempts=mail.attempts + 1), MailState.SENT, None, now)
    return _forgotten(taken) if mail.is_confidential else taken


def refused(mail: Mail, reason: str, *, now: datetime) -> Mail:
    """Note that the mail server will never take it."""
    return _end(replace(mail, attempts=mail.attempts + 1), MailState.REFUSED, reason, now)


def failed(mail: Mail, reason: str, *, now: datetime) -> Mail:
    """Give it up."""
    return _end(mail, MailState.FAILED, reason, now)


def postponed(mail: Mail, reason: str) -> Mail:
    """Note why the mail server did not take it this time."""
    return replace(mail, attempts=mail.attempts + 1, reason=reason)


def again(mail: Mail) -> Mail:
    """Begin a new round of sending; one that waits for its next attempt stays in its round.

    :raises MailNotResendable: it is on its way, or what it said is forgotten.
    """
    if mail.state is MailState.QUEUED:
        if not mail.attempts:
            raise MailNotResendable(f"The mail {mail.id} is on its way.", state=mail.state)
        return mail
    if mail.is_confidential and mail.subject is None and not mail.values:
        raise MailNotResendable(
            f"The mail {mail.id} was confidential, and what it said is forgotten.",
            state=mail.state,
        )
    fresh = replace(mail, round=mail.round + 1, attempts=0, ended_at=None, reason=None)
    return _move(fresh, MailState.QUEUED)


class IllegalMove(RuntimeError):
    """A defect: a move that the table of states does not have."""


def _forgotten(mail: Mail) -> Mail:
    nothing: dict[str, Any] = {}
    return replace(
        mail,
        subject=None,
        text=None,
        html=None,
        values=nothing,
        attributes=nothing,
        custom_subject=None,
        custom_body=None,
    )


def _end(mail: Mail, state: MailState, reason: str | None, now: datetime) -> Mail:
    return replace(_move(mail, state), reason=reason, ended_at=now)


def _move(mail: Mail, state: MailState) -> Mail:
    if state not in ALLOWED[mail.state]:
        raise IllegalMove(f"mail {mail.id}: {mail.state} to {state}")
    return replace(mail, state=state)
