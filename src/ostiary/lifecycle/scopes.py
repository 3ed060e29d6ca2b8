"""Activation scopes: what may be asked for, and the form in which it is kept."""

from __future__ import annotations

from collections.abc import Sequence

from ostiary.directory.model import Group, User
from ostiary.graph.errors import InvalidModel
from ostiary.graph.types import UNSET, Entity, UnsetType
from ostiary.lifecycle.conditions import check_known
from ostiary.lifecycle.model.enums import ActivationTaskScopeType as TaskScope
from ostiary.lifecycle.model.references import only_id
from ostiary.lifecycle.model.workflows import (
    ActivateGroupScope,
    ActivateProcessingResultScope,
    ActivateRunScope,
    ActivateUserScope,
    ActivationScope,
    Run,
    UserProcessingResult,
)


def checked(scope: ActivationScope) -> ActivationScope:
    """Give a scope in the form in which it is kept: others are named by their ids alone.

    :raises InvalidModel: it names nobody, or uses the sentinel of an enumeration.
    """
    match scope:
        case ActivateRunScope():
            check_known(scope.user_scope, "scope/userScope")
            _require(_one(scope.run), "scope/run")
        case ActivateProcessingResultScope():
            _require(scope.processing_results, "scope/processingResults")
        case ActivateUserScope():
            _require(scope.users, "scope/users")
        case ActivateGroupScope():
            _require(_one(scope.group), "scope/group")
    if isinstance(scope, ActivateRunScope | ActivateProcessingResultScope):
        check_known(scope.task_scope, "scope/taskScope")
    return pruned(scope)


def pruned(scope: ActivationScope) -> ActivationScope:
    """Give a scope whose people, runs and groups show nothing but their ids."""
    match scope:
        case ActivateRunScope(task_scope=tasks, user_scope=users, run=run):
            named = only_id(Run, id_of(run))
            return ActivateRunScope(task_scope=tasks, user_scope=users, run=named)
        case ActivateProcessingResultScope(task_scope=tasks, processing_results=results):
            kept = [only_id(UserProcessingResult, id) for id in ids_of(results)]
            return ActivateProcessingResultScope(task_scope=tasks, processing_results=kept)
        case ActivateUserScope(users=people):
            return ActivateUserScope(users=[only_id(User, id) for id in ids_of(people)])
        case ActivateGroupScope(group=group):
            return ActivateGroupScope(group=only_id(Group, id_of(group)))
        case _:
            return scope


def repeats_failures(scope: ActivationScope) -> bool:
    """Whether people repeat only what failed for them."""
    if isinstance(scope, ActivateRunScope | ActivateProcessingResultScope):
        return scope.task_scope is TaskScope.FAILED_TASKS
    return False


def ids_of(named: Sequence[Entity]) -> list[str]:
    """Give the ids, each once and in lower case."""
    return list(dict.fromkeys(_folded(one) for one in named))


def id_of(named: Entity | UnsetType) -> str:
    """Give the id of the one object that a scope names; empty when it names none."""
    return "" if named is UNSET else _folded(named)


def _one(named: Entity | UnsetType) -> list[Entity]:
    return [] if named is UNSET else [named]


def _folded(named: Entity) -> str:
    return named.id.strip().lower()


def _require(named: Sequence[Entity], path: str) -> None:
    if not named or not all(one.id for one in named):
        raise InvalidModel(f"The property '{path}' must name what it means by 'id'.", target=path)
