"""Requests as owners of callouts: what extensions are told, and what their answers do.

Everything here runs in the transaction that moved the callouts, whose rows are locked; requests are
locked after them, and never the other way round.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.audit.events import SYSTEM, Actor, AuditEvent
from ostiary.audit.store import record
from ostiary.entitlement import dynamic, names, payloads, records, requests, stages, stories
from ostiary.entitlement.model.enums import AccessPackageCustomExtensionStage as Stage
from ostiary.entitlement.model.policies import AccessPackageApprovalStage
from ostiary.entitlement.process import delivering, determining, moves
from ostiary.entitlement.process.moves import Move
from ostiary.entitlement.states import Request, TakeBack, Verdict
from ostiary.entitlement.store import extensions as extension_store
from ostiary.entitlement.store import requests as request_store
from ostiary.extensions.answers import Answer
from ostiary.extensions.callouts import Callout, Outcome
from ostiary.identity.catalogue import ENTITLEMENT_MANAGEMENT_APP_ID


class RequestOwner:
    """The owner kind ``assignmentRequest``."""

    kind = names.REQUEST
    app_id = ENTITLEMENT_MANAGEMENT_APP_ID

    async def payloads(
        self, conn: AsyncConnection, callouts: Sequence[Callout], *, base_url: str
    ) -> Mapping[str, Mapping[str, Any]]:
        """Give what each callout tells its endpoint; requests that are gone are missing."""
        about = await stories.read(conn, {callout.owner_id for callout in callouts})
        called = await extension_store.known(conn, {callout.extension_id for callout in callouts})
        return {
            callout.id: payloads.legacy_payload(callout, story)
            if stages.is_older(called.get(callout.extension_id))
            else payloads.payload(callout, story, base_url=base_url)
            for callout in callouts
            if (story := about.get(callout.owner_id))
        }

    def admit(self, callout: Callout, answer: Answer) -> None:
        """Refuse an answer that does not fit its stage.

        :raises StateNotAllowedAtStage: the stage does not let extensions deny.
        :raises DomainError: it names approvers where none are asked for, none where they are, or
            not as it must (see ``dynamic.check_answer``).
        """
        stage, verdict = Stage(callout.stage), Verdict(answer.verdict)
        requests.may_answer(stage, verdict)
        dynamic.check_answer(stage, verdict, determining.named({"data": answer.data}))

    async def resumed(
        self, conn: AsyncConnection, callouts: Sequence[Callout], *, now: datetime
    ) -> None:
        """Let requests go on, or end them, as their extensions say."""
        before = await request_store.lock(conn, {callout.owner_id for callout in callouts})
        after = dict(before)
        actors: dict[str, Actor] = {}
        determined: list[tuple[Request, AccessPackageApprovalStage]] = []
        for callout in callouts:
            request = after.get(callout.owner_id)
            if request is None:
                continue
            stage = determining.named(callout.answer)
            if stage is not None and requests.determines(request, callout.id):
                determined.append((request, stage))
            after[request.id] = requests.answered(
                request, callout.id, _verdict(callout), names_approvers=stage is not None, now=now
            )
            actors[request.id] = _caller(callout)
        await determining.note(conn, determined)
        answered = [c for c in callouts if c.answer is not None and c.owner_id in before]
        await record(conn, [_resumed(before[c.owner_id], c) for c in answered], now=now)
        both = [Move(request, after[key], actors[key]) for key, request in before.items()]
        await moves.store(conn, both, now=now)

    async def gave_up(
        self, conn: AsyncConnection, callouts: Sequence[Callout], *, now: datetime
    ) -> None:
        """Fail closed: see ``requests.gave_up``."""
        before = await request_store.lock(conn, {callout.owner_id for callout in callouts})
        after = dict(before)
        lost: list[str] = []
        for callout in callouts:
            request = after.get(callout.owner_id)
            if request is None:
                continue
            timed_out = callout.outcome is Outcome.TIMED_OUT
            moved, undo = requests.gave_up(request, callout.id, timed_out=timed_out, now=now)
            after[request.id] = moved
            lost += [request.assignment_id] if isinstance(undo, TakeBack) else []
        await delivering.take_back(conn, lost, now=now)
        await moves.store(conn, [Move(r, after[key]) for key, r in before.items()], now=now)


def _verdict(callout: Callout) -> Verdict:
    """Give what the extension said; one that was only told says nothing, and all goes on."""
    answer = callout.answer
    return Verdict(answer["verdict"]) if answer else Verdict.CONTINUE


def _caller(callout: Callout) -> Actor:
    caller = (callout.answer or {}).get("caller")
    if not isinstance(caller, Mapping):
        return SYSTEM
    return Actor(kind=caller["kind"], id=caller["id"])


def _resumed(request: Request, callout: Callout) -> AuditEvent:
    details = {
        "stage": callout.stage,
        "stageInstanceId": callout.id,
        "extensionId": callout.extension_id,
        "source": callout.source,
        "detail": callout.detail,
        "verdict": _verdict(callout).value,
    }
    return records.of_request(records.RESUME, request, _caller(callout), details=details)
