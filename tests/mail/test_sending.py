"""From the transaction to the mail server: each mail once, to the right person, in their words."""

from __future__ import annotations

import pytest

from ostiary.mail import service
from ostiary.mail.errors import MailNotFound, MailNotResendable
from ostiary.mail.mails import NO_ADDRESS, About, Look, MailState
from tests.mail.mailroom import MailRoom, ready
from tests.mail.mailserver import MailBox, parts


async def test_a_mail_reaches_its_recipient_as_text_and_html(room: MailRoom, box: MailBox) -> None:
    megan = await room.person("megan")

    (key,) = await room.send(ready(megan, about=About("parcel", "1")))
    await room.settle()

    (message,) = box.messages
    assert message["From"] == "Contoso <no-reply@contoso.example>"
    assert message["To"] == "Megan <megan@contoso.example>"
    assert message["Subject"] == "Your Parcel is ready"
    assert message["Message-ID"] == f"<{key}.1@contoso.example>"
    assert message["Auto-Submitted"] == "auto-generated"
    text, html = parts(message)
    assert "Hello Megan,\n\nParcel is ready until January 19, 2026." in text
    assert "<p>Parcel is ready until January 19, 2026.</p>" in html
    kept = await room.mail(key)
    assert (kept.state, kept.attempts, kept.reason) == (MailState.SENT, 1, None)
    assert kept.ended_at == room.clock.now()
    assert kept.text is not None
    assert "Parcel is ready" in kept.text


async def test_a_mail_of_a_transaction_that_fails_never_was(room: MailRoom, box: MailBox) -> None:
    megan = await room.person("megan")

    async def fail() -> None:
        async with room.database.transaction() as conn:
            await service.send(conn, [ready(megan)], now=room.clock.now())
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await fail()
    await room.settle()

    assert await room.mails() == []
    assert box.messages == []


async def test_each_recipient_is_written_to_in_their_language(room: MailRoom, box: MailBox) -> None:
    people = [
        await room.person("anna", preferred_language="de-AT"),
        await room.person("bob", preferred_language="pt-BR"),
        await room.person("carol", preferred_language="not a language"),
        await room.person("dave"),
    ]

    await room.send(*map(ready, people), ready(people[3], language="DE"))
    await room.settle()

    subjects = sorted(message["Subject"] for message in box.messages)
    assert subjects == [
        "Parcel ist fertig",
        "Parcel ist fertig",
        *["Your Parcel is ready"] * 3,
    ]
    texts = [parts(message)[0] for message in box.messages]
    assert sum("bis 19. Januar 2026 bereit" in text for text in texts) == 2


async def test_without_a_mail_server_mails_are_written_and_kept(silent: MailRoom) -> None:
    megan = await silent.person("megan")

    (key,) = await silent.send(ready(megan))
    await silent.settle()

    kept = await silent.mail(key)
    assert kept.state is MailState.RECORDED
    assert kept.subject == "Your Parcel is ready"
    assert await silent.worker.settle() == 0


async def test_somebody_without_an_address_makes_a_failed_mail_that_can_be_sent_later(
    room: MailRoom, box: MailBox
) -> None:
    quiet = await room.person("quiet", mail=None, other_mails=[])
    elsewhere = await room.person("guest", mail=None, other_mails=["guest@fabrikam.example"])

    lost, _ = await room.send(ready(quiet), ready(elsewhere))
    await room.settle()

    assert box.recipients == [["guest@fabrikam.example"]]
    kept = await room.mail(lost)
    assert (kept.state, kept.reason) == (MailState.FAILED, NO_ADDRESS)


async def test_what_is_no_person_gets_no_mail(room: MailRoom) -> None:
    gone = "6f4e1c5e-0000-4000-8000-000000000000"

    (only,) = await room.send(ready(gone))

    assert (await room.mail(only)).reason == NO_ADDRESS


async def test_an_address_outside_of_the_directory_is_written_to_as_well(
    cottage: MailRoom, box: MailBox
) -> None:
    await cottage.send(ready(address="sam@fabrikam.example", name="Sam\r\nBcc: evil@x.example"))
    await cottage.settle()

    (message,) = box.messages
    assert box.recipients == [["sam@fabrikam.example"]]
    assert message["Bcc"] is None
    assert "Sam Bcc: evil@x.example" in message["To"]


async def test_copies_go_to_people_and_come_with_the_mail(cottage: MailRoom, box: MailBox) -> None:
    megan, boss = await cottage.person("megan"), await cottage.person("boss")

    await cottage.send(ready(megan, cc=(boss, boss)))
    await cottage.settle()

    assert box.recipients == [["megan@contoso.example", "boss@contoso.example"]]
    assert box.messages[0]["Cc"] == "boss@contoso.example"


async def test_the_sender_may_have_another_domain(cottage: MailRoom, box: MailBox) -> None:
    megan = await cottage.person("megan")

    await cottage.send(ready(megan, look=Look(sender_domain="hr.contoso.example")))
    await cottage.settle()

    assert box.messages[0]["From"] == "Contoso <no-reply@hr.contoso.example>"


async def test_an_address_that_is_none_fails_its_mail_alone(
    cottage: MailRoom, box: MailBox
) -> None:
    bad, good = await cottage.send(
        ready(address="two words@contoso.example"), ready(address="megan@contoso.example")
    )
    await cottage.settle()

    assert (await cottage.mail(bad)).state is MailState.FAILED
    assert (await cottage.mail(good)).state is MailState.SENT
    assert len(box.messages) == 1


async def test_a_template_that_lacks_a_value_fails_its_mail_alone(
    cottage: MailRoom, box: MailBox
) -> None:
    megan = await cottage.person("megan")

    bad, good = await cottage.send(ready(megan, values={"thing": "Parcel"}), ready(megan))
    await cottage.settle()

    kept = await cottage.mail(bad)
    assert kept.state is MailState.FAILED
    assert kept.reason is not None
    assert "'until' is undefined" in kept.reason
    assert (await cottage.mail(good)).state is MailState.SENT


async def test_a_recorded_mail_leaves_the_machine_only_when_it_is_sent_again(
    silent: MailRoom, room: MailRoom, box: MailBox
) -> None:
    megan = await silent.person("megan")
    (key,) = await silent.send(ready(megan))
    await silent.settle()
    await room.settle()
    assert box.messages == []

    await room.resend(key)
    await room.settle()

    assert (await room.mail(key)).state is MailState.SENT
    assert box.messages[0]["Message-ID"] == f"<{key}.2@contoso.example>"


async def test_sending_again_is_all_or_nothing(room: MailRoom) -> None:
    megan = await room.person("megan")
    done, queued = await room.send(ready(megan), ready(megan))
    await room.settle()
    (queued,) = await room.send(ready(megan))

    with pytest.raises(MailNotResendable):
        await room.resend(done, queued)
    with pytest.raises(MailNotFound):
        await room.resend(done, "nobody")

    assert (await room.mail(done)).state is MailState.SENT


async def test_many_mails_share_a_few_connections(cottage: MailRoom, box: MailBox) -> None:
    many = [ready(address=f"person{number}@contoso.example") for number in range(70)]

    await cottage.send(*many)
    await cottage.settle()

    assert len(box.messages) == 70
    assert box.sessions == 2
    assert {mail.state for mail in await cottage.mails(limit=200)} == {MailState.SENT}
