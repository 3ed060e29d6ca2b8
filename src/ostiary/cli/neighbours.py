"""Whether a server runs on some data: its note, its process, and that something listens there.

A note can outlive its server (``kill -9``), and its process number may then be another's, as it
always is in a container; so the note alone is not believed.
"""

from __future__ import annotations

import os
import socket
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from ostiary.server import whereabouts
from ostiary.server.whereabouts import Whereabouts

_PORTS: Final = {"http": 80, "https": 443}
_PATIENCE: Final = 2.0


def server_on(data_dir: Path) -> Whereabouts | None:
    """Give where the server of a data directory is, if another process runs one there."""
    found = whereabouts.read(data_dir)
    if found is None or found.pid == os.getpid() or not _listens(found.url):
        return None
    return found


def _listens(url: str) -> bool:
    parts = urlsplit(url)
    address = (parts.hostname or "", parts.port or _PORTS[parts.scheme])
    try:
        socket.create_connection(address, timeout=_PATIENCE).close()
    except OSError:
        return False
    return True
