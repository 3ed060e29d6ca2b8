"""Noting whom extensions have named as the approvers of dynamic stages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.entitlement import dynamic
from ostiary.entitlement.model.policies import AccessPackageApprovalStage
from ostiary.entitlement.process import asking
from ostiary.entitlement.states import Request
from ostiary.entitlement.store import approvals as store
from ostiary.entitlement.store import policies as policy_store
from ostiary.entitlement.store.documents import read, written

_KEPT = "approvalStage"


def kept(stage: AccessPackageApprovalStage) -> dict[str, Any]:
    """Give what of an answer is kept with its callout."""
    return {_KEPT: written(stage, AccessPackageApprovalStage)}


def named(answer: Mapping[str, Any] | None) -> AccessPackageApprovalStage | None:
    """Give the stage of an answer that was kept; None when it names none."""
    data = (answer or {}).get("data") or {}
    return read(AccessPackageApprovalStage, data.get(_KEPT))


async def note(
    conn: AsyncConnection, answers: Sequence[tuple[Request, AccessPackageApprovalStage]]
) -> None:
    """Keep who decides next about each request, whose row the caller has locked.

    A request that awaits the callout before a decision stands at the position just before it.
    """
    if not answers:
        return
    terms = await policy_store.terms(conn, {request.terms_id for request, _ in answers})
    questions = [
        asking.question(request, request.position + 1, terms[request.terms_id])
        for request, _ in answers
    ]
    said = {request.id: answer for request, answer in answers}
    determined = {
        one.stage.id: dynamic.determined(one.setting, said[one.request.id])
        for one in await asking.stages_asked(conn, questions)
    }
    await store.determine(conn, determined)
