"""The catalogue of task definitions as a source: rows of constants, the same in every database."""

from __future__ import annotations

from typing import Any, Final

import msgspec
from sqlalchemy import (
    Boolean,
    Dialect,
    Integer,
    RowMapping,
    String,
    TypeDecorator,
    literal,
    select,
    union_all,
)

from ostiary.graph.resources import Source
from ostiary.lifecycle.catalogue import DEFINITIONS, Definition, definition_of
from ostiary.lifecycle.model import ValueType
from ostiary.lifecycle.model.definitions import Parameter, TaskDefinition
from ostiary.lifecycle.store.shown import flags
from ostiary.storage.tables import Json


class _Folded(TypeDecorator[str]):
    """A key in lower case: whatever it is compared with is lowered."""

    impl = String
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        return None if value is None else value.lower()


def category_of(definition: Definition) -> str:
    """Give the categories of a definition as flags are written: joined by commas."""
    return ",".join(category.value for category in definition.category)


def _wire_parameters(definition: Definition) -> list[Parameter]:
    return [
        Parameter(
            name=p.name,
            values=list(p.choices or p.hints),
            value_type=ValueType.ENUM if p.choices else ValueType.STRING,
        )
        for p in definition.parameters
    ]


def _parameters(definition: Definition) -> Any:
    """Give the parameters as JSON, so that filters can look into them."""
    return msgspec.to_builtins(_wire_parameters(definition))


def _row(number: int, definition: Definition) -> Any:
    return select(
        literal(number, Integer).label("number"),
        literal(definition.id.lower(), _Folded).label("key"),
        literal(definition.id, String).label("id"),
        literal(definition.display_name, String).label("display_name"),
        literal(definition.description, String).label("description"),
        literal(definition.continue_on_error, Boolean).label("continue_on_error"),
        literal(_parameters(definition), Json).label("parameters"),
        literal(category_of(definition), String).label("category"),
        literal(definition.version, Integer).label("version"),
    )


_rows = union_all(*(_row(n, d) for n, d in enumerate(DEFINITIONS))).subquery("task_definitions")


def wire(definition: Definition) -> TaskDefinition:
    """Show a definition."""
    return TaskDefinition(
        id=definition.id,
        display_name=definition.display_name,
        description=definition.description,
        category=flags(category_of(definition)),
        version=definition.version,
        continue_on_error=definition.continue_on_error,
        parameters=_wire_parameters(definition),
    )


def _load(row: RowMapping) -> TaskDefinition:
    definition = definition_of(row["id"])
    assert definition is not None
    return wire(definition)


TASK_DEFINITIONS: Final = Source(
    type=TaskDefinition,
    table=_rows,
    key=_rows.c.key,
    columns={
        "id": _rows.c.id,
        "display_name": _rows.c.display_name,
        "description": _rows.c.description,
        "category": _rows.c.category,
        "continue_on_error": _rows.c.continue_on_error,
        "version": _rows.c.version,
    },
    lists={"parameters": _rows.c.parameters},
    load=_load,
    order=_rows.c.number,
    search=(_rows.c.display_name, _rows.c.description),
    counted=True,
)
"""Every task definition, in the order in which the API lists them."""
