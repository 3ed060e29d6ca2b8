"""The free texts of workflows, tasks and extensions, and when two names are the same."""

from __future__ import annotations

from ostiary.graph.errors import InvalidModel

NAME_LENGTH = 256
DESCRIPTION_LENGTH = 1024


def check_texts(display_name: str, description: str | None, *, path: str = "") -> None:
    """Check the two free texts of an object.

    :raises InvalidModel: the name is empty, or one of them is too long.
    """
    if not display_name.strip() or len(display_name) > NAME_LENGTH:
        raise InvalidModel(
            f"The property '{path}displayName' must have between 1 and {NAME_LENGTH} characters.",
            target=f"{path}displayName",
        )
    if len(description or "") > DESCRIPTION_LENGTH:
        raise InvalidModel(
            f"The property '{path}description' may have at most {DESCRIPTION_LENGTH} characters.",
            target=f"{path}description",
        )


def name_key(display_name: str) -> str:
    """Give what two equal displayNames have in common: case does not matter."""
    return display_name.strip().casefold()
