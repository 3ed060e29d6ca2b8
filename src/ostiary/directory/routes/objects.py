"""``/directoryObjects`` of every kind, and what was deleted and can be restored."""

from __future__ import annotations

from ostiary.directory import sources
from ostiary.directory.errors import DirectoryError
from ostiary.directory.model import DirectoryObject
from ostiary.directory.routes.memberships import membership_questions
from ostiary.directory.service import Directory
from ostiary.graph.resources import Call, EntitySet, Operation, Singleton
from ostiary.graph.types import Complex
from ostiary.identity import matrix
from ostiary.identity.permissions import requires
from ostiary.identity.principals import principal

MOST_IDS = 1000

_READ = requires(matrix.DIRECTORY_OBJECTS_READ)
_WRITES = [
    requires(row) for row in (matrix.USERS_WRITE, matrix.GROUPS_WRITE, matrix.APPLICATIONS_WRITE)
]


class WantedObjects(Complex, kw_only=True):
    """Parameters of ``getByIds``."""

    ids: list[str]
    types: list[str] | None = None


async def _may_write_every_kind(call: Call) -> None:
    """Restoring asks for every kind of write, as the id does not tell the kind."""
    for write in _WRITES:
        await write(call)


def directory_objects(directory: Directory) -> EntitySet:
    """Declare ``/directoryObjects``."""

    async def get_by_ids(call: Call) -> list[DirectoryObject]:
        """POST /directoryObjects/getByIds"""
        asked = call.parameters(WantedObjects)
        if len(asked.ids) > MOST_IDS:
            raise DirectoryError(f"At most {MOST_IDS} ids may be asked for.", target="ids")
        found = await directory.read([object_id.lower() for object_id in asked.ids])
        sources.hide_details(call, found)
        wanted = {kind.lower() for kind in asked.types or ()}
        return [o for o in found if not wanted or type(o).__name__.lower() in wanted]

    return EntitySet(
        name="directoryObjects",
        source=sources.DIRECTORY_OBJECTS,
        read=_READ,
        operations=(
            *membership_questions("directoryObjects", None, directory, _READ),
            Operation(
                name="getByIds",
                kind="action",
                bound="collection",
                needs=_READ,
                handle=get_by_ids,
                parameters=WantedObjects,
                returns=DirectoryObject,
                many=True,
            ),
        ),
    )


def directory_root(directory: Directory) -> Singleton:
    """Declare ``/directory``, which holds what was deleted."""

    async def restore(call: Call) -> DirectoryObject:
        """POST /directory/deletedItems/{id}/restore"""
        actor = principal(call).actor()
        return await directory.restore(call.key("deletedItems").lower(), now=call.now, actor=actor)

    deleted = EntitySet(
        name="deletedItems",
        source=sources.DELETED_ITEMS,
        read=_READ,
        operations=(
            Operation(
                name="restore",
                kind="action",
                needs=_may_write_every_kind,
                handle=restore,
                returns=DirectoryObject,
            ),
        ),
    )
    return Singleton(name="directory", children=(deleted,))
