"""Lists that functions compute: no rows stand behind them, so few query options make sense."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from ostiary.graph import options as query_options
from ostiary.graph.call import GraphCall
from ostiary.graph.errors import BadRequest
from ostiary.graph.options import QueryOptions
from ostiary.graph.types import Complex

_TAKEN: Final = frozenset({"select", "top", "skip", "count", "format"})


@dataclass(frozen=True, slots=True)
class Part:
    """What a request wants of such a list; ``count`` is how long the whole is, if that is asked."""

    items: Sequence[Any]
    count: int | None
    shape: QueryOptions


def part_of(items: Sequence[Any], type_: type[Complex], call: GraphCall) -> Part:
    """Choose what the query options of a request ask for.

    :raises BadRequest: an option is none, or needs rows to be searched.
    """
    options = query_options.parse(call.query, type_, call.version)
    for name, _ in options.raw:
        if name not in _TAKEN:
            raise BadRequest(
                f"The query parameter '${name}' is not supported for what a function computes.",
                target=f"${name}",
            )
    end = None if options.top is None else options.skip + options.top
    return Part(items[options.skip : end], len(items) if options.count else None, options)
