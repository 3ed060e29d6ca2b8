"""The catalogue of workflow templates as sources: rows of constants, the same in every database."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import Boolean, Integer, RowMapping, String, literal, select, union_all

from ostiary.graph.resources import Link, Source
from ostiary.lifecycle.catalogue import RUN_CUSTOM_EXTENSION, Definition, definition_of
from ostiary.lifecycle.model import KeyValuePair
from ostiary.lifecycle.model.workflows import Task, WorkflowTemplate
from ostiary.lifecycle.sources.definitions import category_of
from ostiary.lifecycle.store.shown import flags
from ostiary.lifecycle.templates import TEMPLATES, Template, TemplateTask

_BY_ID: Final = {template.id: template for template in TEMPLATES}


def _definition(task: TemplateTask) -> Definition:
    definition = definition_of(task.definition_id)
    assert definition is not None
    return definition


def _title(definition: Definition) -> str:
    """Templates have the capitals of an older catalogue."""
    name = definition.display_name
    if definition.id == RUN_CUSTOM_EXTENSION:
        return name
    return " ".join(word[:1].upper() + word[1:] for word in name.split())


def _row(number: int, template: Template) -> Any:
    return select(
        literal(number, Integer).label("number"),
        literal(template.id, String).label("id"),
        literal(template.display_name, String).label("display_name"),
        literal(template.description, String).label("description"),
        literal(template.category.value, String).label("category"),
    )


def _task_row(template: Template, number: int, task: TemplateTask) -> Any:
    definition = _definition(task)
    return select(
        literal(template.id, String).label("template_id"),
        literal(number, Integer).label("execution_sequence"),
        literal(task.id, String).label("id"),
        literal(_title(definition), String).label("display_name"),
        literal(definition.description, String).label("description"),
        literal(definition.id, String).label("task_definition_id"),
        literal(category_of(definition), String).label("category"),
        literal(True, Boolean).label("is_enabled"),
        literal(False, Boolean).label("continue_on_error"),
    )


_rows = union_all(*(_row(n, t) for n, t in enumerate(TEMPLATES))).subquery("workflow_templates")
task_rows = union_all(
    *(_task_row(t, n, task) for t in TEMPLATES for n, task in enumerate(t.tasks, start=1))
).subquery("template_tasks")


def _load(row: RowMapping) -> WorkflowTemplate:
    return wire(_BY_ID[row["id"]])


def wire(template: Template) -> WorkflowTemplate:
    """Show a template, its tasks included."""
    return WorkflowTemplate(
        id=template.id,
        category=template.category,
        display_name=template.display_name,
        description=template.description,
        execution_conditions=template.conditions,
        tasks=[_task(number, task) for number, task in enumerate(template.tasks, start=1)],
    )


def _load_task(row: RowMapping) -> Task:
    tasks = _BY_ID[row["template_id"]].tasks
    number: int = row["execution_sequence"]
    return _task(number, tasks[number - 1])


def _task(number: int, task: TemplateTask) -> Task:
    definition = _definition(task)
    return Task(
        id=task.id,
        task_definition_id=definition.id,
        display_name=_title(definition),
        description=definition.description,
        arguments=[KeyValuePair(name=name, value=value) for name, value in task.arguments],
        category=flags(category_of(definition)),
        execution_sequence=number,
    )


TEMPLATE_TASKS: Final = Source(
    type=Task,
    table=task_rows,
    key=task_rows.c.id,
    columns={
        name: task_rows.c[name]
        for name in (
            "id",
            "display_name",
            "description",
            "is_enabled",
            "continue_on_error",
            "task_definition_id",
            "category",
            "execution_sequence",
        )
    },
    load=_load_task,
    order=task_rows.c.execution_sequence,
    search=(task_rows.c.display_name,),
)
"""Tasks of templates."""

WORKFLOW_TEMPLATES: Final = Source(
    type=WorkflowTemplate,
    table=_rows,
    key=_rows.c.id,
    columns={name: _rows.c[name] for name in ("id", "display_name", "description", "category")},
    load=_load,
    links={
        "tasks": Link(
            target=lambda: TEMPLATE_TASKS,
            local=_rows.c.id,
            remote=task_rows.c.template_id,
            many=True,
            order=task_rows.c.execution_sequence,
        )
    },
    order=_rows.c.number,
    search=(_rows.c.display_name, _rows.c.description),
)
"""Every workflow template, in the order in which the API lists them."""
