"""What is to be true of a folder after a crash."""

from __future__ import annotations

import os
import sys
from pathlib import Path


def keep_names(folder: Path) -> None:
    """Have the names in a folder on disk as well; Windows opens no folders."""
    if sys.platform != "win32":
        opened = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(opened)
        finally:
            os.close(opened)
