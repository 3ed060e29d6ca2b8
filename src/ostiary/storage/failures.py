"""Which errors speak of the database itself, and of no statement in particular."""

from __future__ import annotations

from typing import Final

from sqlalchemy.exc import DBAPIError


class DatabaseUnavailable(Exception):
    """No transaction could begin: the database is not reached, full of callers, or locked."""


_SQLITE: Final = frozenset({5, 10, 13})
"""SQLite's primary codes for: held by another process, the disk fails, the disk is full."""

_GOING: Final = frozenset({"57P01", "57P02", "57P03", "57P05", "25P03"})
"""PostgreSQL's states for: shut down, crashed, starting, ended for being idle (two)."""

_CONNECTION, _RESOURCES, _SYSTEM = "08", "53", "58"
"""PostgreSQL's classes of states for: the connection, no disk or memory left, the machine."""

_IN_THE_WAY: Final = frozenset({"40001", "40P01"})
"""PostgreSQL's states for: not serialisable, deadlock."""

_LOCKED: Final = "55P03"
"""PostgreSQL's state for: a lock was waited for, and not had in time."""


def is_outage(error: BaseException) -> bool:
    """Whether the database as a whole has failed, so that trying the same otherwise is no use."""
    if isinstance(error, DatabaseUnavailable):
        return True
    if not isinstance(error, DBAPIError):
        return False
    code = getattr(error.orig, "sqlite_errorcode", None)
    if error.connection_invalidated or (isinstance(code, int) and code & 0xFF in _SQLITE):
        return True
    state = state_of(error.orig)
    return is_locked(error) or ends_connection(state) or state[:2] in (_RESOURCES, _SYSTEM)


def is_locked(error: BaseException) -> bool:
    """Whether PostgreSQL is there, and somebody else holds rows or a table for too long.

    Who tries again waits again, so it counts as an outage, if perhaps one of a few rows only.
    """
    return isinstance(error, DBAPIError) and state_of(error.orig) == _LOCKED


def is_collision(error: BaseException) -> bool:
    """Whether two transactions got into each other's way, so that the same may succeed later."""
    return isinstance(error, DBAPIError) and state_of(error.orig) in _IN_THE_WAY


def ends_connection(state: str) -> bool:
    """Whether nothing more can be done with a connection on which PostgreSQL told this state."""
    return state in _GOING or state[:2] == _CONNECTION


def state_of(error: BaseException | None) -> str:
    """Give the SQLSTATE that PostgreSQL told; empty when there is none."""
    return str(getattr(error, "sqlstate", None) or "")
