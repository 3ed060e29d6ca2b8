"""What a delta function is asked, and what it answers.

The first call of a round may name properties and objects; they are kept in the tokens of the links,
so that later calls only follow links. The engine reads the options and writes the reply; what
changed is the handler's to know.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal
from urllib.parse import quote

from ostiary.graph import filter_syntax as syntax
from ostiary.graph import options
from ostiary.graph.edm import describe
from ostiary.graph.errors import BadRequest, ResyncRequired

if TYPE_CHECKING:
    from ostiary.graph.types import Entity

MOST_OBJECTS: Final = 50
"""How many objects the filter of a first call may name."""

LATEST: Final = "latest"
"""The token that asks for what changes from now on."""

_REFUSED: Final = frozenset({"expand", "top", "orderby", "skip", "count", "search"})
_FROZEN: Final = frozenset({"select", "filter"})


@dataclass(frozen=True, slots=True, kw_only=True)
class DeltaQuery:
    """A call of a delta function over ``type``; ``url`` is its URL without options.

    ``select`` has Python names. At most one of the tokens is there, none in the first call.
    """

    type: type[Entity]
    url: str
    select: tuple[str, ...] | None = None
    ids: tuple[str, ...] | None = None
    skiptoken: str | None = None
    deltatoken: str | None = None
    page: int | None = None
    """The largest page that the caller wants."""

    def resync(self) -> ResyncRequired:
        """Make the error for a token that is no longer served: it says where to begin again."""
        names = describe(self.type).properties
        chosen = [names[name].name for name in self.select or ()]
        filters = " or ".join(f"id eq '{object_id}'" for object_id in self.ids or ())
        given = {"$select": ",".join(chosen), "$filter": filters}
        query = "&".join(f"{name}={quote(text, safe=',')}" for name, text in given.items() if text)
        return ResyncRequired(location=f"{self.url}?{query}" if query else self.url)


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkChange:
    """The other side of a link that is there, or no longer is; ``type`` is its qualified name."""

    type: str
    id: str
    removed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """An object as it is now, or (``entity`` is None) why it is gone.

    ``changed`` says that it may come back, ``deleted`` that it will not. ``links`` has the changes
    of its navigations by their names on the wire.
    """

    id: str
    entity: Entity | None
    gone: Literal["deleted", "changed"] = "deleted"
    links: Mapping[str, Sequence[LinkChange]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Delta:
    """A page of changes, and the token of the link at its end: within the round, or to the next."""

    changes: Sequence[Change]
    select: tuple[str, ...] | None = None
    skiptoken: str | None = None
    deltatoken: str | None = None


def read(pairs: list[tuple[str, str]], type_: type[Entity], url: str) -> DeltaQuery:
    """Read the options of a call.

    :raises BadRequest: an option is not supported here, or not beside a token.
    """
    parsed = options.parse(pairs, type_)
    given = dict(parsed.raw)
    _check_names(given)
    return DeltaQuery(
        type=type_,
        url=url,
        select=parsed.select,
        ids=_named(parsed.filter) if parsed.filter is not None else None,
        skiptoken=given.get("skiptoken") or None,
        deltatoken=given.get("deltatoken") or None,
    )


def _check_names(given: Mapping[str, str]) -> None:
    for name in given:
        if name in _REFUSED:
            raise BadRequest(f"'${name}' is not supported by delta queries.", target=f"${name}")
    if given.get("skiptoken") and given.get("deltatoken"):
        raise BadRequest("A delta query has one token, not two.", target="$deltatoken")
    token = given.get("skiptoken") or given.get("deltatoken") or LATEST
    for name in _FROZEN & given.keys():
        if token.lower() != LATEST:
            raise BadRequest(
                f"'${name}' is set by the first call of a delta query and kept in its links.",
                target=f"${name}",
            )


def _named(node: syntax.Node) -> tuple[str, ...]:
    ids = tuple(dict.fromkeys(_ids(node)))
    if len(ids) > MOST_OBJECTS:
        raise BadRequest(
            f"A delta query can be limited to at most {MOST_OBJECTS} objects.", target="$filter"
        )
    return ids


def _ids(node: syntax.Node) -> Iterator[str]:
    match node:
        case syntax.Logic(op="or", terms=terms):
            for term in terms:
                yield from _ids(term)
        case syntax.Compare(
            op="eq", left=syntax.Path(parts=(name,)), right=syntax.Literal() as id_
        ):
            yield _id(name, id_)
        case syntax.In(left=syntax.Path(parts=(name,)), items=items):
            yield from (_id(name, item) for item in items)
        case _:
            raise _unfit()


def _id(name: str, value: syntax.Node) -> str:
    if name.lower() != "id" or not isinstance(value, syntax.Literal):
        raise _unfit()
    return value.text.lower()


def _unfit() -> BadRequest:
    return BadRequest(
        "The filter of a delta query names objects: id eq '…' or id eq '…'.", target="$filter"
    )
