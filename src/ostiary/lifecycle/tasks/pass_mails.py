"""Bring temporary access passes to people by mail, which is confidential: see ``mail.mails``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.lifecycle.letters import PASS
from ostiary.lifecycle.results import Failed, Turn
from ostiary.lifecycle.tasks.mail_drafts import Draft, More, draft
from ostiary.lifecycle.tasks.mail_facts import read_facts
from ostiary.lifecycle.tasks.mails import faults_of
from ostiary.lifecycle.tasks.port import Step
from ostiary.lifecycle.tasks.temporary_access import Pass
from ostiary.mail import attributes
from ostiary.mail.service import send

_ANY: Final = More(attributes={attributes.PASS: ""})


class PassMails:
    """Delivers passes by mail; ``domain`` is the organisation's first."""

    def __init__(self, domain: str | None = None) -> None:
        self._domain = domain

    async def refusals(
        self, conn: AsyncConnection, turns: Sequence[Turn], *, now: datetime
    ) -> Mapping[str, Failed]:
        """See ``PassDelivery.refusals``."""
        facts = await read_facts(conn, turns, PASS)
        drafts = {
            turn.task.id: draft(turn, PASS, facts, domain=self._domain, more=_ANY) for turn in turns
        }
        return {id: one for id, one in drafts.items() if isinstance(one, Failed)}

    async def deliver(
        self, conn: AsyncConnection, passes: Sequence[Pass], *, now: datetime
    ) -> Mapping[str, str]:
        """See ``PassDelivery.deliver``."""
        facts = await read_facts(conn, [one.turn for one in passes], PASS)
        drafts = {
            one.turn.task.id: draft(one.turn, PASS, facts, domain=self._domain, more=_more(one))
            for one in passes
        }
        written = {id: one for id, one in drafts.items() if isinstance(one, Draft)}
        if len(written) < len(drafts):
            raise UndeliverablePass("Somebody who is to get a pass cannot be reached any more.")
        await send(conn, [mail for one in written.values() for mail in one.mails], now=now)
        return {id: one.note for id, one in written.items() if one.note}

    async def faults(self, conn: AsyncConnection, steps: Sequence[Step]) -> Mapping[str, str]:
        """See ``PassDelivery.faults``."""
        return await faults_of(conn, steps, PASS)


class UndeliverablePass(RuntimeError):
    """A defect: a pass was made for a turn that had been refused."""


def _more(one: Pass) -> More:
    return More(
        values={
            "temporary_access_pass": one.text,
            "starts_at": one.starts_at,
            "minutes": round(one.lifetime.total_seconds() / 60),
            "is_usable_once": one.is_usable_once,
        },
        attributes={attributes.PASS: one.text},
        is_confidential=True,
    )
