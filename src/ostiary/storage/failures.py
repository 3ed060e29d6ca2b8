"""Which errors speak of the database itself, and of no statement in particular."""

from __future__ import annotations

from typing import Final

from sqlalchemy.exc import DBAPIError


class DatabaseUnavailable(Exception):
    """No transaction could begin: the database is not reached, full of callers, or locked."""


_SQLITE: Final = frozenset({5, 10, 13})
"""SQLite's primary codes for: held by another process, the disk fails, the disk is full."""


def is_outage(error: BaseException) -> bool:
    """Whether the database as a whole has failed, so that trying the same otherwise is no use."""
    if isinstance(error, DatabaseUnavailable):
        return True
    if not isinstance(error, DBAPIError):
        return False
    code = getattr(error.orig, "sqlite_errorcode", None)
    return error.connection_invalidated or (isinstance(code, int) and code & 0xFF in _SQLITE)
