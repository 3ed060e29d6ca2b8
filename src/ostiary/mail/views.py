"""How mails look to those who run the server: a row of a list, and everything about one."""

from __future__ import annotations

from typing import Any, Final

from ostiary.graph.values import write_instant, write_instant_or_none
from ostiary.mail.mails import Mail

WITHHELD: Final = "Confidential: not shown."


def row(mail: Mail) -> dict[str, Any]:
    """Give the facts of a list, as JSON values."""
    return {
        "id": mail.id,
        "state": mail.state.value,
        "template": mail.template,
        "to": mail.address,
        "subject": mail.subject,
        "about": f"{mail.about.kind} {mail.about.id}" if mail.about else None,
        "created": write_instant(mail.created_at),
        "ended": write_instant_or_none(mail.ended_at),
        "reason": mail.reason,
    }


def details(mail: Mail) -> dict[str, Any]:
    """Give everything that may be shown of a mail, as JSON values."""
    hidden = mail.is_confidential
    return {
        **row(mail),
        "recipientId": mail.recipient_id,
        "recipientName": mail.recipient_name,
        "cc": list(mail.cc),
        "language": mail.language,
        "isConfidential": hidden,
        "round": mail.round,
        "attempts": mail.attempts,
        "text": WITHHELD if hidden else mail.text,
        "html": WITHHELD if hidden else mail.html,
    }
