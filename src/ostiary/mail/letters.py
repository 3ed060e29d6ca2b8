"""Making a message of a mail: headers, a plain text, and the same as HTML."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr
from typing import Final

from ostiary.identity.issuers import ConfigurationError
from ostiary.mail.mails import Mail
from ostiary.mail.texts import one_line

_POLICY: Final = SMTP.clone(max_line_length=76)


class BadAddress(Exception):
    """An address at which nobody can be reached."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """Who mails are from."""

    name: str
    address: str

    @classmethod
    def read(cls, text: str, *, name: str) -> Sender:
        """Read ``address`` or ``Name <address>``; ``name`` is for one that says none.

        :raises ConfigurationError: it is neither.
        """
        shown, address = parseaddr(text)
        try:
            _address(shown, address)
        except BadAddress:
            raise ConfigurationError(
                f"'{text}' is no sender of mails: write 'Name <name@example.org>'."
            ) from None
        return cls(name=shown or name, address=address)

    def at(self, domain: str | None) -> Address:
        """Give the sender as a header has it, at a domain of its own if it has one."""
        local, _, usual = self.address.rpartition("@")
        return _address(self.name, f"{local}@{domain or usual}")


def message(mail: Mail, sender: Sender, *, now: datetime) -> EmailMessage:
    """Make the message of a written mail.

    Its id stays the same for every attempt of a round, so that a mail server or a reader can tell
    the same message that came twice.

    :raises BadAddress: the recipient cannot be addressed.
    """
    said = mail.rendered
    assert said is not None  # the worker writes a mail before it sends it
    made = EmailMessage(policy=_POLICY)
    origin = sender.at(mail.look.sender_domain)
    made["From"] = origin
    made["To"] = _address(mail.recipient_name or "", mail.address or "")
    if mail.cc:
        made["Cc"] = [_address("", one) for one in mail.cc]
    made["Subject"] = said.subject
    made["Date"] = format_datetime(now)
    made["Message-ID"] = f"<{mail.id}.{mail.round}@{origin.domain}>"
    made["Auto-Submitted"] = "auto-generated"
    made["X-Auto-Response-Suppress"] = "All"
    made.set_content(said.text)
    made.add_alternative(said.html, subtype="html")
    return made


def _address(name: str, text: str) -> Address:
    local, _, domain = text.rpartition("@")
    if not local or not domain or one_line(text) != text or " " in text:
        raise BadAddress(f"'{one_line(text)}' is no mail address.")
    try:
        return Address(one_line(name), addr_spec=text)
    except (ValueError, IndexError):  # what the standard library raises for what it cannot parse
        raise BadAddress(f"'{text}' is no mail address.") from None
    except Exception as error:  # its parser's own errors have no common class but Exception
        if type(error).__module__.startswith("email"):
            raise BadAddress(f"'{text}' is no mail address.") from None
        raise
