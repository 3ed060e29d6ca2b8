"""Taking answers: those that arrive together are stored together, each with its own result.

An answer has a transaction of its own, shared with the others of its moment; what it decides is on
disk when ``submit`` returns. Every answer is in the ledger afterwards, whatever became of it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.durable.clock import Clock
from ostiary.durable.errors import Busy
from ostiary.durable.group import MAX_WAITING, GroupCommit
from ostiary.extensions import effects, ledger, metrics, store
from ostiary.extensions.answers import Accepted, Answer, Decision, Refused, Repeated, decide
from ostiary.extensions.callouts import Callout
from ostiary.extensions.owners import Owners
from ostiary.graph.errors import DomainError, Unavailable
from ostiary.storage.database import Database

_log: Final = structlog.get_logger(__name__)

_COUNTED: Final = {
    Accepted: metrics.ANSWERS.labels("accepted"),
    Repeated: metrics.ANSWERS.labels("repeated"),
    Refused: metrics.ANSWERS.labels("refused"),
}


@dataclass(frozen=True, slots=True)
class _Submission:
    answer: Answer
    refused: DomainError | None = None


class Resumes:
    """Takes the answers to callouts of every kind of owner."""

    def __init__(
        self, database: Database, clock: Clock, owners: Owners, *, max_waiting: int = MAX_WAITING
    ) -> None:
        self._clock = clock
        self._owners = owners
        self._group: GroupCommit[_Submission, Decision] = GroupCommit(
            database, self._apply, of="answers", max_waiting=max_waiting
        )

    async def submit(self, answer: Answer) -> Callout:
        """Store an answer and let its owner go on; the same answer again gives the same callout.

        Whether it is in time is judged by ``received_at``; against deadlines, cancels and other
        answers the first to be stored wins.

        :raises DomainError: it does not count (``errors``, or the owner's own); the ledger tells.
        :raises Unavailable: too many answers are waiting.
        """
        decision = await self._decide(_Submission(answer))
        if isinstance(decision, Refused):
            raise decision.error
        return decision.callout

    async def refuse(self, answer: Answer, error: DomainError) -> None:
        """Note in the ledger an answer that was refused before it got here.

        For callers that may not answer, and for owners that do not exist.
        """
        await self._decide(_Submission(answer, error))

    async def close(self) -> None:
        """Take no more answers, and return when all that came are stored."""
        await self._group.close()

    async def _decide(self, submission: _Submission) -> Decision:
        try:
            decision = await self._group.submit(submission)
        except Busy as busy:
            raise Unavailable(retry_after=busy.seconds) from None
        _report(submission.answer, decision)
        return decision

    async def _apply(
        self, conn: AsyncConnection, submissions: Sequence[_Submission]
    ) -> Sequence[Decision]:
        """Decide one after another, each seeing what the ones before it have changed."""
        owner_ids = {ledger.fitting(s.answer.owner_id, 36) for s in submissions}
        held = await store.lock_of_owners(conn, owner_ids)
        current: dict[tuple[str, str], dict[str, Callout]] = defaultdict(dict)
        for callout in held:
            current[callout.owner_kind, callout.owner_id][callout.id] = callout
        decisions = []
        for submission in submissions:
            answer = submission.answer
            own = current[answer.owner_kind, answer.owner_id]
            decision = self._decide_one(own, submission)
            if isinstance(decision, Accepted):
                own[decision.callout.id] = decision.callout
            decisions.append(decision)
        before = {callout.id: callout for callout in held}
        after = {id_: callout for own in current.values() for id_, callout in own.items()}
        await effects.apply(conn, self._owners, before, after, now=self._clock.now())
        await ledger.write(
            conn,
            [ledger.of_answer(s.answer, d) for s, d in zip(submissions, decisions, strict=True)],
        )
        return decisions

    def _decide_one(self, own: dict[str, Callout], submission: _Submission) -> Decision:
        answer = submission.answer
        if submission.refused is not None:
            return Refused(submission.refused)
        decision = decide(list(own.values()), answer, now=answer.received_at)
        if isinstance(decision, Accepted):
            try:
                self._owners[answer.owner_kind].admit(own[decision.callout.id], answer)
            except DomainError as error:
                return Refused(error)
        return decision


def _report(answer: Answer, decision: Decision) -> None:
    _COUNTED[type(decision)].inc()
    if isinstance(decision, Refused):
        _log.warning(
            "callout.answer_refused",
            owner_kind=answer.owner_kind,
            owner=answer.owner_id,
            caller=answer.caller.id,
            code=decision.error.code,
        )
        return
    _log.info(
        "callout.answered" if isinstance(decision, Accepted) else "callout.answer_repeated",
        callout=decision.callout.id,
        owner_kind=answer.owner_kind,
        owner=answer.owner_id,
        caller=answer.caller.id,
        verdict=answer.verdict,
    )
