"""A note in the data directory that says where the running server is, for the command line."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import msgspec

_NAME = "server.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Whereabouts:
    """Where a server listens, and which process it is."""

    url: str
    pid: int
    certificate_authority: str | None = None
    """The file to trust, when the server speaks TLS with its local authority."""


@contextmanager
def announced(data_dir: Path, whereabouts: Whereabouts) -> Iterator[None]:
    """Leave the note while the server runs."""
    path = data_dir / _NAME
    path.write_bytes(msgspec.json.encode(asdict(whereabouts)))
    try:
        yield
    finally:
        found = read(data_dir)
        if found is not None and found.pid == whereabouts.pid:
            path.unlink(missing_ok=True)


def read(data_dir: Path) -> Whereabouts | None:
    """Give the note of a server that is alive; None when there is none."""
    try:
        found = msgspec.json.decode((data_dir / _NAME).read_bytes(), type=Whereabouts)
        os.kill(found.pid, 0)
    except (OSError, msgspec.MsgspecError):
        return None
    return found
