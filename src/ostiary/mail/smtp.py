"""The way to the mail server.

One connection takes a whole batch. What the server answers to one mail says nothing of the next,
unless the connection itself fails: then the rest is postponed too. Texts that are kept or logged
never hold the URL, which may have a password in it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from email.message import EmailMessage
from enum import StrEnum
from pathlib import Path
from typing import Any, Final, Protocol
from urllib.parse import SplitResult, unquote, urlsplit

import aiosmtplib
import structlog

from ostiary.identity.issuers import ConfigurationError
from ostiary.identity.tls import trusting

TIMEOUT: Final = 30.0
"""Seconds that the server may take for each answer."""

_PERMANENT: Final = 500
_LONGEST: Final = 300

_log: Final = structlog.get_logger(__name__)


class Security(StrEnum):
    """How the connection is protected; the scheme of the URL."""

    NONE = "smtp"
    """Not, unless the server offers it."""

    TLS = "smtps"
    """From its beginning."""

    STARTTLS = "starttls"
    """From the first command; without it nothing is sent."""


_PORTS: Final = {Security.NONE: 25, Security.TLS: 465, Security.STARTTLS: 587}


@dataclass(frozen=True, slots=True, kw_only=True)
class MailServer:
    """Where mails are handed over, and as whom."""

    host: str
    port: int
    security: Security
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    ca_files: tuple[Path, ...] = ()

    @classmethod
    def read(
        cls, url: str, *, password: str | None = None, ca_files: Sequence[Path] = ()
    ) -> MailServer:
        """Read ``smtp://``, ``smtps://`` or ``starttls://``, with user, password, host and port.

        ``password`` is one that the URL does not hold.

        :raises ConfigurationError: it is none of these, or credentials would travel in the clear.
        """
        parts = _split(url)
        security = Security(parts.scheme)
        username = unquote(parts.username) if parts.username else None
        in_url = unquote(parts.password) if parts.password else None
        server = cls(
            host=parts.hostname or "",
            port=parts.port or _PORTS[security],
            security=security,
            username=username,
            password=in_url if password is None else password,
            ca_files=tuple(ca_files),
        )
        _check(server)
        return server


@dataclass(frozen=True, slots=True)
class Taken:
    """The server has taken the mail."""


@dataclass(frozen=True, slots=True)
class Refused:
    """The server will never take it."""

    reason: str


@dataclass(frozen=True, slots=True)
class Postponed:
    """The server could not take it this time."""

    reason: str


@dataclass(frozen=True, slots=True)
class Left:
    """It was not handed over, since the node is about to stop."""


Result = Taken | Refused | Postponed


@dataclass(frozen=True, slots=True)
class Letter:
    """One message with the id of its mail and whoever gets it."""

    mail_id: str
    message: EmailMessage
    recipients: Sequence[str]


Report = Callable[[Letter, Result | Left], Awaitable[None]]
"""Called with the result of each letter as soon as it is known."""


class Post(Protocol):
    """Takes letters away."""

    async def deliver(
        self, letters: Sequence[Letter], report: Report, leaving: asyncio.Event
    ) -> None:
        """Hand letters over, one after the other, and report each; none is begun when leaving."""


@dataclass(frozen=True, slots=True)
class SMTPPost:
    """Hands letters to a mail server."""

    server: MailServer
    timeout: float = TIMEOUT

    async def deliver(
        self, letters: Sequence[Letter], report: Report, leaving: asyncio.Event
    ) -> None:
        """Hand letters over on one connection; a new one where it breaks."""
        client = self._client()
        try:
            for number, letter in enumerate(letters):
                problem: Postponed | Left | None = Left() if leaving.is_set() else None
                if problem is None and not client.is_connected:
                    problem = await self._connected(client)
                if problem is not None:
                    for rest in letters[number:]:
                        await report(rest, problem)
                    return
                await report(letter, await _handed_over(client, letter))
        finally:
            with suppress(aiosmtplib.SMTPException, OSError):
                await client.quit() if client.is_connected else client.close()

    async def _connected(self, client: aiosmtplib.SMTP) -> Postponed | None:
        """Connect and log in; say what went wrong, which is nothing that a mail is to blame for."""
        server = self.server
        try:
            await client.connect()
            if server.username:
                await client.login(server.username, server.password or "")
        except aiosmtplib.SMTPAuthenticationError as error:
            client.close()
            _log.error("mail.login_refused", host=server.host, code=error.code)
            return Postponed(f"The mail server refused the login ({error.code}).")
        except (aiosmtplib.SMTPException, OSError) as error:
            client.close()
            _log.warning("mail.server_unreachable", host=server.host, error=type(error).__name__)
            return Postponed(
                f"The mail server {server.host}:{server.port} could not be used: {_told(error)}"
            )
        return None

    def _client(self) -> aiosmtplib.SMTP:
        server = self.server
        is_required = server.security is Security.STARTTLS
        context: dict[str, Any] = {}
        if server.ca_files or server.security is not Security.NONE:
            context["tls_context"] = trusting(server.ca_files)
        return aiosmtplib.SMTP(
            hostname=server.host,
            port=server.port,
            timeout=self.timeout,
            use_tls=server.security is Security.TLS,
            start_tls=True
            if is_required
            else (None if server.security is Security.NONE else False),
            **context,
        )


async def _handed_over(client: aiosmtplib.SMTP, letter: Letter) -> Result:
    try:
        refused, _ = await client.send_message(letter.message, recipients=list(letter.recipients))
    except aiosmtplib.SMTPRecipientsRefused as error:
        return _of_answers(error.recipients)
    except aiosmtplib.SMTPResponseException as error:
        with suppress(aiosmtplib.SMTPException, OSError):
            await client.rset()
        return _of_answer(error.code, str(error.message))
    except aiosmtplib.SMTPNotSupported as error:
        return Refused(_told(error))
    except (aiosmtplib.SMTPException, OSError) as error:
        client.close()
        return Postponed(f"The connection to the mail server broke: {_told(error)}")
    main = refused.get(letter.recipients[0])
    return Taken() if main is None else _of_answer(main.code, main.message)


def _of_answers(refusals: Sequence[aiosmtplib.SMTPRecipientRefused]) -> Result:
    """Judge by the kindest answer: a copy that is refused for good is not the mail."""
    kindest = min(refusals, key=lambda one: one.code)
    return _of_answer(kindest.code, str(kindest.message))


def _of_answer(code: int, text: str) -> Result:
    reason = f"The mail server answered {code} {text}"[:_LONGEST]
    return Refused(reason) if code >= _PERMANENT else Postponed(reason)


def _told(error: BaseException) -> str:
    return (str(error) or type(error).__name__)[:_LONGEST]


def _split(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        right = parts.scheme in set(Security) and bool(parts.hostname) and parts.port != 0
    except ValueError:
        right = False
    if not right or parts.path not in ("", "/") or parts.query or parts.fragment:
        raise ConfigurationError(
            "OSTIARY_SMTP_URL must be smtp://, smtps:// or starttls:// and a host, such as "
            "'starttls://user:password@mail.example.org:587'; special characters of the password "
            "are percent-encoded."
        )
    return parts


def _check(server: MailServer) -> None:
    """Refuse what cannot log in, or would do so in the clear.

    :raises ConfigurationError: it would.
    """
    if server.username is None and server.password is not None:
        raise ConfigurationError("The mail server has a password and no user: name one in the URL.")
    if server.username is not None and server.password is None:
        raise ConfigurationError(
            "The mail server has a user and no password: put it into the URL, or into the file "
            "that OSTIARY_SMTP_PASSWORD_FILE names."
        )
    is_near = server.host in ("localhost", "127.0.0.1", "::1")
    if server.username is not None and server.security is Security.NONE and not is_near:
        raise ConfigurationError(
            "A login over smtp:// would send the password in the clear: use smtps:// or "
            "starttls://."
        )
