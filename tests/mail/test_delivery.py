"""What the mail server may do: take, refuse, be busy, break off, be away, ask for a login."""

from __future__ import annotations

import asyncio
import ssl
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from ostiary.identity import tls
from ostiary.identity.issuers import ConfigurationError
from ostiary.mail.mails import MailState
from ostiary.mail.smtp import MailServer, Security
from ostiary.mail.templates import Templates
from ostiary.storage.database import Database
from tests.mail.mailroom import MailRoom, ready
from tests.mail.mailserver import LOGIN, MailBox
from tests.support.clocks import MONDAY, FixedClock


async def test_a_busy_mail_server_is_asked_again_later(room: MailRoom, box: MailBox) -> None:
    megan = await room.person("megan")
    box.answers = ["451 Try again later", "250 OK"]

    (key,) = await room.send(ready(megan))
    await room.settle()
    waiting = await room.mail(key)
    assert waiting.state is MailState.QUEUED
    assert waiting.reason == "The mail server answered 451 Try again later"

    await room.pass_by(minutes=1)
    kept = await room.mail(key)
    assert (kept.state, kept.attempts, kept.reason) == (MailState.SENT, 2, None)


async def test_a_refusal_is_final_and_says_why(room: MailRoom, box: MailBox) -> None:
    megan, boss = await room.person("megan"), await room.person("boss")
    box.refuses = {"megan@contoso.example": "550 5.1.1 No such user here"}

    refused, taken = await room.send(ready(megan), ready(boss))
    await room.settle()
    await room.pass_by(days=3)

    kept = await room.mail(refused)
    assert (kept.state, kept.attempts) == (MailState.REFUSED, 1)
    assert kept.reason == "The mail server answered 550 5.1.1 No such user here"
    assert (await room.mail(taken)).state is MailState.SENT
    assert box.recipients == [["boss@contoso.example"]]


async def test_a_refused_copy_does_not_stop_the_mail(cottage: MailRoom, box: MailBox) -> None:
    megan, boss = await cottage.person("megan"), await cottage.person("boss")
    box.refuses = {"boss@contoso.example": "550 5.1.1 No such user here"}

    (key,) = await cottage.send(ready(megan, cc=(boss,)))
    await cottage.settle()

    assert (await cottage.mail(key)).state is MailState.SENT
    assert box.recipients == [["megan@contoso.example"]]


async def test_a_connection_that_breaks_postpones_that_mail_alone(
    cottage: MailRoom, box: MailBox
) -> None:
    megan = await cottage.person("megan")
    box.hangs_up = 1

    await cottage.send(*[ready(megan)] * 3)
    await cottage.settle()
    assert [mail.state for mail in await cottage.mails()].count(MailState.SENT) == 2

    await cottage.pass_by(minutes=1)
    assert {mail.state for mail in await cottage.mails()} == {MailState.SENT}
    assert len({message["Message-ID"] for message in box.messages}) == 3


async def test_a_mail_that_gets_no_answer_is_tried_again_and_those_that_were_taken_are_not(
    memory: Database, clock: FixedClock, templates: Templates, box: MailBox
) -> None:
    room = MailRoom(memory, clock, templates, box.url(), timeout=1)
    box.hangs = 1

    await room.send(*(ready(address=f"person{n}@contoso.example") for n in range(3)))
    await room.settle()
    waiting = [mail for mail in await room.mails() if mail.state is MailState.QUEUED]
    assert [mail.attempts for mail in waiting] == [1]
    assert len(box.messages) == 2
    await room.pass_by(minutes=1)
    await room.close()

    assert {mail.state for mail in await room.mails()} == {MailState.SENT}
    assert len(box.messages) == len({message["Message-ID"] for message in box.messages}) == 3


async def test_a_node_that_is_stopped_begins_no_more_mails_and_gives_them_back(
    room: MailRoom, templates: Templates, box: MailBox
) -> None:
    megan = await room.person("megan")
    box.hangs = 1
    await room.send(*[ready(megan)] * 5)
    running = asyncio.create_task(room.worker.run())
    connection = await box.hanging.get()

    stopping = asyncio.create_task(room.worker.stop())
    await asyncio.sleep(0)  # it has asked the handlers to leave
    connection.close()
    await asyncio.gather(stopping, running)

    assert box.messages == []
    assert sorted(mail.attempts for mail in await room.mails()) == [0, 0, 0, 0, 1]
    successor = MailRoom(room.database, room.clock, templates, box.url())
    await successor.settle()
    await successor.close()
    assert len(box.messages) == 4


async def test_mails_wait_for_a_mail_server_that_is_away(room: MailRoom, box: MailBox) -> None:
    megan = await room.person("megan")
    await box.stop()

    keys = await room.send(ready(megan), ready(megan))
    await room.settle()
    assert {(await room.mail(key)).state for key in keys} == {MailState.QUEUED}

    await box.start()
    await room.pass_by(minutes=1)
    assert {(await room.mail(key)).state for key in keys} == {MailState.SENT}


