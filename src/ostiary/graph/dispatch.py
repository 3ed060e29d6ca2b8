"""What each method does at each kind of place: authorise, then read or call the one handler."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote

from sqlalchemy import and_
from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.graph import delta_replies, query
from ostiary.graph import options as query_options
from ostiary.graph.call import GraphCall
from ostiary.graph.computed import part_of
from ostiary.graph.context import context_url, control, location, next_link, set_path
from ostiary.graph.deltas import Delta
from ostiary.graph.edm import name_of, result_type
from ostiary.graph.errors import (
    BadRequest,
    MethodNotAllowed,
    NotFound,
    UnsupportedQuery,
)
from ostiary.graph.etags import etag, matches, require
from ostiary.graph.forms import face_of
from ostiary.graph.options import NO_OPTIONS, QueryOptions
from ostiary.graph.replies import Reply
from ostiary.graph.resources import Call, Endpoint, EntitySet, Matching
from ostiary.graph.routing import (
    Collection,
    EntityAt,
    OperationAt,
    SingletonAt,
    Target,
    references_of,
)
from ostiary.graph.running import endpoint_of, run
from ostiary.graph.types import Complex, Entity
from ostiary.graph.writing import Writer
from ostiary.storage.database import Database


@dataclass(frozen=True)
class Dispatcher:
    """Answers resolved requests from the database and the handlers."""

    database: Database

    async def answer(self, target: Target, call: GraphCall, writer: Writer) -> Reply:
        """Do what the request asks.

        :raises DomainError: it may not be done, or cannot.
        """
        match target.place:
            case OperationAt() as place:
                return await self._operation(place, call, writer)
            case Collection() as place if target.tail == "$count":
                return await self._count(place, call)
            case Collection() | EntityAt() if target.tail == "$ref":
                return await self._references(target.place, call)
            case Collection() as place:
                return await self._collection(place, call, writer)
            case EntityAt() as place if target.properties:
                return await self._property(place, target, call, writer)
            case EntityAt() as place:
                return await self._entity(place, call, writer)
            case SingletonAt() as place:
                return await self._singleton(place, call, writer)

    async def _collection(self, place: Collection, call: GraphCall, writer: Writer) -> Reply:
        create = place.set.create if place.set else None
        match call.method:
            case "GET":
                return await self._list(place, call, writer)
            case "POST" if create is not None:
                created = await run(create, call, place.source.type)
                return self._created(place, created, call, writer)
            case _:
                raise _not_allowed(GET=True, POST=create)

    async def _list(self, place: Collection, call: GraphCall, writer: Writer) -> Reply:
        await place.read(call)
        _require_type(place)
        return await self._page(place, call, writer)

    async def _page(self, place: Collection, call: GraphCall, writer: Writer) -> Reply:
        options = query_options.parse(call.query, place.source.type, call.version)
        async with self.database.reading() as conn:
            page = await query.page(conn, place, options, call, max_page=call.page)
        declared = place.source.type
        body: dict[str, Any] = {}
        if writer.metadata != "none":
            body["@odata.context"] = context_url(place, call, options)
        if page.count is not None:
            body["@odata.count"] = page.count
        if page.token is not None:
            body["@odata.nextLink"] = next_link(call, options, page.token)
        body["value"] = [
            control(place, e, call, writer) | writer.entity(e, declared=declared, shape=options)
            for e in page.entities
        ]
        applied = {"Preference-Applied": f"odata.maxpagesize={call.page}"} if call.page else {}
        return Reply(200, body, headers=applied)

    def _created(self, place: Collection, made: Any, call: GraphCall, writer: Writer) -> Reply:
        if not isinstance(made, Complex):
            return Reply(204)
        if isinstance(made, Entity) and not made.id:  # looked at, and not created
            return Reply(200, self._entity_body(place, made, call, writer, NO_OPTIONS))
        identity = made.id if isinstance(made, Entity) else ""
        headers = {"Location": location(place, identity, call)}
        if call.preferences.get("return") == "minimal":
            applied = {
                "Preference-Applied": "return=minimal",
                "OData-EntityId": headers["Location"],
            }
            return Reply(204, headers={**headers, **applied})
        body = self._entity_body(place, made, call, writer, NO_OPTIONS)
        return Reply(201, body, headers=headers)

    def _entity_body(
        self,
        place: Collection,
        value: Complex,
        call: GraphCall,
        writer: Writer,
        options: QueryOptions,
    ) -> dict[str, Any]:
        body: dict[str, Any] = {}
        if writer.metadata != "none":
            body["@odata.context"] = context_url(place, call, options, entity=True)
            if isinstance(value, Entity):
                body["@odata.etag"] = etag(value)
        body |= control(place, value, call, writer)
        return body | writer.entity(value, declared=place.source.type, shape=options)

    async def _entity(self, place: EntityAt, call: GraphCall, writer: Writer) -> Reply:
        declared = place.collection.set or EntitySet(
            name=place.collection.name, source=place.collection.source, read=place.collection.read
        )
        match call.method:
            case "GET":
                return await self._read(place, call, writer)
            case "PATCH" if declared.update is not None:
                return await self._written(place, declared.update, call, writer, declared)
            case "PUT" if declared.replace is not None:
                return await self._written(place, declared.replace, call, writer, declared)
            case "DELETE" if declared.delete is not None:
                await self._change(place, declared.delete, call)
                return Reply(204)
            case _:
                raise _not_allowed(
                    GET=True,
                    PATCH=declared.update,
                    PUT=declared.replace,
                    DELETE=declared.delete,
                )

    async def _read(self, place: EntityAt, call: GraphCall, writer: Writer) -> Reply:
        await place.collection.read(call)
        options = query_options.parse(call.query, place.collection.source.type, call.version)
        async with self.database.reading() as conn:
            entity = await self._one(conn, place, options, call)
        if entity is None:
            return Reply(204)
        headers = {"ETag": etag(entity)}
        seen = call.headers.get("if-none-match")
        if seen is not None and matches(seen, headers["ETag"]):
            return Reply(304, headers=headers)
        body = self._entity_body(place.collection, entity, call, writer, options)
        return Reply(200, body, headers=headers)

    async def _change(self, place: EntityAt, endpoint: Endpoint, call: GraphCall) -> Any:
        """Do a write on an entity; only who may write it learns whether it has changed."""

        async def handle(_: Call) -> Any:
            if "if-match" in call.headers:
                await self._require_match(place, call)
            return await endpoint.handle(call)

        return await run(Endpoint(endpoint.needs, handle), call, place.collection.source.type)

    async def _require_match(self, place: EntityAt, call: GraphCall) -> None:
        """Let a write go on when its caller has seen the present state.

        The handler compares once more, in its own transaction: another write may come between.
        """
        async with self.database.reading() as conn:
            entity = await query.one(conn, place, NO_OPTIONS, call)
        header = call.headers["if-match"]
        require(header, entity)
        call.seen = None if header.strip() == "*" else entity

    async def _one(
        self, conn: AsyncConnection, place: EntityAt, options: QueryOptions, call: GraphCall
    ) -> Entity | None:
        try:
            return await query.one(conn, place, options, call)
        except NotFound:
            parent = place.collection.parent
            if place.key is None and isinstance(parent, EntityAt) and place.collection.set is None:
                await query.one(conn, parent, NO_OPTIONS, call)
                return None  # the entity exists and has no such relation
            raise

    async def _written(
        self, place: EntityAt, endpoint: Endpoint, call: GraphCall, writer: Writer, set_: EntitySet
    ) -> Reply:
        """PATCH answers 204 unless the set or the caller wants the entity; PUT answers with it."""
        value = await self._change(place, endpoint, call)
        wish = call.preferences.get("return")
        by_default = call.method == "PUT" or set_.update_status == 200
        headers = {"Preference-Applied": f"return={wish}"} if wish else {}
        if wish == "minimal" or (not by_default and wish != "representation"):
            return Reply(204, headers=headers)
        if not isinstance(value, Complex):
            async with self.database.reading() as conn:
                value = await query.one(conn, place, NO_OPTIONS, call)
        body = self._entity_body(place.collection, value, call, writer, NO_OPTIONS)
        return Reply(200, body, headers=headers)

    async def _property(
        self, place: EntityAt, target: Target, call: GraphCall, writer: Writer
    ) -> Reply:
        if call.method != "GET":
            raise _not_allowed(GET=True)
        await place.collection.read(call)
        async with self.database.reading() as conn:
            value: Any = await query.one(conn, place, NO_OPTIONS, call)
        prop = target.properties[-1]
        for step in target.properties:
            face = face_of(value, call.version)
            value = getattr(face, step.python, None) if isinstance(face, Complex) else None
        if value is None:
            return Reply(204)
        if target.tail == "$value":
            return Reply(200, text=_as_text(writer.value(value), prop.name))
        name = name_of(prop.type, call.version)
        kind = f"Collection({name})" if prop.type.collection else name
        context = f"{call.root}/$metadata#{kind}"
        written = writer.value(value, declared=prop.type.python)
        body = written if isinstance(written, dict) else {"value": written}
        return Reply(200, {"@odata.context": context, **body})

    async def _count(self, place: Collection, call: GraphCall) -> Reply:
        if call.method != "GET":
            raise _not_allowed(GET=True)
        await place.read(call)
        _require_type(place)
        options = query_options.parse(call.query, place.source.type, call.version)
        async with self.database.reading() as conn:
            return Reply(200, text=str(await query.count(conn, place, options, call)))

    async def _references(self, place: Collection | EntityAt, call: GraphCall) -> Reply:
        links = references_of(place)
        add = links.add if links else None
        remove = links.remove if links else None
        many = isinstance(place, Collection)
        if many and call.method == "DELETE":
            place = self._removed_by_query(place, call)
        match call.method:
            case "GET":
                return await self._list_references(place, call)
            case "POST" | "PUT" if add is not None and many == (call.method == "POST"):
                await run(add, call)
            case "DELETE" if remove is not None:
                await run(remove, call)
            case _:
                raise _not_allowed(GET=True, POST=many and add, PUT=not many and add, DELETE=remove)
        return Reply(204)

    def _removed_by_query(self, place: Collection | EntityAt, call: GraphCall) -> EntityAt:
        """``DELETE …/members/$ref?@id={url}`` names the target in the query."""
        assert isinstance(place, Collection)
        url = next((value for name, value in call.query if name in ("@id", "$id")), None)
        if url is None:
            raise BadRequest("Name the reference to remove: …/{id}/$ref or $ref?@id={url}.")
        found = EntityAt(place, call._reference(url)[1])
        call.place = found
        return found

    async def _list_references(self, place: Collection | EntityAt, call: GraphCall) -> Reply:
        collection = place if isinstance(place, Collection) else place.collection
        await collection.read(call)
        async with self.database.reading() as conn:
            if isinstance(place, EntityAt):
                entities = [await query.one(conn, place, NO_OPTIONS, call)]
            else:
                options = query_options.parse(call.query, place.source.type, call.version)
                entities = (await query.page(conn, place, options, call)).entities
        home = collection.source.home or set_path(collection, call.version)
        ids = [{"@odata.id": f"{call.root}/{home}/{quote(entity.id)}"} for entity in entities]
        context = f"{call.root}/$metadata#"
        if isinstance(place, EntityAt):
            return Reply(200, {"@odata.context": context + "$ref", **ids[0]})
        return Reply(200, {"@odata.context": context + "Collection($ref)", "value": ids})

    async def _singleton(self, place: SingletonAt, call: GraphCall, writer: Writer) -> Reply:
        node = place.node
        get, update = (node.get, node.update) if node else (None, None)
        match call.method:
            case "GET" if node is not None and get is not None:
                value = await run(get, call, node.type)
                context = f"{call.root}/$metadata#{call.path.strip('/')}/$entity"
                options = query_options.parse(call.query, node.type or Entity, call.version)
                body = writer.entity(value, declared=node.type, shape=options)
                return Reply(200, {"@odata.context": context, **body})
            case "PATCH" if update is not None:
                await run(update, call, node.type if node else None)
                return Reply(204)
            case _ if get is None:
                raise NotFound(
                    f"'/{call.path.strip('/')}' only holds other resources; name one of them."
                )
            case _:
                raise _not_allowed(GET=get, PATCH=update)

    async def _operation(self, place: OperationAt, call: GraphCall, writer: Writer) -> Reply:
        operation = place.operation
        method = "POST" if operation.kind == "action" else "GET"
        offered = {method: True} | ({"GET": True} if operation.also_get else {})
        if call.method not in offered:
            raise _not_allowed(**offered)
        value = await run(endpoint_of(operation), call, operation.parameters)
        if isinstance(value, Matching):
            return await self._page(_matching(place, value), call, writer)
        if isinstance(value, Delta):
            assert isinstance(place.on, Collection)
            return Reply(200, delta_replies.body(place.on, value, call, writer))
        if value is None:
            return Reply(operation.empty)
        return Reply(200, self._result(place, value, call, writer))

    def _result(self, place: OperationAt, value: Any, call: GraphCall, writer: Writer) -> Any:
        operation = place.operation
        declared = operation.returns
        result = result_type(declared, collection=operation.many) if declared else None
        name = name_of(result, call.version) if result else "Edm.Untyped"
        kind = f"Collection({name})" if operation.many else name
        context = {"@odata.context": f"{call.root}/$metadata#{kind}"}
        if operation.kind == "function" and declared and isinstance(value, list):
            part = part_of(value, declared, call)
            counted = {} if part.count is None else {"@odata.count": part.count}
            items = writer.value(part.items, declared=declared, shape=part.shape)
            return context | counted | {"value": items}
        written = writer.value(value, declared=declared)
        return context | (written if isinstance(written, dict) else {"value": written})


def _as_text(written: Any, name: str) -> str:
    """Give the JSON form of a primitive value as a text of its own.

    :raises BadRequest: it is a list or an object, which have none.
    """
    if isinstance(written, list | dict):
        raise BadRequest(f"'$value' is of single values, and '{name}' is none.", target=name)
    return str(written).lower() if isinstance(written, bool) else str(written)


def _matching(place: OperationAt, result: Matching) -> Collection:
    """Make the collection that a function answers with: the bound one, narrowed."""
    assert isinstance(place.on, Collection)
    source = result.source or place.on.source
    tests = [test for test in (source.where, result.where) if test is not None]
    return replace(place.on, source=replace(source, where=and_(*tests)))


def _require_type(place: Collection) -> None:
    """Refuse a list of everything where Graph gives lists of one type only.

    :raises UnsupportedQuery: the path names no type.
    """
    if place.source.by_type and place.cast is None:
        types = ", ".join(f"'{place.name}/{name}'" for name in place.source.casts)
        raise UnsupportedQuery(
            f"{UnsupportedQuery.message} Ask for one type: {types}.", target=place.name
        )


def _not_allowed(**methods: Any) -> MethodNotAllowed:
    return MethodNotAllowed(allow=", ".join(name for name, offered in methods.items() if offered))
