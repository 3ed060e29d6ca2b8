"""Fixtures of this package: a mail server, templates, and what sends mails on each database."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from ostiary.mail.templates import Templates
from ostiary.storage.database import Database
from tests.mail.mailroom import MailRoom, make_templates
from tests.mail.mailserver import MailBox
from tests.support.clocks import FixedClock


@pytest.fixture
async def box() -> AsyncIterator[MailBox]:
    """A mail server that takes everything."""
    async with MailBox() as box:
        yield box


@pytest.fixture
def templates(tmp_path: Path) -> Templates:
    """The templates of a small feature."""
    return make_templates(tmp_path / "feature")


@pytest.fixture
async def room(
    database: Database, clock: FixedClock, templates: Templates, box: MailBox
) -> AsyncIterator[MailRoom]:
    """What sends mails, on each database."""
    room = MailRoom(database, clock, templates, box.url())
    yield room
    await room.close()


@pytest.fixture
async def cottage(
    memory: Database, clock: FixedClock, templates: Templates, box: MailBox
) -> AsyncIterator[MailRoom]:
    """What sends mails in memory, for what does not depend on the database."""
    room = MailRoom(memory, clock, templates, box.url())
    yield room
    await room.close()


@pytest.fixture
async def silent(
    database: Database, clock: FixedClock, templates: Templates
) -> AsyncIterator[MailRoom]:
    """A deployment without a mail server."""
    room = MailRoom(database, clock, templates)
    yield room
    await room.close()
