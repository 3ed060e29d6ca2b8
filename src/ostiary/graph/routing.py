"""From a path to what it addresses: the tree of declarations, walked segment by segment.

A ``Place`` remembers the way that led to it, because the way limits what is there: the task
results of *this* task of *this* workflow. ``places`` turns that way into SQL.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from ostiary.graph.edm import Property, concrete_types, describe
from ostiary.graph.errors import BadRequest, NotSupported
from ostiary.graph.resources import (
    Authorize,
    Call,
    EntitySet,
    Link,
    Node,
    Operation,
    References,
    Singleton,
    Source,
    StandIn,
)
from ostiary.graph.spelling import property_paths
from ostiary.graph.urls import Segment, named_keys, plain_key


@dataclass(frozen=True, slots=True)
class Collection:
    """Many entities: a set, or the targets of a to-many navigation."""

    name: str
    source: Source
    read: Authorize
    set: EntitySet | None = None
    parent: Place | None = None
    link: Link | None = None
    cast: str | None = None


@dataclass(frozen=True, slots=True)
class EntityAt:
    """One entity: by key, by alternate key, or (``key`` is None) by a to-one navigation."""

    collection: Collection
    key: str | None = None
    key_name: str | None = None


@dataclass(frozen=True, slots=True)
class SingletonAt:
    """A singleton, or (``node`` is None) the root of the service."""

    node: Singleton | None = None
    parent: SingletonAt | None = None


@dataclass(frozen=True, slots=True)
class OperationAt:
    """An action or function on the place before it."""

    operation: Operation
    on: Collection | EntityAt | SingletonAt
    inside: str | None = None


COMPATIBILITY = "The page docs/compatibility.md of its manual says why."

Place = Collection | EntityAt | SingletonAt | OperationAt
Tail = Literal["$count", "$ref", "$value"]


@dataclass(frozen=True, slots=True)
class Target:
    """What a whole path addresses: a place, and what of it."""

    place: Place
    tail: Tail | None = None
    properties: tuple[Property, ...] = ()


def resolve(roots: Sequence[Node], segments: Sequence[Segment], call: Call) -> Target:
    """Walk a path through the tree.

    :raises BadRequest: a segment is unknown where it stands.
    :raises DomainError: a singleton stands for no entity for this caller.
    """
    place: Place = SingletonAt()
    rest = list(segments)
    while rest:
        segment = rest[0]
        if segment.folded in ("$count", "$ref", "$value"):
            return _with_tail(place, segment, rest)
        step = _step(roots, place, segment)
        if step is None:
            _refuse_unserved(place, segment)
            return _property_of(place, rest, call)
        place = _meant(step, call)
        rest.pop(0)
    return Target(place)


def keys_of(place: Place | None) -> dict[str, str]:
    """Give every key on the way to a place by the name of its set or navigation."""
    found: dict[str, str] = {}
    while place is not None:
        match place:
            case OperationAt(on=on):
                place = on
            case EntityAt(collection=collection, key=key):
                if key is not None:
                    found.setdefault(collection.set.name if collection.set else "", key)
                    found.setdefault(collection.name, key)
                place = collection.parent
            case Collection(parent=parent) | SingletonAt(parent=parent):
                place = parent
    return found


def references_of(place: Place) -> References | None:
    """Give the ``$ref`` writes that a place offers."""
    match place:
        case Collection(set=EntitySet(references=references)):
            return references
        case EntityAt(collection=Collection(set=EntitySet(references=references))):
            return references
        case SingletonAt(node=Singleton(references=references)):
            return references
        case _:
            return None


def _with_tail(place: Place, segment: Segment, rest: list[Segment]) -> Target:
    if len(rest) == 1 and segment.folded == "$count" and isinstance(place, Collection):
        return Target(place, "$count")
    if len(rest) == 1 and segment.folded == "$ref" and not isinstance(place, OperationAt):
        return Target(place, "$ref")
    raise _not_found(segment)


def _step(roots: Sequence[Node], place: Place, segment: Segment) -> Place | None:
    match place:
        case SingletonAt():
            nodes = roots if place.node is None else place.node.children
            return _child(place, nodes, segment) or _operation(place, segment)
        case Collection():
            found = _operation(place, segment) or _cast(place, segment)
            if found is None:
                _refuse_unserved(place, segment)
            return found or _by_key(place, segment)
        case EntityAt(collection=collection):
            children = collection.set.children if collection.set else ()
            found = _child(place, children, segment) or _operation(place, segment)
            return found or _navigation(place, segment)
        case OperationAt():
            raise _not_found(segment)


def _meant(place: Place, call: Call) -> Place:
    """Go on from the entity of a set where a singleton stands for it."""
    match place:
        case SingletonAt(node=Singleton(stands_for=StandIn(set=set_, read=read, key=key))):
            return EntityAt(Collection(set_.name, set_.source, read, set_), key(call))
        case _:
            return place


def _child(parent: Place, nodes: Sequence[Node], segment: Segment) -> Place | None:
    for node in nodes:
        if segment.folded not in node.spellings:
            continue
        if isinstance(node, Singleton):
            assert isinstance(parent, SingletonAt)
            return SingletonAt(node, parent)
        collection = _set_collection(parent, node)
        if collection.link is not None and not collection.link.many:
            return EntityAt(collection)
        return collection if segment.inside is None else _by_parentheses(collection, segment)
    return None


def _set_collection(parent: Place, node: EntitySet) -> Collection:
    link, source = None, node.source
    if node.link is not None:
        assert isinstance(parent, EntityAt)
        link = parent.collection.source.links[node.link]
        source = link.target()
    above = None if isinstance(parent, OperationAt) else parent
    return Collection(node.name, source, node.read, node, above, link)


def _by_parentheses(collection: Collection, segment: Segment) -> EntityAt:
    inside = segment.inside or ""
    named = named_keys(inside)
    if named is None:
        return _bare_key(collection, inside)
    ((name, value),) = named.items()
    if name.lower() == "id":
        return EntityAt(collection, value)
    known = {key.lower(): key for key in collection.source.alternate_keys}
    if name.lower() not in known:
        raise BadRequest(f"'{name}' is not a key of '{collection.name}'.", target=name)
    return EntityAt(collection, value, known[name.lower()])


def _by_key(collection: Collection, segment: Segment) -> EntityAt:
    if segment.inside is not None:
        raise _not_found(segment)
    return _bare_key(collection, segment.name)


def _bare_key(collection: Collection, text: str) -> EntityAt:
    key = plain_key(text)
    named_by = collection.source.named_by
    return EntityAt(collection, key, named_by(key) if named_by else None)


def _operation(place: Collection | EntityAt | SingletonAt, segment: Segment) -> Place | None:
    for operation in _operations(place):
        if segment.folded in operation.spellings:
            return OperationAt(operation, place, segment.inside)
    return None


def _operations(place: Collection | EntityAt | SingletonAt) -> Iterator[Operation]:
    match place:
        case SingletonAt(node=Singleton(operations=operations)):
            yield from operations
        case Collection(set=EntitySet(operations=operations)):
            yield from (o for o in operations if o.bound == "collection")
        case EntityAt(collection=Collection(set=EntitySet(operations=operations))):
            yield from (o for o in operations if o.bound == "entity")


def _cast(place: Collection, segment: Segment) -> Collection | None:
    name = segment.folded
    name = f"microsoft.{name}" if name.startswith("graph.") else name
    known = {cast.lower(): cast for cast in place.source.casts}
    if name in known:
        return Collection(
            place.name, place.source, place.read, place.set, place.parent, place.link, known[name]
        )
    return place if name in concrete_types(place.source.type) else None


def _navigation(place: EntityAt, segment: Segment) -> Place | None:
    source = place.collection.source
    prop = describe(source.type).by_spelling.get(segment.folded)
    link = source.links.get(prop.python) if prop else None
    if prop is None or link is None:
        return None
    read = link.needs or place.collection.read
    collection = Collection(prop.name, link.target(), read, None, place, link)
    if not link.many:
        return EntityAt(collection)
    return collection if segment.inside is None else _by_parentheses(collection, segment)


def _property_of(place: Place, rest: list[Segment], call: Call) -> Target:
    """The rest of a path may name a property of an entity, and of its complex values."""
    if not isinstance(place, EntityAt):
        raise _not_found(rest[0])
    names = [segment.name for segment in rest if segment.folded != "$value"]
    tail: Tail | None = "$value" if len(names) < len(rest) else None
    found = property_paths(place.collection.source.type, names, call.version) if names else []
    if len(found) != 1 or any(p.nav for p in found[0]):
        raise _not_found(rest[0])
    return Target(place, tail, found[0])


def _refuse_unserved(place: Place, segment: Segment) -> None:
    """Say of a published name that it is not served, rather than that it does not exist.

    :raises NotSupported: it is such a name.
    """
    match place:
        case SingletonAt(node=Singleton(unserved=unserved)):
            names = unserved
        case Collection(set=EntitySet(unserved=unserved)):
            names = unserved
        case EntityAt(collection=Collection(set=EntitySet(unserved=unserved))):
            names = unserved
        case _:
            return
    if segment.folded.rsplit(".", 1)[-1] in {name.lower() for name in names}:
        raise NotSupported(
            f"This server does not support '{segment.name}'. {COMPATIBILITY}",
            target=segment.name,
        )


def _not_found(segment: Segment) -> BadRequest:
    return BadRequest(f"Resource not found for the segment '{segment.name}'.", target=segment.name)
