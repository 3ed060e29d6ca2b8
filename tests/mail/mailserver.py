"""Real mail servers on loopback: one that does as it is told, and one that says nothing."""

from __future__ import annotations

import asyncio
import email
import ssl
import warnings
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.policy import default
from typing import Any, Self, cast

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from tests.support.waiting import PATIENCE

LOGIN = ("ostiary", "s3cret-password")


@dataclass
class MailBox:
    """Takes mails, and keeps them as they came.

    ``answers`` are replies for the next mails instead of taking them; ``refuses`` are replies to
    recipients; ``hangs_up`` says how many of the next mails break the connection, and ``hangs`` how
    many get no answer.
    """

    tls: ssl.SSLContext | None = None
    is_tls_from_start: bool = False
    needs_login: bool = False
    messages: list[EmailMessage] = field(default_factory=list)
    recipients: list[list[str]] = field(default_factory=list)
    answers: list[str] = field(default_factory=list)
    refuses: dict[str, str] = field(default_factory=dict)
    hangs_up: int = 0
    hangs: int = 0
    hanging: asyncio.Queue[asyncio.BaseTransport] = field(default_factory=asyncio.Queue)
    """The connections on which a mail was given no answer."""
    sessions: int = 0
    encrypted: list[bool] = field(default_factory=list)
    port: int = 0
    _server: asyncio.Server | None = None

    async def __aenter__(self) -> MailBox:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def start(self) -> None:
        """Listen; the second time on the same port."""
        self._server = await asyncio.get_running_loop().create_server(
            self._protocol,
            "127.0.0.1",
            self.port,
            ssl=self.tls if self.is_tls_from_start else None,
        )
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Stop listening."""
        if self._server is not None:
            self._server.close()
            self._server = None

    def url(self, scheme: str = "smtp", *, login: str = "") -> str:
        """Give the address as a setting has it."""
        return f"{scheme}://{login}localhost:{self.port}"

    # what aiosmtpd calls

    async def handle_RCPT(  # aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Take or refuse a recipient."""
        if address in self.refuses:
            return self.refuses[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(  # aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        """Take or refuse a message."""
        if self.hangs_up:
            self.hangs_up -= 1
            assert server.transport is not None
            server.transport.close()
        if self.hangs:
            self.hangs -= 1
            assert server.transport is not None
            self.hanging.put_nowait(server.transport)
            await asyncio.get_running_loop().create_future()
        if self.answers:
            return self.answers.pop(0)
        message = email.message_from_bytes(cast(bytes, envelope.content), policy=default)
        self.messages.append(message)
        self.recipients.append(list(envelope.rcpt_tos))
        self.encrypted.append(session.ssl is not None or self.is_tls_from_start)
        return "250 OK"

    def _protocol(self) -> SMTP:
        self.sessions += 1
        starttls = self.tls if not self.is_tls_from_start else None
        login: dict[str, Any] = {}
        if self.needs_login:
            login = {
                "authenticator": _authenticated,
                "auth_required": True,
                "auth_require_tls": False,
            }
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it warns about logins in the clear, on loopback too
            return SMTP(
                self,
                hostname="mail.test",
                tls_context=starttls,
                require_starttls=starttls is not None,
                **login,
            )


class SilentServer:
    """Takes connections, and never says a word on them."""

    def __init__(self) -> None:
        self.port = 0
        self._connections: list[asyncio.StreamWriter] = []
        self._arrived = asyncio.Condition()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    @property
    def url(self) -> str:
        """The address as a setting has it."""
        return f"smtp://127.0.0.1:{self.port}"

    async def got(self, number: int) -> None:
        """Wait until there are so many connections."""
        async with asyncio.timeout(PATIENCE), self._arrived:
            await self._arrived.wait_for(lambda: len(self._connections) >= number)

    async def start(self) -> None:
        """Take connections; the second time on the same port."""
        self._server = await asyncio.start_server(self._take, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Break all connections off, and take no more."""
        self._server.close()
        for connection in self._connections:
            connection.close()
        self._connections.clear()
        await self._server.wait_closed()

    async def _take(self, _: asyncio.StreamReader, connection: asyncio.StreamWriter) -> None:
        async with self._arrived:
            self._connections.append(connection)
            self._arrived.notify_all()


def _authenticated(
    server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any
) -> AuthResult:
    given = isinstance(data, LoginPassword) and (data.login.decode(), data.password.decode())
    return AuthResult(success=given == LOGIN, handled=False)


def parts(message: EmailMessage) -> tuple[str, str]:
    """Give the plain text and the HTML of a message."""
    text, html = message.get_body(("plain",)), message.get_body(("html",))
    assert isinstance(text, EmailMessage)
    assert isinstance(html, EmailMessage)
    said = (str(part.get_content()).replace("\r\n", "\n") for part in (text, html))
    return next(said), next(said)
