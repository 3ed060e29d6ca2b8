"""The key of the development issuer: made at the first start, kept in a file only we can read.

It signs the tokens that open this server, and nothing else: what the server itself sends to
extensions is signed with other keys.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import msgspec
from joserfc.jwk import RSAKey

BITS = 2048


class InsecureFile(Exception):
    """A file with a secret can be read by others; the message says which and what to do."""


def load_or_make(path: Path) -> RSAKey:
    """Give the key of ``path``, made if the file is not there; its id is the RFC 7638 thumbprint.

    Several processes may start at once: all of them get the key of the first.

    :raises InsecureFile: others may read the file.
    """
    if not path.exists():
        _keep(path, RSAKey.generate_key(BITS, private=True))
    if path.stat().st_mode & 0o077:
        raise InsecureFile(f"{path} can be read by others: run chmod 600 {path}")
    key = RSAKey.import_key(msgspec.json.decode(path.read_bytes(), type=dict[str, str | list[str]]))
    key.ensure_kid()
    return key


def _keep(path: Path, key: RSAKey) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    key.ensure_kid()
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")  # made as 0600
    whole = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(msgspec.json.encode(key.as_dict(private=True)))
            file.flush()
            os.fsync(file.fileno())
        os.link(whole, path)  # a file that another process made meanwhile stays
    except FileExistsError:
        pass
    finally:
        whole.unlink()
