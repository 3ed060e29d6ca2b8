"""Folders for what need not outlive the tests."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Final

_MEMORY: Final = Path("/dev/shm")  # noqa: S108  # a name, not a file
GIGABYTE: Final = 1 << 30


def in_memory(*, room: int) -> str | None:
    """Give a folder in memory with so many bytes of room; None: there is none, the disk will do."""
    if not _MEMORY.is_dir() or shutil.disk_usage(_MEMORY).free < room:
        return None
    return str(_MEMORY)
