"""Lists kept in one JSON column, as rows: ``groupTypes/any(g: g eq 'Unified')`` in SQL.

The two databases name the functions differently; these constructs are spelled for each of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, String, TableValuedAlias, case, column, func, literal
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement, GenericFunction

from ostiary.graph.edm import Property, TypeRef, describe
from ostiary.graph.errors import BadRequest


class json_elements(FunctionElement[Any]):
    """The elements of a JSON array, one row each, in a column ``value``."""

    inherit_cache = True
    name = "json_elements"


class json_text(GenericFunction[str]):
    """An element that is a text, or (with a second argument) a member of one that is an object."""

    type = String()
    inherit_cache = True
    name = "json_text"


@compiles(json_elements)
def _elements(element: json_elements, compiler: SQLCompiler, **options: Any) -> str:
    return f"json_each({compiler.process(element.clauses, **options)})"


@compiles(json_elements, "postgresql")
def _elements_pg(element: json_elements, compiler: SQLCompiler, **options: Any) -> str:
    return f"jsonb_array_elements({compiler.process(element.clauses, **options)})"


@compiles(json_text)
def _text(element: json_text, compiler: SQLCompiler, **options: Any) -> str:
    value, *member = (compiler.process(clause, **options) for clause in element.clauses)
    return f"json_extract({value}, '$.\"' || {member[0]} || '\"')" if member else value


@compiles(json_text, "postgresql")
def _text_pg(element: json_text, compiler: SQLCompiler, **options: Any) -> str:
    value, *member = (compiler.process(clause, **options) for clause in element.clauses)
    return f"({value} ->> {member[0]})" if member else f"({value} #>> '{{}}')"


@dataclass(frozen=True)
class Element:
    """What a lambda's variable stands for: one element of a list of texts or of complex values."""

    type: TypeRef
    rows: TableValuedAlias

    @classmethod
    def of(cls, prop: Property, stored: ColumnElement[Any]) -> Element:
        """Open the list that is stored in a column."""
        elements = json_elements(stored)
        return cls(prop.type, elements.table_valued(column("value", String())))

    def text(self, parts: tuple[str, ...]) -> ColumnElement[str]:
        """Give the element itself, or its member that ``parts`` names, as text.

        :raises BadRequest: it has no such member, or one that is no text.
        """
        value = self.rows.c["value"]
        if not parts:
            return json_text(value)
        *cast, name = parts
        member = self._member(name) if self.type.kind == "complex" else None
        is_cast = len(cast) == 1 and "." in cast[0]
        if member is None or member.type.name != "Edm.String" or (cast and not is_cast):
            raise BadRequest(
                f"'{'/'.join(parts)}' of '{self.type.name}' cannot be used in a filter."
            )
        text = json_text(value, literal(member.name))
        if not cast:
            return text
        type_ = json_text(value, literal("@odata.type"))
        return case((func.lower(type_) == f"#{cast[0].lstrip('#').lower()}", text))

    def _member(self, name: str) -> Property | None:
        """Find a property of the elements' type, or of one derived from it."""
        types = [self.type.python]
        while types:
            type_ = types.pop()
            found = describe(type_).by_spelling.get(name.lower())
            if found is not None:
                return found
            types += type_.__subclasses__()
        return None
