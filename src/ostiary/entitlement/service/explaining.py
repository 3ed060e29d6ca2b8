"""Use cases of explanations: why a request or an assignment stands as it does."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.entitlement import explanations
from ostiary.entitlement.errors import NotThere
from ostiary.entitlement.model.explanations import Why
from ostiary.entitlement.store import explaining as store


async def explain_request(conn: AsyncConnection, key: str, *, hidden: Collection[str] = ()) -> Why:
    """Explain a request; ``hidden`` are the stages whose approvers are not to be named.

    :raises NotThere: there is none.
    """
    facts = await store.of_request(conn, key, hidden)
    if facts is None:
        raise NotThere("accessPackageAssignmentRequest", key)
    return explanations.of_request(facts.requests[0], facts)


async def explain_assignment(
    conn: AsyncConnection, key: str, *, hidden: Collection[str] = ()
) -> Why:
    """Explain an assignment, as ``explain_request``.

    :raises NotThere: there is none.
    """
    facts = await store.of_assignment(conn, key, hidden)
    if facts is None or facts.assignment is None:
        raise NotThere("accessPackageAssignment", key)
    return explanations.of_assignment(facts.assignment, facts)


async def explain(conn: AsyncConnection, key: str) -> Why | None:
    """Explain whatever has this id, with every name; None: nothing has."""
    for use_case in (explain_request, explain_assignment):
        try:
            return await use_case(conn, key)
        except NotThere:
            continue
    return None
