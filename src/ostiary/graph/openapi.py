"""The OpenAPI 3.1 document of what is served below a root, made from the same declarations."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ostiary.graph.edm import Property, describe
from ostiary.graph.openapi_schemas import ERROR, Schemas
from ostiary.graph.resources import EntitySet, Node, Operation, Singleton, Source
from ostiary.graph.types import Complex, Version

COLLECTION_OPTIONS = ("$select", "$expand", "$filter", "$orderby", "$skiptoken")
Json = dict[str, Any]


@dataclass(frozen=True)
class Way:
    """A path template, and the parameters that it has so far."""

    path: str
    parameters: tuple[Json, ...] = ()

    def below(self, segment: str) -> Way:
        """Go one segment down."""
        return replace(self, path=f"{self.path}/{segment}")

    def by_key(self, name: str) -> Way:
        """Go to the entity with a key."""
        taken = {p["name"] for p in self.parameters}
        key = f"{name}-id"
        while key in taken:
            key += "-2"
        parameter = {"name": key, "in": "path", "required": True, "schema": {"type": "string"}}
        return Way(f"{self.path}/{{{key}}}", (*self.parameters, parameter))


def document(roots: Sequence[Node], version: Version, *, server: str, title: str) -> Json:
    """Describe everything that is declared, with its bodies, replies and parameters."""
    builder = _Builder(Schemas(version), version)
    paths: dict[str, Json] = {}
    for way, item in builder.nodes(Way(""), roots):
        paths[way.path] = {"parameters": list(way.parameters), **item}
    return {
        "openapi": "3.1.0",
        "info": {"title": title, "version": version.value},
        "servers": [{"url": server}],
        "security": [{"bearer": []}],
        "paths": paths,
        "components": {
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}},
            "schemas": builder.schemas.definitions | {"odataError": ERROR},
        },
    }


@dataclass(frozen=True)
class _Builder:
    schemas: Schemas
    version: Version

    def nodes(self, way: Way, nodes: Sequence[Node]) -> Iterator[tuple[Way, Json]]:
        for node in nodes:
            if isinstance(node, EntitySet):
                yield from self._set(way.below(self._name(node)), node)
            else:
                yield from self._singleton(way.below(node.name), node)

    def _name(self, node: EntitySet) -> str:
        return node.beta if node.beta and self.version is Version.BETA else node.name

    def _set(self, way: Way, node: EntitySet) -> Iterator[tuple[Way, Json]]:
        cls = node.source.type
        tag = way.path.strip("/").split("/")[-1]
        collection: Json = {"get": self._list(cls, tag, node.source)}
        if node.create is not None:
            collection["post"] = self._write(cls, cls, "201", tag)
        yield way, collection
        yield way.below("$count"), {"get": _count(tag)}
        yield from self._operations(way, node.operations, "collection", tag)
        entity_way = way.by_key(cls.__name__[:1].lower() + cls.__name__[1:])
        yield entity_way, self._entity(node, tag)
        yield from self._operations(entity_way, node.operations, "entity", tag)
        yield from self.nodes(entity_way, node.children)

    def _entity(self, node: EntitySet, tag: str) -> Json:
        cls = node.source.type
        item: Json = {"get": self._read(cls, tag)}
        if node.update is not None:
            item["patch"] = self._write(cls, cls, "200", tag, partial=True)
        if node.replace is not None:
            item["put"] = self._write(cls, cls, "200", tag)
        if node.delete is not None:
            item["delete"] = {"tags": [tag], "responses": _responses("204", None)}
        return item

    def _singleton(self, way: Way, node: Singleton) -> Iterator[tuple[Way, Json]]:
        item: Json = {}
        if node.stands_for is not None:
            meant = node.stands_for.set
            yield way, self._entity(meant, node.name)
            yield from self._operations(way, meant.operations, "entity", node.name)
            yield from self.nodes(way, meant.children)
        if node.get is not None and node.type is not None:
            item["get"] = self._read(node.type, node.name)
        if node.update is not None and node.type is not None:
            item["patch"] = self._write(node.type, node.type, "200", node.name, partial=True)
        if item:
            yield way, item
        yield from self._operations(way, node.operations, None, node.name)
        yield from self.nodes(way, node.children)

    def _operations(
        self, way: Way, operations: Sequence[Operation], bound: str | None, tag: str
    ) -> Iterator[tuple[Way, Json]]:
        for operation in operations:
            if bound is not None and operation.bound != bound:
                continue
            name = operation.name
            if operation.namespace != "microsoft.graph":
                name = f"{operation.namespace}.{name}"
            if operation.kind == "action":
                yield way.below(name), {"post": self._action(operation, tag)}
            else:
                yield self._function_way(way, name, operation), {"get": self._call(operation, tag)}

    def _function_way(self, way: Way, name: str, operation: Operation) -> Way:
        if operation.parameters is None:
            return way.below(f"{name}()")
        properties = list(describe(operation.parameters).properties.values())
        inside = ",".join(f"{p.name}={_argument(p)}" for p in properties)
        parameters = tuple(
            {
                "name": p.name,
                "in": "path",
                "required": True,
                "schema": self.schemas.of(p.type, reading=False),
            }
            for p in properties
        )
        return Way(f"{way.path}/{name}({inside})", (*way.parameters, *parameters))

    def _list(self, cls: type[Complex], tag: str, source: Source) -> Json:
        numbers = ({"name": n, "in": "query", "schema": _NATURAL} for n in ("$top", "$skip"))
        flag = {"name": "$count", "in": "query", "schema": {"type": "boolean"}}
        texts = [{"name": n, "in": "query", "schema": {"type": "string"}} for n in _options(source)]
        page = {
            "type": "object",
            "required": ["value"],
            "properties": {
                "@odata.nextLink": {"type": "string"},
                "@odata.count": {"type": "integer"},
                "value": {"type": "array", "items": self.schemas.reply(cls)},
            },
        }
        parameters = [*numbers, flag, *texts]
        return {"tags": [tag], "parameters": parameters, "responses": _responses("200", page)}

    def _read(self, cls: type[Complex], tag: str) -> Json:
        parameters = [
            {"name": n, "in": "query", "schema": {"type": "string"}} for n in ("$select", "$expand")
        ]
        responses = _responses("200", self.schemas.reply(cls))
        return {"tags": [tag], "parameters": parameters, "responses": responses}

    def _write(
        self,
        body: type[Complex],
        result: type[Complex],
        status: str,
        tag: str,
        *,
        partial: bool = False,
    ) -> Json:
        responses = _responses(status, self.schemas.reply(result))
        responses["204"] = {"description": "Done."}
        schema = self.schemas.body(body, partial=partial)
        return {"tags": [tag], "requestBody": _content(schema), "responses": responses}

    def _action(self, operation: Operation, tag: str) -> Json:
        item: Json = {"tags": [tag], "responses": self._result(operation)}
        if operation.parameters is not None:
            item["requestBody"] = _content(self.schemas.body(operation.parameters))
        return item

    def _call(self, operation: Operation, tag: str) -> Json:
        return {"tags": [tag], "responses": self._result(operation)}

    def _result(self, operation: Operation) -> Json:
        returned = operation.returns
        if returned is None or not issubclass(returned, Complex):
            schema = None if returned is None else {"type": "object"}
            return _responses("200" if schema else str(operation.empty), schema)
        single = self.schemas.reply(returned)
        if not operation.many:
            return _responses("200", single)
        many = {
            "type": "object",
            "required": ["value"],
            "properties": {"value": {"type": "array", "items": single}},
        }
        return _responses("200", many)


_NATURAL: Json = {"type": "integer", "minimum": 0, "maximum": 999_999_999}


def _options(source: Source) -> tuple[str, ...]:
    return (*COLLECTION_OPTIONS, "$search") if source.search else COLLECTION_OPTIONS


def _argument(prop: Property) -> str:
    quoted = prop.type.name == "Edm.String" or prop.type.kind == "enum"
    return f"'{{{prop.name}}}'" if quoted else f"{{{prop.name}}}"


def _count(tag: str) -> Json:
    ok = {"description": "The number.", "content": {"text/plain": {"schema": {"type": "integer"}}}}
    parameters = [{"name": "$filter", "in": "query", "schema": {"type": "string"}}]
    return {"tags": [tag], "parameters": parameters, "responses": {"200": ok, **_ERRORS}}


def _content(schema: Json) -> Json:
    return {"content": {"application/json": {"schema": schema}}}


_ERRORS: Json = {
    code: {"description": "Refused.", **_content({"$ref": "#/components/schemas/odataError"})}
    for code in ("4XX", "5XX")
}


def _responses(status: str, schema: Json | None) -> Json:
    ok: Json = {"description": "Done."}
    if schema is not None:
        ok |= _content(schema)
    return {status: ok, **_ERRORS}
