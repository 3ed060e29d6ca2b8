"""Use cases of mails: put new ones into a transaction, send kept ones again."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Final

from msgspec.structs import replace
from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.directory import store as directory
from ostiary.directory.people import Person
from ostiary.durable import queue
from ostiary.durable.queue import NewWork
from ostiary.mail import mails, store
from ostiary.mail.errors import MailNotFound
from ostiary.mail.mails import Mail, MailState, NewMail
from ostiary.storage.ids import new_id

DELIVER: Final = "mail"
"""The kind of work that writes and sends a mail; its key is the mail's id."""


async def send(conn: AsyncConnection, new: Sequence[NewMail], *, now: datetime) -> list[str]:
    """Store mails and the work of sending them, in the caller's transaction.

    Gives their ids. Recipients are looked up in one query. One without an address makes a mail
    that has failed and says so; something that is no person, such as a service principal, gets
    none at all.
    """
    if not new:
        return []
    people = await _people(conn, new)
    made = [mail for draft in new if (mail := _mail(draft, people, now)) is not None]
    await store.add(conn, made)
    queued = [mail.id for mail in made if mail.state is MailState.QUEUED]
    await queue.put(conn, [NewWork(kind=DELIVER, key=key, due_at=now) for key in queued])
    return [mail.id for mail in made]


async def resend(conn: AsyncConnection, keys: Collection[str], *, now: datetime) -> list[Mail]:
    """Queue mails once more, all of them or none; addresses are looked up anew.

    :raises MailNotFound: one of them does not exist.
    :raises MailNotResendable: one is on its way, or confidential and forgotten.
    """
    held = await store.lock(conn, keys)
    for key in keys:
        if key not in held:
            raise MailNotFound(f"There is no mail '{key}'; mails are kept for a limited time.")
    ids = {mail.recipient_id for mail in held.values() if mail.recipient_id}
    people = await directory.people(conn, ids)
    again = [_readdressed(mails.again(mail), people) for mail in held.values()]
    await store.save(conn, again)
    await queue.withdraw(conn, DELIVER, list(held))
    await queue.put(conn, [NewWork(kind=DELIVER, key=key, due_at=now) for key in held])
    return again


def address_of(person: Person) -> str | None:
    """Give the address at which somebody is written to."""
    return person.mail or next(iter(person.other_mails), None)


async def _people(conn: AsyncConnection, new: Sequence[NewMail]) -> Mapping[str, Person | None]:
    """Give everybody who is written to, by id; None stands for what is no person."""
    ids = {key for draft in new for key in (draft.to, *draft.cc) if key}
    found = await directory.people(conn, ids)
    missing = ids - found.keys()
    others = await directory.references(conn, missing) if missing else {}
    return {**found, **dict.fromkeys(others)}


def _mail(draft: NewMail, people: Mapping[str, Person | None], now: datetime) -> Mail | None:
    person = people.get(draft.to) if draft.to else None
    if draft.to in people and person is None:
        return None
    address = draft.address or (address_of(person) if person else None)
    copies = (people.get(key) for key in draft.cc)
    mail = Mail(
        id=new_id(),
        template=draft.template,
        recipient_id=draft.to,
        recipient_name=draft.name or (person.display_name if person else None),
        address=address,
        cc=tuple(dict.fromkeys(at for one in copies if one and (at := address_of(one)))),
        language=draft.language or (person.preferred_language if person else None),
        values=draft.values,
        custom_subject=draft.custom_subject,
        custom_body=draft.custom_body,
        attributes=draft.attributes,
        about=draft.about,
        look=draft.look,
        is_confidential=draft.is_confidential,
        created_at=now,
    )
    return mail if address else mails.failed(mail, mails.NO_ADDRESS, now=now)


def _readdressed(mail: Mail, people: Mapping[str, Person]) -> Mail:
    person = people.get(mail.recipient_id or "")
    return replace(mail, address=address_of(person) or mail.address) if person else mail
