"""Problems of commands, their exit codes, and names that were meant.

0: done. 1: it failed. 2: the command was misused (an option, a setting, a name that is none).
"""

from __future__ import annotations

from difflib import get_close_matches
from typing import Final

FAILED: Final = 1
MISUSED: Final = 2


class Failed(Exception):
    """The command could not do what was asked; the message says why and what to do next."""


class Misused(Exception):
    """The command was asked for something that makes no sense; the message says what would."""


def nearest(name: str, known: list[str]) -> str:
    """Give `` Did you mean …?`` for a misspelled name, or nothing."""
    by_lower = {one.lower(): one for one in known}
    found = get_close_matches(name.lower(), list(by_lower), n=1)
    return f" Did you mean {by_lower[found[0]]}?" if found else ""
