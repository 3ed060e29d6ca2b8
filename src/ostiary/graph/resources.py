"""How a feature package declares what can be addressed, and what a handler gets and gives.

A tree of ``Singleton``, ``EntitySet`` and ``Operation`` values is the whole API. Reads are done by
the engine from the ``Source`` of a set; writes and operations are one function each. A handler
takes a ``Call`` and returns

* an entity: 201 after POST to a set (200 when it got no id, so was not created), 200 otherwise,
* a list: 200 with a collection,
* ``Matching``: 200 with those rows, after the caller's query options,
* ``Delta``: 200 with a page of changes and the link to go on by,
* any other complex or primitive value: 200,
* ``None``: the operation's ``empty`` status, 204 by default.

A handler parses (``call.create``, ``call.merge``, ``call.parameters``), calls one use case and
returns. Authorisation stands in the declaration, so that no operation can be without it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeVar

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import ColumnElement, FromClause, RowMapping
    from sqlalchemy.ext.asyncio import AsyncConnection

    from ostiary.graph.deltas import DeltaQuery
    from ostiary.graph.errors import NotFound
    from ostiary.graph.types import Complex, Entity, Version

ComplexT = TypeVar("ComplexT", bound="Complex")


class Caller(Protocol):
    """Whoever makes the request; ``identity`` has the whole of it."""

    @property
    def object_id(self) -> str:
        """The directory object's id."""

    @property
    def app_id(self) -> str | None:
        """The client application's id."""


class Call(Protocol):
    """One request, as a handler sees it."""

    @property
    def caller(self) -> Caller:
        """Who makes the request."""

    @property
    def version(self) -> Version:
        """The root under which it was made."""

    @property
    def now(self) -> datetime:
        """The instant at which it is handled."""

    @property
    def request_id(self) -> str:
        """The server's id for it, also the correlation id of its audit records."""

    @property
    def client_request_id(self) -> str:
        """The caller's own id for it; the server's when there is none."""

    @property
    def base_url(self) -> str:
        """Scheme, host and optional prefix without the version: ``http://127.0.0.1:8080``."""

    @property
    def headers(self) -> Mapping[str, str]:
        """Its headers with lower-case names."""

    @property
    def query(self) -> Sequence[tuple[str, str]]:
        """The parameters of its URL, as they came."""

    @property
    def notes(self) -> dict[str, Any]:
        """What was found out while it was authorised, for sources that depend on it."""

    @property
    def keys(self) -> Mapping[str, str]:
        """Every key in its path by the name of the set (its v1.0 name)."""

    def key(self, name: str) -> str:
        """Give the key that follows the segment declared as ``name`` (its v1.0 name)."""

    def create(self, type_: type[ComplexT]) -> ComplexT:
        """Read the body as a whole new ``type_``.

        :raises InvalidModel: a property is unknown, missing, or of the wrong type.
        """

    def merge(self, existing: ComplexT) -> ComplexT:
        """Give ``existing`` with the properties that the body names (PATCH).

        :raises InvalidModel: as ``create``; also for a changed read-only property.
        """

    def replace(self, existing: ComplexT) -> ComplexT:
        """Read the body as a whole value in place of ``existing`` (PUT).

        What the root has no words for stays as it is.

        :raises InvalidModel: as ``create``.
        """

    def parameters(self, type_: type[ComplexT]) -> ComplexT:
        """Read an action's body or a function's arguments as ``type_``."""

    def delta(self, type_: type[Entity]) -> DeltaQuery:
        """Read the options of a delta function over ``type_``.

        :raises BadRequest: one of them is not supported there.
        """

    def reference(self) -> tuple[str, str]:
        """Read ``{"@odata.id": url}`` and give the last set's name and the key: ``("users", id)``.

        The name is the v1.0 name of the set, or ``directoryObjects``.
        """


Authorize = Callable[[Call], Awaitable[None]]
Handler = Callable[[Call], Awaitable[Any]]


@dataclass(frozen=True)
class Endpoint:
    """One write on a resource: who may, and what happens."""

    needs: Authorize
    handle: Handler


Pairs = tuple["ColumnElement[Any]", "ColumnElement[Any]"]
"""The columns of a table of links: this side's and the other's."""
Start = Callable[["ColumnElement[Any]"], "ColumnElement[bool]"]
"""A test of this side's column of such a table."""