async def test_a_mail_server_that_is_away_for_days_fails_the_mail(
    cottage: MailRoom, box: MailBox
) -> None:
    megan = await cottage.person("megan")
    await box.stop()
    (key,) = await cottage.send(ready(megan))
    await cottage.settle()

    for _ in range(24 * 3):
        await cottage.pass_by(hours=1)

    kept = await cottage.mail(key)
    assert kept.state is MailState.FAILED
    assert kept.ended_at is not None
    assert 1.5 < (kept.ended_at - MONDAY).total_seconds() / 86_400 < 3


async def test_a_crash_between_sending_and_noting_repeats_the_same_message(
    cottage: MailRoom, box: MailBox, monkeypatch: pytest.MonkeyPatch
) -> None:
    megan = await cottage.person("megan")
    (key,) = await cottage.send(ready(megan))

    async def crash(*_: object) -> None:
        raise RuntimeError

    with monkeypatch.context() as broken:
        broken.setattr(cottage.work._reports, "submit", crash)
        await cottage.settle()
    assert (await cottage.mail(key)).state is MailState.QUEUED
    await cottage.pass_by(hours=1)

    assert (await cottage.mail(key)).state is MailState.SENT
    first, second = box.messages
    assert first["Message-ID"] == second["Message-ID"]


# a login, and how the connection is protected


@pytest.fixture
def authority(tmp_path: Path) -> tuple[ssl.SSLContext, Path]:
    """The certificate of a mail server on this machine, and what its clients must trust."""
    from datetime import UTC, datetime

    made = tls.ensure(tmp_path, ["localhost", "127.0.0.1"], now=datetime.now(UTC))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(made.certificate, made.key)
    return context, made.authority


@pytest.mark.parametrize("scheme", [Security.TLS, Security.STARTTLS])
async def test_mails_are_handed_over_encrypted(
    memory: Database,
    clock: FixedClock,
    templates: Templates,
    authority: tuple[ssl.SSLContext, Path],
    scheme: Security,
) -> None:
    context, ca_file = authority
    async with MailBox(tls=context, is_tls_from_start=scheme is Security.TLS) as box:
        room = MailRoom(memory, clock, templates, box.url(scheme), ca_files=(ca_file,))
        (key,) = await room.send(ready(address="megan@contoso.example"))
        await room.settle()
        await room.close()

        assert (await room.mail(key)).state is MailState.SENT
        assert box.encrypted == [True]


async def test_nothing_is_sent_to_a_mail_server_that_proves_nothing(
    memory: Database,
    clock: FixedClock,
    templates: Templates,
    authority: tuple[ssl.SSLContext, Path],
) -> None:
    context, _ = authority
    async with MailBox(tls=context, is_tls_from_start=True) as box:
        room = MailRoom(memory, clock, templates, box.url("smtps"))
        (key,) = await room.send(ready(address="megan@contoso.example"))
        await room.settle()
        await room.close()

        assert (await room.mail(key)).state is MailState.QUEUED
        assert box.messages == []


async def test_starttls_sends_nothing_where_the_server_does_not_offer_it(
    memory: Database, clock: FixedClock, templates: Templates, box: MailBox
) -> None:
    room = MailRoom(memory, clock, templates, box.url("starttls"))

    (key,) = await room.send(ready(address="megan@contoso.example"))
    await room.settle()
    await room.close()

    assert (await room.mail(key)).state is MailState.QUEUED
    assert box.messages == []


@pytest.mark.parametrize("password", [LOGIN[1], "another"])
async def test_a_login_opens_the_mail_server_and_is_never_logged(
    memory: Database, clock: FixedClock, templates: Templates, password: str
) -> None:
    async with MailBox(needs_login=True) as box:
        room = MailRoom(memory, clock, templates, box.url(login=f"{LOGIN[0]}:{password}@"))
        (key,) = await room.send(ready(address="megan@contoso.example"))
        with capture_logs() as logs:
            await room.settle()
        await room.close()

        kept = await room.mail(key)
    right = password == LOGIN[1]
    assert kept.state is (MailState.SENT if right else MailState.QUEUED), kept.reason
    assert (kept.reason is None) == right
    assert password not in f"{logs} {kept}"
    assert any(line["event"] == "mail.login_refused" for line in logs) != right


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("http://mail.example", "must be smtp://, smtps:// or starttls://"),
        ("smtp://", "must be smtp://"),
        ("smtp://mail.example/inbox", "must be smtp://"),
        ("smtp://mail.example:port", "must be smtp://"),
        ("smtp://me:s3cret@mail.example", "in the clear"),
        ("smtps://me@mail.example", "no password"),
        ("smtps://:s3cret@mail.example", "no user"),
    ],
)
def test_a_url_that_makes_no_sense_or_is_unsafe_is_refused_without_its_password(
    url: str, problem: str
) -> None:
    with pytest.raises(ConfigurationError, match=problem) as caught:
        MailServer.read(url)

    assert "s3cret" not in str(caught.value)


def test_a_url_is_read_with_the_usual_ports_and_encoded_credentials() -> None:
    server = MailServer.read("starttls://me%40contoso.example:p%3Aw@mail.example")

    assert (server.host, server.port) == ("mail.example", 587)
    assert (server.username, server.password) == ("me@contoso.example", "p:w")
    assert "p:w" not in repr(server)
    assert MailServer.read("smtps://mail.example").port == 465
    assert MailServer.read("smtps://me@mail.example", password="from a file").password  # given
