"""The absolute URLs that replies carry: context, next page, location."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import quote

from ostiary.graph.call import GraphCall
from ostiary.graph.edm import Property, StructuredType, shown
from ostiary.graph.options import QueryOptions
from ostiary.graph.routing import Collection, EntityAt, Place, SingletonAt
from ostiary.graph.types import Complex, Entity, Version
from ostiary.graph.writing import Writer


def context_url(
    place: Collection, call: GraphCall, options: QueryOptions, *, entity: bool = False
) -> str:
    """Give ``@odata.context``: the set's path, the selection, and ``$entity`` for a single one."""
    end = "/$entity" if entity else ""
    chosen = _selection(place, options, call.version)
    return f"{call.root}/$metadata#{set_path(place, call.version)}{chosen}{end}"


def control(place: Collection, value: Complex, call: GraphCall, writer: Writer) -> dict[str, str]:
    """Give the identity and the edit link of an entity, for callers that want all metadata."""
    if writer.metadata != "full" or not isinstance(value, Entity):
        return {}
    own = f"{set_path(place, call.version)}('{value.id}')"
    return {"@odata.id": f"{call.root}/{own}", "@odata.editLink": own}


def set_path(place: Place | None, version: Version) -> str:
    """Give the path of a place as contexts spell it: keys in parentheses and quotes."""
    match place:
        case Collection(name=name, parent=parent):
            above = set_path(parent, version)
            return f"{above}/{_name(place, name, version)}" if above else name
        case EntityAt(collection=collection, key=key):
            path = set_path(collection, version)
            return f"{path}('{key}')" if key is not None else path
        case SingletonAt(node=node, parent=parent) if node is not None:
            above = set_path(parent, version)
            return f"{above}/{node.name}" if above else node.name
        case _:
            return ""


def _name(place: Collection, name: str, version: Version) -> str:
    """Give what a root calls a set, or the navigation of the entity above that leads here."""
    beta = place.set.beta if place.set else None
    if version is Version.V1 or beta:
        return beta if beta and version is Version.BETA else name
    if not isinstance(place.parent, EntityAt):
        return name
    above = shown(place.parent.collection.source.type, version)
    prop = above.by_spelling.get(name.lower())
    return (prop.name_in(version) if prop and prop.nav else None) or name


def _selection(place: Collection, options: QueryOptions, version: Version) -> str:
    names = list(_shape(shown(place.source.type, version), options, version))
    return f"({','.join(names)})" if names else ""


def _shape(type_: StructuredType, options: QueryOptions, version: Version) -> Iterator[str]:
    """Give what is selected, and what is expanded with what is selected and expanded in it."""
    yield from _chosen(type_, options, version)
    for name, inner in options.expand.items():
        prop = type_.properties.get(name)
        if prop is not None:
            below = _shape(shown(prop.type.python, version), inner, version)
            yield f"{_called(prop, version)}({','.join(below)})"


def _chosen(type_: StructuredType, options: QueryOptions, version: Version) -> Iterator[str]:
    """Give the selected properties, and those below them as paths."""
    for name in options.select or ():
        prop, inner = type_.properties.get(name), options.parts.get(name)
        if prop is None:
            continue
        if inner is None:
            yield _called(prop, version)
        else:
            below = _chosen(shown(prop.type.python, version), inner, version)
            yield from (f"{_called(prop, version)}/{path}" for path in below)


def _called(prop: Property, version: Version) -> str:
    return prop.name_in(version) or prop.name


def next_link(call: GraphCall, options: QueryOptions, token: str) -> str:
    """Give the link to the next page: the same path and options, and where to go on."""
    kept = [(n, v) for n, v in options.raw if n not in ("skiptoken", "skip")]
    query = "&".join(f"${name}={quote(value, safe='$')}" for name, value in kept)
    aliases = "&".join(f"{n}={quote(v)}" for n, v in call.query if n.startswith("@"))
    parts = [part for part in (query, aliases, f"$skiptoken={token}") if part]
    return f"{call.root}/{call.path.strip('/')}?{'&'.join(parts)}"


def location(place: Collection, key: str, call: GraphCall) -> str:
    """Give the URL of a new entity: the path that was posted to and its key."""
    return f"{call.root}/{call.path.strip('/')}/{quote(key)}"