class Pairing(Protocol):
    """Works out pairs that no table holds, such as members of members."""

    def onward(self, start: Start) -> Pairs:
        """Give the pairs whose column of this side passes ``start``."""

    def back(self, start: Start) -> Pairs:
        """Give the pairs whose column of the other side passes ``start``."""


LookUp = Callable[["AsyncConnection", Call, Collection[str]], Awaitable[Pairs]]
"""Gives the pairs of these values of this side, as columns of a query."""


@dataclass(frozen=True, kw_only=True)
class Link:
    """How the rows of one source lead to those of another.

    Either ``local`` (a column of this source's table) equals ``remote`` (a column of the
    target's), or both meet in ``via``: a link table with its columns for this side and the other.
    Where the pairs must be worked out first (members of members), ``through`` makes such a table
    for the rows at hand. Where the database has to be asked how they are worked out, ``looked_up``
    does it; such a link cannot be crossed by ``$filter``.
    """

    target: Callable[[], Source]
    local: ColumnElement[Any]
    remote: ColumnElement[Any]
    many: bool
    via: Pairs | None = None
    through: Pairing | None = None
    looked_up: LookUp | None = None
    order: ColumnElement[Any] | None = None
    needs: Authorize | None = None
    """Who may follow it as a path or by ``$expand``; None: whoever may read the entity."""

    def pairs(self, start: Start) -> Pairs | None:
        """Give the columns in which both sides meet; None: they meet directly.

        ``start`` tests a value of this side: only pairs that pass it are wanted.
        """
        return self.through.onward(start) if self.through is not None else self.via


@dataclass(frozen=True, kw_only=True)
class Source:
    """Where the entities of one type come from.

    ``columns`` names the expression behind each property that can be filtered and sorted by, by
    the property's Python name; a property of a complex value is written ``"parent/child"``.
    ``load`` makes the entity from a row of ``table`` (all its columns). ``enrich`` completes a
    page of entities with what other tables hold, in a constant number of queries.
    """

    type: type[Entity]
    table: FromClause
    key: ColumnElement[Any]
    columns: Mapping[str, ColumnElement[Any]]
    load: Callable[[RowMapping], Entity]
    links: Mapping[str, Link] = field(default_factory=dict)
    where: ColumnElement[bool] | None = None
    """Rows outside this predicate do not exist for the API."""
    visible: Callable[[Call], ColumnElement[bool] | None] | None = None
    """The rows that this caller may see; others answer 404 and are left out of lists."""
    enrich: Callable[[AsyncConnection, Call, Sequence[Any]], Awaitable[None]] | None = None
    lists: Mapping[str, ColumnElement[Any]] = field(default_factory=dict)
    """JSON columns behind lists of texts or complex values, for ``any`` and ``all``."""
    order: ColumnElement[Any] | None = None
    """The order of a list when the caller names none (a column or its ``desc()``); else the key."""
    alternate_keys: Mapping[str, ColumnElement[Any]] = field(default_factory=dict)
    """Expressions by wire name: ``servicePrincipals(appId='…')``. A key is sought as it is written
    and in lower case, so an expression in lower case makes it match in any case."""
    casts: Mapping[str, ColumnElement[bool]] = field(default_factory=dict)
    """Which rows are of a derived type, by its qualified name."""
    hidden: Callable[[Call], frozenset[str]] | None = None
    """Properties (Python names) that this caller may not see, so neither filter nor sort by."""
    named_by: Callable[[str], str | None] | None = None
    """Which alternate key a bare key in a path is (``/users/ann@contoso.com``); None: the key."""
    home: str | None = None
    """The path below the root at which references name its entities; None: where they stand."""
    missing: Callable[[str], NotFound] | None = None
    """Makes the error for a key that is not there, where the field's words differ."""
    search: Sequence[ColumnElement[Any]] = ()
    """The texts that ``$search`` looks through; none: not supported here."""
    by_type: bool = False
    """Lists and counts are of one derived type, which a cast in the path names."""
    counted: bool = False
    """Lists carry ``@odata.count`` although nobody asks, as published replies of this type do."""


