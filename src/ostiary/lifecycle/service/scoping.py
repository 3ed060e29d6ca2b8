"""Whom an activation scope means.

Every scope becomes a choice of people, which is a query. A further kind of scope, such as a rule,
is another branch of ``choose``.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.directory import store as directory
from ostiary.graph.errors import NotFound, NotSupported
from ostiary.lifecycle import scopes
from ostiary.lifecycle.errors import InvalidOperation, UnknownPeople
from ostiary.lifecycle.model.workflows import (
    ActivateGroupScope,
    ActivateProcessingResultScope,
    ActivateRunScope,
    ActivateUserScope,
    ActivationScope,
)
from ostiary.lifecycle.store import choices
from ostiary.lifecycle.store import results as results
from ostiary.lifecycle.store.choices import People
from ostiary.lifecycle.tallies import ENDED, Status


@dataclass(frozen=True, slots=True)
class Chosen:
    """The people of a scope, and the runs that are repeated for them."""

    people: People
    runs: frozenset[str] = frozenset()
    is_released: bool = False
    """Whether the scope is a run that a limit held back, and that somebody has looked at."""


async def choose(conn: AsyncConnection, workflow_id: str, scope: ActivationScope) -> Chosen:
    """Find the people of a scope.

    :raises NotFound: a run, a result or a group does not exist, or is being forgotten.
    :raises UnknownPeople: people do not.
    :raises InvalidOperation: what is to be repeated goes on still.
    """
    match scope:
        case ActivateRunScope():
            return await _of_run(conn, workflow_id, scope)
        case ActivateProcessingResultScope():
            return await _of_results(conn, workflow_id, scope)
        case ActivateUserScope(users=users):
            return await _named(conn, scopes.ids_of(users))
        case ActivateGroupScope():
            return await _members(conn, scopes.id_of(scope.group))
        case _:
            raise NotSupported("This scope is not supported.", target="scope")


async def _members(conn: AsyncConnection, group_id: str) -> Chosen:
    if group_id not in await directory.groups(conn, [group_id]):
        raise NotFound(f"The group '{group_id}' could not be found.", target="scope/group")
    return Chosen(choices.members(group_id))


async def _named(conn: AsyncConnection, ids: Collection[str]) -> Chosen:
    unknown = sorted(set(ids) - (await directory.people(conn, ids)).keys())
    if unknown:
        listed = ", ".join(f"'{id}'" for id in unknown)
        raise UnknownPeople(f"These users do not exist: {listed}.", target="scope/users")
    return Chosen(choices.named(ids))


async def _of_run(conn: AsyncConnection, workflow_id: str, scope: ActivateRunScope) -> Chosen:
    id = scopes.id_of(scope.run)
    run = (await results.lock_runs(conn, [id])).get(id)
    if run is None or run.workflow_id != workflow_id:
        raise NotFound(f"The run '{id}' could not be found.", target="scope/run")
    if run.is_being_forgotten:
        raise NotFound(
            f"The run '{id}' ended so long ago that it is being forgotten: it cannot be repeated.",
            target="scope/run",
        )
    is_released = run.status is Status.QUARANTINED
    if run.status not in ENDED and not is_released:
        raise InvalidOperation(
            f"The run is '{run.status.value}': only one that has ended can be repeated.",
            target="scope/run",
        )
    failures_only = scopes.repeats_failures(scope)
    people = choices.of_run(id, who=scope.user_scope, failures_only=failures_only)
    return Chosen(people, frozenset({id}), is_released)


async def _of_results(
    conn: AsyncConnection, workflow_id: str, scope: ActivateProcessingResultScope
) -> Chosen:
    ids = scopes.ids_of(scope.processing_results)
    runs = await choices.runs_of_results(conn, workflow_id, ids)
    held = await results.lock_runs(conn, sorted(set(runs.values())))
    kept = {id for id, run in held.items() if not run.is_being_forgotten}
    missing = next((id for id in ids if runs.get(id) not in kept), None)
    if missing is not None:
        raise NotFound(
            f"The processing result '{missing}' could not be found.",
            target="scope/processingResults",
        )
    unended = await choices.unended(conn, ids)
    if unended is not None:
        raise InvalidOperation(
            f"The processing result '{unended}' has not ended: it cannot be repeated yet.",
            target="scope/processingResults",
        )
    people = choices.of_results(ids, failures_only=scopes.repeats_failures(scope))
    return Chosen(people, frozenset(runs.values()))
