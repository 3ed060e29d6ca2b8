"""Whether what a workflow names exists: extensions of its tasks, groups of its scope."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.directory import store as directory
from ostiary.extensions import extension_store
from ostiary.lifecycle import names
from ostiary.lifecycle.conditions import group_ids
from ostiary.lifecycle.errors import InvalidTask, InvalidTrigger
from ostiary.lifecycle.workflows import NewWorkflow


async def check_references(conn: AsyncConnection, new: NewWorkflow, *, path: str = "") -> None:
    """Check that extensions and groups exist.

    :raises InvalidTask: a task names an extension that does not.
    :raises InvalidTrigger: the scope names a group that does not.
    """
    wanted = {task.extension_id for task in new.tasks if task.extension_id is not None}
    found = await extension_store.read(conn, wanted)
    known = {id for id, extension in found.items() if extension.kind == names.EXTENSION_KIND}
    for index, task in enumerate(new.tasks):
        if task.extension_id is not None and task.extension_id not in known:
            raise InvalidTask(
                f"The custom task extension '{task.extension_id}' does not exist.",
                target=f"{path}tasks/{index}/arguments",
            )
    groups = group_ids(new.conditions)
    missing = sorted(groups - (await directory.groups(conn, groups)).keys())
    if missing:
        raise InvalidTrigger(
            f"The group '{missing[0]}' does not exist.",
            target=f"{path}executionConditions/scope/groups",
        )