@dataclass(frozen=True, kw_only=True)
class Operation:
    """An action (POST) or function (GET) bound to an entity, a collection or a singleton.

    ``parameters`` declares the names and types of its body or arguments. ``returns`` is the type
    in the schema; ``many`` says that it is a collection of it.
    """

    name: str
    kind: Literal["action", "function"]
    needs: Authorize
    handle: Handler
    bound: Literal["entity", "collection"] = "entity"
    namespace: str = "microsoft.graph"
    parameters: type[Complex] | None = None
    returns: type[Any] | None = None
    many: bool = False
    empty: int = 204
    aliases: tuple[str, ...] = ()
    also_get: bool = False
    """An action without a body that some published lists write as GET: both are answered."""
    in_schema: bool = True
    """False for an addition of ours, which ``$metadata`` keeps out of the published namespaces."""

    @cached_property
    def spellings(self) -> frozenset[str]:
        """What it may be called, in lower case: short, qualified, and without ``microsoft``."""
        short = _folded(self.name, *self.aliases)
        qualified = {f"{self.namespace.lower()}.{name}" for name in short}
        return short | qualified | {name.removeprefix("microsoft.") for name in qualified}


@dataclass(frozen=True, kw_only=True)
class Matching:
    """A function's result: the rows of the collection it is bound to that pass ``where``.

    The engine applies the caller's query options to them. ``source`` replaces the collection's own.
    """

    where: ColumnElement[bool]
    source: Source | None = None


@dataclass(frozen=True, kw_only=True)
class References:
    """``$ref`` writes below a navigation: ``add`` for POST and PUT, ``remove`` for DELETE.

    ``add`` finds its target with ``call.reference()``; ``remove`` with ``call.key`` of the
    navigation's name.
    """

    add: Endpoint | None = None
    remove: Endpoint | None = None


@dataclass(frozen=True, kw_only=True)
class EntitySet:
    """A collection that can be addressed, and everything that can be done with it and below it.

    A set below another entity is limited to the rows whose ``within`` equals the key of that
    entity; with ``link`` it is the navigation of that name of the parent's source instead.
    """

    name: str
    source: Source
    read: Authorize
    beta: str | None = None
    aliases: tuple[str, ...] = ()
    within: ColumnElement[Any] | None = None
    link: str | None = None
    create: Endpoint | None = None
    update: Endpoint | None = None
    replace: Endpoint | None = None
    delete: Endpoint | None = None
    references: References | None = None
    children: tuple[Node, ...] = ()
    operations: tuple[Operation, ...] = ()
    update_status: int = 204
    """What PATCH answers by default; 200 answers with the entity."""
    unserved: tuple[str, ...] = ()
    """Published names below its entities, or on it, that this server does not have: 501."""

    @cached_property
    def spellings(self) -> frozenset[str]:
        """What it may be called, in lower case, under either root."""
        return _folded(self.name, *self.aliases, self.beta or self.name)


@dataclass(frozen=True, kw_only=True)
class StandIn:
    """The entity of ``set`` that a singleton is for this caller: ``/me`` is one of ``/users``.

    ``key`` gives its key and raises a ``DomainError`` when the caller has none; ``read`` says who
    may read it here. Everything else below it is as below the entity in its set.
    """

    set: EntitySet
    key: Callable[[Call], str]
    read: Authorize


@dataclass(frozen=True, kw_only=True)
class Singleton:
    """A single addressable thing that has no key: a container of others, or an entity.

    With ``get`` it answers GET itself, with ``stands_for`` it is an entity of a set; otherwise it
    only holds children, and ``container`` is the qualified name that the schema gives to what holds
    them.
    """

    name: str
    type: type[Entity] | None = None
    container: str | None = None
    get: Endpoint | None = None
    stands_for: StandIn | None = None
    update: Endpoint | None = None
    references: References | None = None
    children: tuple[Node, ...] = ()
    operations: tuple[Operation, ...] = ()
    aliases: tuple[str, ...] = ()
    unserved: tuple[str, ...] = ()
    """Published names below it that this server does not have: 501."""

    @cached_property
    def spellings(self) -> frozenset[str]:
        """What it may be called, in lower case."""
        return _folded(self.name, *self.aliases)


def _folded(*names: str) -> frozenset[str]:
    return frozenset(name.lower() for name in names)


Node = EntitySet | Singleton
