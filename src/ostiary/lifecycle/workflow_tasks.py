"""The tasks of a workflow: what may be stored.

What comes from a request was read leniently; what leaves is complete, with ids and arguments
spelled as the catalogue spells them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from msgspec import UNSET, UnsetType

from ostiary.lifecycle import catalogue
from ostiary.lifecycle.catalogue import Definition, Parameter
from ostiary.lifecycle.errors import InvalidTask, version_bound
from ostiary.lifecycle.model import LifecycleWorkflowCategory as Category
from ostiary.lifecycle.model.workflows import Task
from ostiary.lifecycle.texts import check_texts

MAX_TASKS = 25


@dataclass(frozen=True, slots=True, kw_only=True)
class NewTask:
    """A task that may be stored. ``extension_id`` is the custom task extension that it runs."""

    definition: Definition
    display_name: str
    description: str | None
    is_enabled: bool
    continue_on_error: bool
    arguments: tuple[tuple[str, str], ...]
    extension_id: str | None = None


def admitted_tasks(
    tasks: Sequence[Task] | UnsetType, *, category: Category, path: str = "tasks"
) -> tuple[NewTask, ...]:
    """Check the tasks of a workflow; their order in the array is the order in which they run.

    :raises InvalidTask: there are none or too many, two have the same name, or one does not fit
        its definition or the category of the workflow.
    """
    if tasks is UNSET or not 1 <= len(tasks) <= MAX_TASKS:
        raise InvalidTask(
            f"The property '{path}' must hold between 1 and {MAX_TASKS} tasks.", target=path
        )
    admitted = tuple(
        _admitted_task(task, category, f"{path}/{index}") for index, task in enumerate(tasks)
    )
    names = Counter(task.display_name.casefold() for task in admitted)
    for index, task in enumerate(admitted):
        if names[task.display_name.casefold()] > 1:
            raise InvalidTask(
                f"Two tasks are called '{task.display_name}': each task of a workflow needs a "
                "displayName of its own.",
                target=f"{path}/{index}/displayName",
            )
    return admitted


def check_task_patch(before: Task, after: Task) -> None:
    """Check what PATCH would make of a task: only its name and description may change.

    :raises InvalidOperation: something else would.
    """
    for name in ("task_definition_id", "is_enabled", "continue_on_error", "arguments"):
        if getattr(before, name) != getattr(after, name):
            raise version_bound(name)
    check_texts(after.display_name, after.description)


def _admitted_task(task: Task, category: Category, path: str) -> NewTask:
    definition = _definition(task, category, path)
    _require(task.display_name, f"{path}/displayName")
    check_texts(task.display_name, task.description, path=f"{path}/")
    arguments = _arguments(task, definition, f"{path}/arguments")
    return NewTask(
        definition=definition,
        display_name=task.display_name,
        description=task.description,
        is_enabled=task.is_enabled,
        continue_on_error=task.continue_on_error,
        arguments=arguments,
        extension_id=_extension_id(arguments),
    )


def _extension_id(arguments: Sequence[tuple[str, str]]) -> str | None:
    named = dict(arguments).get(catalogue.EXTENSION_PARAMETER)
    return None if named is None else named.strip().lower()


def _definition(task: Task, category: Category, path: str) -> Definition:
    here = f"{path}/taskDefinitionId"
    _require(task.task_definition_id, here)
    definition = catalogue.definition_of(task.task_definition_id)
    if definition is None:
        raise InvalidTask(
            f"The property '{here}' names no task definition: GET "
            "/identityGovernance/lifecycleWorkflows/taskDefinitions lists them.",
            target=here,
        )
    if not definition.fits(category):
        fitting = ", ".join(c.value for c in definition.category)
        raise InvalidTask(
            f"The task '{definition.display_name}' cannot stand in a workflow of the category "
            f"'{category.value}', only in: {fitting}.",
            target=here,
        )
    return definition


def _arguments(task: Task, definition: Definition, path: str) -> tuple[tuple[str, str], ...]:
    """Give the arguments under the catalogue's names, which requests spell in any case."""
    known = {p.name.lower(): p for p in definition.parameters}
    for stale, name in catalogue.STALE_PARAMETERS.items():
        if name.lower() in known:
            known[stale.lower()] = known[name.lower()]
    given: dict[str, str] = {}
    for index, pair in enumerate(task.arguments):
        parameter = known.get(pair.name.strip().lower())
        if parameter is None or parameter.name in given:
            raise _bad_argument(definition, pair.name, known, f"{path}/{index}/name")
        given[parameter.name] = _value(parameter, pair.value or "", f"{path}/{index}/value")
    for parameter in definition.parameters:
        if parameter.required and not given.get(parameter.name, "").strip():
            raise InvalidTask(
                f"The task '{definition.display_name}' needs the argument '{parameter.name}'.",
                target=path,
            )
    return tuple(given.items())


def _value(parameter: Parameter, value: str, path: str) -> str:
    if not value.strip():
        return value
    problem = parameter.form(value) if parameter.form is not None else None
    if problem is not None:
        raise InvalidTask(f"The argument '{parameter.name}' {problem}.", target=path)
    if not parameter.choices:
        return value
    chosen = next((c for c in parameter.choices if c == value.strip().lower()), None)
    if chosen is None:
        listed = " or ".join(f"'{c}'" for c in parameter.choices)
        raise InvalidTask(
            f"The argument '{parameter.name}' is '{value}'; it must be {listed}.", target=path
        )
    return chosen


def _bad_argument(
    definition: Definition, name: str, known: dict[str, Parameter], path: str
) -> InvalidTask:
    if name.strip().lower() in known:
        return InvalidTask(f"The argument '{name}' is given twice.", target=path)
    names = ", ".join(f"'{p.name}'" for p in definition.parameters) or "none"
    return InvalidTask(
        f"The task '{definition.display_name}' has no argument '{name}'; it has: {names}.",
        target=path,
    )


def _require(value: str | UnsetType, path: str) -> None:
    if value is UNSET or not value:
        raise InvalidTask(f"The property '{path}' is required.", target=path)
