"""Keys that sign, each in a file of its own: made once, readable by us alone, refused if known.

The development issuer has one, which opens this server and nothing else. What the server sends to
extensions is signed with another.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Final

import msgspec
from joserfc.errors import JoseError
from joserfc.jwk import RSAKey

BITS: Final = 2048

PUBLISHED = frozenset(
    {
        "uBkgk-Nor8isbNjVm0JRwJu3pYUPOFgl9Z2BTxXwPBE",
        "QmBRCkCmpkKHhJFQJdO8KnlGUTQxkOVnmndJQfWwExI",
    }
)
"""Thumbprints of keys whose private part is printed in documents."""


class BadKey(RuntimeError):
    """The key file cannot be used; the message says why and what to do."""


def load_or_make(path: Path) -> RSAKey:
    """Give the key of ``path``, made if the file is not there; its id is the RFC 7638 thumbprint.

    Several processes may start at once: all of them get the key of the first.

    :raises BadKey: the file is readable by others, is no RSA key, or holds a published key.
    """
    if not path.exists():
        _make(path)
    _check_private(path)
    try:
        stored = msgspec.json.decode(path.read_bytes(), type=dict[str, str | list[str]])
        key = RSAKey.import_key(stored)
    except (JoseError, KeyError, ValueError):  # ``ValueError`` covers what is not JSON
        raise BadKey(f"{path} does not hold an RSA key: restore it, or remove it.") from None
    if not key.is_private or key.thumbprint() in PUBLISHED:
        raise BadKey(f"{path} holds a key that anyone may know: remove it.")
    key.ensure_kid()
    return key


def _make(path: Path) -> None:
    """Write a new key under another name first, so that it is there whole or not at all."""
    key = RSAKey.generate_key(BITS)
    key.ensure_kid()
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(msgspec.json.encode(key.as_dict(private=True)))
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(fresh, path)  # fails where another process was first: its key counts then
    except FileExistsError:
        pass
    except OSError:  # a file system without links
        fresh.replace(path)
    finally:
        fresh.unlink(missing_ok=True)


def _check_private(path: Path) -> None:
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & 0o077:
        raise BadKey(f"{path} can be read by others (mode {mode:o}): run chmod 600 {path}.")
