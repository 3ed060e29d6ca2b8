"""Drafts: what a task writes to whom, or why it cannot. Pure.

A task fails when nobody can be reached. When only some can, it succeeds, and says who was not.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from ostiary.directory.model import User
from ostiary.directory.people import Person
from ostiary.lifecycle import names
from ostiary.lifecycle.letters import Audience, Letter
from ostiary.lifecycle.recipients import Recipients, addresses_in, read_recipients
from ostiary.lifecycle.results import Completed, Failed, Outcome, Turn
from ostiary.lifecycle.tasks.mail_facts import Facts
from ostiary.lifecycle.tasks.people import GONE
from ostiary.mail import attributes
from ostiary.mail.mails import About, Look, NewMail
from ostiary.mail.service import address_of

SUBJECT: Final = "customSubject"
BODY: Final = "customBody"
LOCALE: Final = "locale"

NOBODY: Final = {
    Audience.MANAGER: "The user has no manager.",
    Audience.SPONSORS: "The user has no sponsors.",
    Audience.CHOSEN: "None of the users that 'to' names exists.",
    Audience.ADDRESS: "That attribute of the user, which 'to' names, holds no mail address.",
}
UNREACHABLE: Final = {
    Audience.USER: "The user has no mail address.",
    Audience.MANAGER: "The user's manager has no mail address.",
    Audience.SPONSORS: "None of the user's sponsors has a mail address.",
    Audience.CO_SPONSORS: "None of the co-sponsors has a mail address.",
    Audience.CHOSEN: "None of the users that 'to' names has a mail address.",
}
NOT_KEPT: Final = Failed(
    "The attribute that 'to' names is not kept in this directory, so there is no address."
)
NO_CO_SPONSORS: Final = Completed("The user sponsors nobody together with others.")


@dataclass(frozen=True, slots=True, kw_only=True)
class More:
    """What a task adds to its mails."""

    values: Mapping[str, Any] = field(default_factory=dict)  # texts, numbers, instants
    attributes: Mapping[str, str] = field(default_factory=dict)
    is_confidential: bool = False


@dataclass(frozen=True, slots=True)
class Draft:
    """The mails of one turn; ``note`` is for whoever looks at its result."""

    mails: tuple[NewMail, ...]
    told: str
    note: str | None


@dataclass(frozen=True, slots=True)
class _To:
    """Somebody who is written to: a person, or the user at another address."""

    name: str
    person_id: str | None = None
    address: str | None = None


def draft(
    turn: Turn, letter: Letter, facts: Facts, *, domain: str | None, more: More = More()
) -> Draft | Outcome:
    """Write the mails of a turn; ``domain`` is the one that the sender has as a rule."""
    user = facts.users.get(turn.subject_id)
    if user is None:
        return GONE
    recipients = read_recipients(turn.arguments, letter.audience)
    found = _found(user, recipients, facts)
    if not isinstance(found, list):
        return found
    reached = [one for one in found if one.address]
    if not reached:
        return Failed(UNREACHABLE[recipients.audience])
    known = attributes.of(user, facts.manager_of(user.id), **more.attributes)
    mails = [
        NewMail(
            template=letter.template,
            to=one.person_id,
            address=None if one.person_id else one.address,
            name=None if one.person_id else one.name,
            cc=recipients.copies,
            values={**_values(user, facts), **_of_recipient(one, user, facts), **more.values},
            custom_subject=_own(turn, SUBJECT),
            custom_body=_own(turn, BODY),
            attributes=known if _own(turn, SUBJECT) or _own(turn, BODY) else {},
            language=_own(turn, LOCALE) or (None if one.person_id else user.preferred_language),
            about=About(names.OWNER_KIND, turn.task.id),
            look=_look(turn, facts, domain),
            is_confidential=more.is_confidential,
        )
        for one in reached
    ]
    told = ", ".join(f"'{one.name}'" for one in reached)
    return Draft(tuple(mails), told, _note(turn, recipients, found, known, facts))


def _found(user: User, recipients: Recipients, facts: Facts) -> list[_To] | Outcome:
    """Give everybody who is to be written to, whether they can be reached or not."""
    if recipients.attribute is not None:
        addresses = addresses_in(user, recipients.attribute)
        if addresses is None:
            return NOT_KEPT
        found = [_To(user.display_name or at, None, at) for at in addresses]
    else:
        ids = _ids(user.id, recipients, facts)
        people = (facts.people[id] for id in ids if id in facts.people)
        found = [_To(one.display_name or one.id, one.id, address_of(one)) for one in people]
    if not found and recipients.audience is Audience.CO_SPONSORS:
        return NO_CO_SPONSORS
    return found or Failed(NOBODY[recipients.audience])


def _ids(user_id: str, recipients: Recipients, facts: Facts) -> Iterable[str]:
    match recipients.audience:
        case Audience.USER:
            return [user_id]
        case Audience.MANAGER:
            return [manager.id] if (manager := facts.manager_of(user_id)) else []
        case Audience.SPONSORS:
            return sorted(facts.sponsors.get(user_id, ()))
        case Audience.CO_SPONSORS:
            return sorted(facts.co_sponsors.get(user_id, ()))
        case _:
            return dict.fromkeys(recipients.ids)


def _values(user: User, facts: Facts) -> dict[str, Any]:
    manager = facts.manager_of(user.id)
    seen = user.sign_in_activity
    return {
        "user": user.display_name,
        "user_principal_name": user.user_principal_name,
        "department": user.department,
        "job_title": user.job_title,
        "manager": manager.display_name if manager else None,
        "hired_at": user.employee_hire_date,
        "leaves_at": user.employee_leave_date_time,
        "last_seen_at": seen.last_sign_in_date_time if seen else None,
    }


def _of_recipient(one: _To, user: User, facts: Facts) -> dict[str, Any]:
    """Give what differs between recipients; co-sponsors read of those alone whom they sponsor."""
    shared = facts.co_sponsors.get(user.id, {}).get(one.person_id or "")
    ids = facts.sponsored.get(user.id, ()) if shared is None else shared
    sponsored = (facts.people[id] for id in ids if id in facts.people)
    return {
        "is_own": one.person_id in (None, user.id),
        "sponsored": ", ".join(sorted(other.display_name or other.id for other in sponsored)),
    }


def _own(turn: Turn, argument: str) -> str | None:
    """Give what the administrator wrote; nothing but blanks is nothing."""
    return turn.arguments.get(argument, "").strip() or None


def _look(turn: Turn, facts: Facts, domain: str | None) -> Look:
    email = facts.email
    is_branded = email is not None and email.use_company_branding
    is_custom = _own(turn, SUBJECT) is not None or _own(turn, BODY) is not None
    other = email is not None and domain is not None and email.sender_domain != domain
    return Look(
        sender_domain=email.sender_domain if email is not None and other else None,
        is_branded=is_branded,
        has_notice=is_custom and not is_branded,
    )


def _note(
    turn: Turn,
    recipients: Recipients,
    found: Iterable[_To],
    known: Mapping[str, Any],
    facts: Facts,
) -> str | None:
    """Say what was asked for and not done."""
    missed = [f"'{one.name}'" for one in found if not one.address]
    missed += [f"'{id}'" for id in recipients.ids if id not in facts.people]
    copies = [f"'{id}'" for id in recipients.copies if not _has_address(facts.people.get(id))]
    written = (_own(turn, SUBJECT), _own(turn, BODY))
    typed = [name for text in written if text for name in attributes.unknown(text, known)]
    notes = (
        f"Not written to, for lack of a mail address: {', '.join(missed)}." if missed else "",
        f"Without a copy, for lack of a mail address: {', '.join(copies)}." if copies else "",
        "There are no copies of mails that go neither to the user nor to the manager."
        if recipients.are_copies_left_out
        else "",
        f"Left as typed, for they are no attributes: {', '.join(typed)}." if typed else "",
    )
    return " ".join(note for note in notes if note) or None


def _has_address(person: Person | None) -> bool:
    return person is not None and address_of(person) is not None
