"""``…/customTaskExtensions``."""

from __future__ import annotations

from dataclasses import dataclass

from ostiary.graph.resources import Call, Endpoint, EntitySet
from ostiary.identity import matrix
from ostiary.identity.permissions import requires
from ostiary.identity.principals import principal
from ostiary.lifecycle.model.extensions import CustomTaskExtension
from ostiary.lifecycle.service import TaskExtensions
from ostiary.lifecycle.sources.configured import CUSTOM_TASK_EXTENSIONS

_READ = requires(matrix.LW_EXTENSIONS_READ)
_WRITE = requires(matrix.LW_EXTENSIONS_WRITE)
_SET = "customTaskExtensions"


@dataclass(frozen=True, slots=True)
class _Handlers:
    extensions: TaskExtensions

    async def create(self, call: Call) -> CustomTaskExtension:
        """POST …/customTaskExtensions"""
        draft = call.create(CustomTaskExtension)
        actor = principal(call).actor()
        return await self.extensions.create(draft, now=call.now, actor=actor)

    async def update(self, call: Call) -> CustomTaskExtension:
        """PATCH …/customTaskExtensions/{id}"""
        id, actor = call.key(_SET).lower(), principal(call).actor()
        return await self.extensions.update(id, call.merge, now=call.now, actor=actor)

    async def delete(self, call: Call) -> None:
        """DELETE …/customTaskExtensions/{id}"""
        id, actor = call.key(_SET).lower(), principal(call).actor()
        await self.extensions.delete(id, now=call.now, actor=actor)


def custom_task_extensions(extensions: TaskExtensions) -> EntitySet:
    """Declare ``customTaskExtensions``."""
    handlers = _Handlers(extensions)
    return EntitySet(
        name=_SET,
        source=CUSTOM_TASK_EXTENSIONS,
        read=_READ,
        create=Endpoint(_WRITE, handlers.create),
        update=Endpoint(_WRITE, handlers.update),
        delete=Endpoint(_WRITE, handlers.delete),
    )
