"""Bring temporary access passes to people by mail, which is confidential: see ``mail.mails``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.lifecycle.letters import PASS
from ostiary.lifecycle.results import Failed, Turn
from ostiary.lifecycle.tasks.mail_drafts import Draft, More, draft
from ostiary.lifecycle.tasks.mail_facts import Facts, read_facts
from ostiary.lifecycle.tasks.mails import faults_of
from ostiary.lifecycle.tasks.port import Step
from ostiary.lifecycle.tasks.temporary_access import Pass
from ostiary.mail import attributes
from ostiary.mail.service import send

_ANY: Final = More(attributes={attributes.PASS: ""})


@dataclass(frozen=True, slots=True, kw_only=True)
class PassMailRound:
    """Mails with passes for the people of some turns, by facts that were read once."""

    facts: Facts
    domain: str | None
    refusals: Mapping[str, Failed]

    async def deliver(
        self, conn: AsyncConnection, passes: Sequence[Pass], *, now: datetime
    ) -> Mapping[str, str]:
        """See ``PassRound.deliver``."""
        drafts = {
            one.turn.task.id: draft(one.turn, PASS, self.facts, domain=self.domain, more=_more(one))
            for one in passes
        }
        written = {id: one for id, one in drafts.items() if isinstance(one, Draft)}
        if len(written) < len(drafts):
            raise UndeliverablePass("Somebody who is to get a pass cannot be reached.")
        await send(conn, [mail for one in written.values() for mail in one.mails], now=now)
        return {id: one.note for id, one in written.items() if one.note}


class PassMails:
    """Delivers passes by mail; ``domain`` is the organisation's first."""

    def __init__(self, domain: str | None = None) -> None:
        self._domain = domain

    async def prepare(self, conn: AsyncConnection, turns: Sequence[Turn]) -> PassMailRound:
        """See ``PassDelivery.prepare``."""
        facts = await read_facts(conn, turns, PASS)
        drafts = {
            turn.task.id: draft(turn, PASS, facts, domain=self._domain, more=_ANY) for turn in turns
        }
        refusals = {id: one for id, one in drafts.items() if isinstance(one, Failed)}
        return PassMailRound(facts=facts, domain=self._domain, refusals=refusals)

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
