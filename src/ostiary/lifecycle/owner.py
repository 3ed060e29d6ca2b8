"""What a task tells an extension, and how it goes on.

The owner of a callout is a task processing result. Whatever ends the callout, answer, acceptance,
failure or silence, ends the task, and the person goes on as ``continueOnError`` says.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.audit.events import Actor, AuditEvent, Target
from ostiary.audit.store import record
from ostiary.extensions.answers import Answer
from ostiary.extensions.callouts import Callout, Outcome
from ostiary.graph.errors import InvalidModel
from ostiary.lifecycle import names
from ostiary.lifecycle.model.subjects import ProvisioningObjectWorkflowSubject
from ostiary.lifecycle.payloads import payloads
from ostiary.lifecycle.results import Completed, Failed, Turn
from ostiary.lifecycle.service.settling import Batch
from ostiary.lifecycle.store import results as store
from ostiary.lifecycle.store.rows import subject_json, subject_of
from ostiary.lifecycle.store.subjects import change_subjects
from ostiary.lifecycle.tallies import Status

TIMED_OUT: Final = Failed("Callback not received within the timeout duration")
"""The words that people know from the field."""

REPORTED: Final = Failed("The custom task extension reported that its work failed.")

_VERDICTS: Final = frozenset({"completed", "failed"})


class TaskResultOwner:
    """Goes on with tasks whose callouts have ended."""

    kind = names.OWNER_KIND
    app_id = names.APP_ID

    async def payloads(
        self, conn: AsyncConnection, callouts: Sequence[Callout], *, base_url: str
    ) -> Mapping[str, Mapping[str, Any]]:
        """Give the body of each callout; one whose task is no longer in progress has none."""
        return await payloads(conn, callouts, base_url=base_url)

    def admit(self, callout: Callout, answer: Answer) -> None:
        """Take ``completed`` and ``failed``, and nothing else.

        :raises InvalidModel: the answer says something else.
        """
        if answer.verdict not in _VERDICTS:
            raise InvalidModel(
                "'data/operationStatus' must be 'completed' or 'failed'.",
                target="data/operationStatus",
                callout=callout.id,
            )
        try:
            _subject_in(answer.data)
        except InvalidModel as error:
            path = f"data/targetSubject/{error.target or ''}".rstrip("/")
            raise InvalidModel(f"'data/targetSubject': {error}", target=path) from None

    async def resumed(
        self, conn: AsyncConnection, callouts: Sequence[Callout], *, now: datetime
    ) -> None:
        """End the tasks as the answers say; without one the endpoint's acceptance is the end."""
        outcomes, subjects = {}, {}
        for callout in callouts:
            outcomes[callout.owner_id], subject = _outcome_of_answer(callout)
            if subject is not None:
                subjects[callout.owner_id] = subject_json(subject)
        await change_subjects(conn, subjects)
        turns = await self._finish(conn, callouts, outcomes, now=now)
        answers = {c.owner_id: c.answer for c in callouts if c.answer and c.answer["caller"]}
        told = [_resumed(turn, answers[turn.task.id]) for turn in turns if turn.task.id in answers]
        await record(conn, told, now=now)

    async def gave_up(
        self, conn: AsyncConnection, callouts: Sequence[Callout], *, now: datetime
    ) -> None:
        """Fail the tasks: the endpoint did not take the call, or nobody answered in time."""
        outcomes = {c.owner_id: _outcome_of_silence(c) for c in callouts}
        await self._finish(conn, callouts, outcomes, now=now)

    async def _finish(
        self,
        conn: AsyncConnection,
        callouts: Sequence[Callout],
        outcomes: Mapping[str, Completed | Failed],
        *,
        now: datetime,
    ) -> list[Turn]:
        turns = await store.lock_turns(conn, {c.owner_id for c in callouts})
        waiting = [turn for turn in turns if turn.task.status is Status.IN_PROGRESS]
        batch = Batch(now=now)
        for turn in waiting:
            batch.finish(turn.person, turn.task, outcomes[turn.task.id])
        await batch.save(conn)
        return waiting


def _outcome_of_answer(
    callout: Callout,
) -> tuple[Completed | Failed, ProvisioningObjectWorkflowSubject | None]:
    """Give the outcome, and what has become of a subject that is in no directory."""
    answer = callout.answer
    if answer is None:
        return Completed(), None
    try:
        subject = _subject_in(answer["data"])
    except InvalidModel as error:
        return Failed(f"The custom task extension answered with a 'targetSubject': {error}"), None
    if answer["verdict"] != "failed":
        return Completed(), subject
    detail = answer["detail"]
    return (Failed(f"{REPORTED.reason} {detail}") if detail else REPORTED), subject


def _subject_in(data: Mapping[str, Any] | None) -> ProvisioningObjectWorkflowSubject | None:
    sent = (data or {}).get("targetSubject")
    return None if sent is None else subject_of(sent)


def _outcome_of_silence(callout: Callout) -> Failed:
    if callout.outcome is Outcome.TIMED_OUT:
        return TIMED_OUT
    return Failed(callout.detail or "The custom task extension could not be called.")


def _resumed(turn: Turn, answer: Mapping[str, Any]) -> AuditEvent:
    caller = answer["caller"]
    return AuditEvent(
        activity="Resume task",
        category="TaskManagement",
        service=names.AUDIT_SERVICE,
        actor=Actor(kind=caller["kind"], id=caller["id"]),
        targets=(
            Target(id=turn.task.id, type="TaskProcessingResult"),
            Target(id=turn.subject_id, type="User"),
        ),
        details={
            "operationStatus": answer["verdict"],
            "source": answer["source"] or "",
            "type": answer["type"] or "",
        },
    )
