"""Mails on the command line: found by filters, shown, sent again."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import replace
from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.mail import mails, store
from ostiary.mail.mails import About, Mail, MailState, Rendered
from tests.cli.commands import Commands, in_data
from tests.support.clocks import MONDAY

SENT = "957d0c50-466b-4840-bb5b-c92cea714200"
LOST = "957d0c50-466b-4840-bb5b-c92cea714201"
QUEUED = "957d0c50-466b-4840-bb5b-c92cea714202"
REQUEST = "0e60f18c-b2a0-4887-9da8-da2e30a39d99"
SAID = Rendered(subject="You have access", text="Hello Megan,\n\nyou have.", html="<p>Hello</p>")


@pytest.fixture(autouse=True)
def _mails(data_dir: Path) -> None:
    """Three mails: one was sent, one had no address, one is on its way."""
    queued = Mail(
        id=QUEUED,
        template="access-granted",
        address="megan@contoso.example",
        about=About("assignmentRequest", REQUEST),
        created_at=MONDAY,
    )
    sent = mails.sent(mails.written(replace(queued, id=SENT), SAID), now=MONDAY)
    lost = mails.failed(
        replace(queued, id=LOST, address=None, about=None), mails.NO_ADDRESS, now=MONDAY
    )

    async def fill(conn: AsyncConnection) -> None:
        await store.add(conn, [queued, sent, lost])

    in_data(data_dir, fill)


def test_mails_are_listed_by_filters(ostiary: Commands) -> None:
    everything = ostiary("mails", "list", "--json").json
    about = ostiary("mails", "list", "--about", REQUEST, "--state", "sent", "--json").json
    to = ostiary("mails", "list", "--to", "MEGAN@contoso.example", "--json").json

    assert {one["id"] for one in everything} == {SENT, LOST, QUEUED}
    assert [one["id"] for one in about] == [SENT]
    assert {one["id"] for one in to} == {SENT, QUEUED}
    assert ostiary("mails", "list", "--state", "failed").out.startswith(f"{LOST}\tfailed\t")


def test_a_state_that_is_none_is_told_with_the_nearest(ostiary: Commands) -> None:
    result = ostiary("mails", "list", "--state", "queud")

    assert result.code == 2
    assert "Did you mean queued?" in result.err


def test_one_mail_is_shown_with_its_text(ostiary: Commands) -> None:
    shown = ostiary("mails", "show", SENT)

    assert "You have access" in shown.out
    assert shown.out.rstrip().endswith("you have.")
    assert ostiary("mails", "show", SENT, "--json").json["html"] == "<p>Hello</p>"
    assert ostiary("mails", "show", REQUEST).code == 1


def test_mails_are_sent_again_all_or_none(ostiary: Commands) -> None:
    refused = ostiary("mails", "resend", SENT, QUEUED)
    assert refused.code == 1
    assert "on its way" in refused.err
    assert ostiary("mails", "show", SENT, "--json").json["state"] == "sent"

    assert ostiary("mails", "resend", SENT).code == 0
    shown = ostiary("mails", "show", SENT, "--json").json
    assert (shown["state"], shown["round"]) == (MailState.QUEUED.value, 2)
    assert ostiary("mails", "resend").code == 2
