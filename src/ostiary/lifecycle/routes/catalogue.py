"""``…/taskDefinitions``: a fixed catalogue, read-only."""

from __future__ import annotations

from ostiary.graph.resources import EntitySet
from ostiary.identity import matrix
from ostiary.identity.permissions import requires
from ostiary.lifecycle.sources.definitions import TASK_DEFINITIONS


def task_definitions() -> EntitySet:
    """Declare ``taskDefinitions``."""
    return EntitySet(
        name="taskDefinitions",
        source=TASK_DEFINITIONS,
        read=requires(matrix.LW_SETTINGS_READ),
    )
