"""Doing what stands at a place, once it is known that the caller may."""

from __future__ import annotations

from typing import Any, cast

from ostiary.graph.call import GraphCall
from ostiary.graph.errors import DomainError
from ostiary.graph.resources import Call, Endpoint, Operation
from ostiary.graph.spelling import respell
from ostiary.graph.types import Complex, Version


def endpoint_of(operation: Operation) -> Endpoint:
    """Give what an operation does; an action without parameters first looks that it gets none."""
    if operation.kind == "function" or operation.parameters is not None:
        return Endpoint(operation.needs, operation.handle)

    async def handle(call: Call) -> Any:
        cast(GraphCall, call).refuse_parameters(operation.name)
        return await operation.handle(call)

    return Endpoint(operation.needs, handle)


async def run(endpoint: Endpoint, call: GraphCall, about: type[Complex] | None = None) -> Any:
    """Authorise and do it; an error speaks of the properties of ``about`` as the root does."""
    try:
        await endpoint.needs(call)
        return await endpoint.handle(call)
    except DomainError as error:
        if about is not None and call.version is Version.BETA:
            respell(error, about)
        raise
