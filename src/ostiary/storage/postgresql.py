"""PostgreSQL engines: one pool, whose resting connections are tried before they are used again.

A server that shuts down, and one that became a standby, are left: the pool connects anew, and finds
the server that writes where the URL names several. A server that vanished from the network is given
up after some seconds, where the operating system would wait for a quarter of an hour, and so does
the server with us: what a node had locked that has vanished is soon free for others.
"""

from __future__ import annotations

import re
import socket
import time
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from sqlalchemy import URL, NullPool, event, make_url, text
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.exc import DisconnectionError, InvalidatePoolError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from ostiary.storage.failures import ends_connection, state_of
from ostiary.storage.hosts import PATIENCE, Hosts

_POOL: Final = 10
_OVERFLOW: Final = 10
_TURN: Final = 10.0
"""Seconds that somebody waits for a connection of the pool to become free."""
_PREPARED: Final = 300
"""Statements that each connection keeps prepared: more than the life of a request takes."""

_RESTED: Final = 5.0
"""Seconds after which a connection is asked whether it still lives.

Asking each time would add a round trip to every transaction.
"""

_MIGRATION_LOCK: Final = 0x0571A121
"""The advisory lock that one start holds while it changes the schema."""

_READ_ONLY: Final = "25006"
"""PostgreSQL's state for a change that a standby was asked for."""

_WATCH: Final = {
    "TCP_KEEPIDLE": 10,
    "TCP_KEEPINTVL": 5,
    "TCP_KEEPCNT": 3,
    "TCP_USER_TIMEOUT": 20_000,  # milliseconds that what was sent may stay unacknowledged
}
"""How soon a connection counts as lost, where the operating system can be told."""

_SEVERAL: Final = re.compile(
    r"^(?P<before>[^/]*//(?:[^@/]*@)?)(?P<hosts>[^/?@]*,[^/?@]*)(?P<after>.*)"
)

_SERVER_SETTINGS: Final = {
    "application_name": "ostiary",
    "timezone": "UTC",
    "jit": "off",
    # How soon the server counts us as lost, in seconds, and in milliseconds.
    "tcp_keepalives_idle": "10",
    "tcp_keepalives_interval": "5",
    "tcp_keepalives_count": "3",
    "tcp_user_timeout": "20000",
}

_LIMITS: Final = {
    # Of a node of which a proxy keeps the connection open, what it had locked would stay locked.
    "idle_in_transaction_session_timeout": "10000",
    # Our own transactions are short; a session that somebody forgot, or a copy of a table, is not.
    "lock_timeout": "30000",
}
"""Milliseconds after which the server ends a transaction that rests, or waits for a lock."""


@dataclass(frozen=True, slots=True)
class Server:
    """The server that a URL names, or several of which one takes changes.

    ``hosts`` makes the connections. Each server has ``patience`` seconds to take one.
    """

    url: URL
    patience: float
    hosts: Hosts

    @classmethod
    def of(cls, url: URL) -> Server:
        """Read what libpq spells otherwise than the driver, and how patient the URL wants us.

        :raises ValueError: ``connect_timeout`` is no number of seconds.
        """
        query = dict(url.query)
        if "sslmode" in query:
            query["ssl"] = query.pop("sslmode")
        patience = _seconds(query.pop("connect_timeout", None))
        target = url.set(drivername="postgresql+asyncpg", query=query)
        return cls(target, patience, Hosts(patience))

    async def connect(self) -> Any:
        """Make a connection of the driver's that no pool knows of.

        :raises ConnectionError: the server does not answer.
        :raises PostgresError: it refuses us.
        """
        _, options = self.url.get_dialect()().create_connect_args(self.url)
        return await self.hosts.connect(**options)


def writer(server: Server, *, rested: float = _RESTED, **options: Any) -> AsyncEngine:
    """The engine that writes; connections are tried after so many seconds of rest."""
    engine = _engine(
        server,
        _SERVER_SETTINGS | _LIMITS,
        pool_size=_POOL,
        max_overflow=_OVERFLOW,
        pool_timeout=_TURN,
        pool_use_lifo=True,  # the one used last has its statements prepared
        **options,
    )
    event.listen(engine.sync_engine, "handle_error", _leave)
    event.listen(engine.sync_engine, "checkin", _note_rest)
    event.listen(engine.sync_engine, "checkout", partial(_try_rested, rested, server.patience))
    return engine


def apart(server: Server, **options: Any) -> AsyncEngine:
    """The engine for what takes long, or for ever; it makes a new connection each time."""
    return _engine(server, _SERVER_SETTINGS, poolclass=NullPool, **options)


def _engine(server: Server, settings: dict[str, str], **options: Any) -> AsyncEngine:
    engine = create_async_engine(
        server.url,
        connect_args={
            "async_creator_fn": server.hosts.connect,
            "server_settings": settings,
            "prepared_statement_cache_size": _PREPARED,
        },
        **options,
    )
    event.listen(engine.sync_engine, "connect", _watch)
    event.listen(engine.sync_engine, "close", _hang_up)
    return engine


def reader(writer: AsyncEngine) -> AsyncEngine:
    """The same pool, with transactions that read one snapshot and refuse to write."""
    return writer.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)


def parsed(url: str) -> URL:
    """Read a URL, with several hosts as libpq writes them: ``//user@one:5432,two:5432/name``."""
    found = _SEVERAL.match(url)
    if found is None:
        return make_url(url)
    hosts = [host if ":" in host else f"{host}:5432" for host in found["hosts"].split(",")]
    return make_url(found["before"] + found["after"]).update_query_dict({"host": hosts})


async def exclude_migrations(conn: AsyncConnection) -> None:
    """Wait until no other start changes the schema, and keep others out until the commit."""
    await conn.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _MIGRATION_LOCK})


def _seconds(told: str | tuple[str, ...] | None) -> float:
    """Read ``connect_timeout`` as libpq does, to which none or less is no limit; to us it is ours.

    :raises ValueError: it is no number.
    """
    if told is None:
        return PATIENCE
    if not isinstance(told, str) or not told.isdecimal():
        raise ValueError(f"connect_timeout is a number of seconds, not {told!r}.")
    return float(told) or PATIENCE


def _watch(dbapi_connection: Any, _record: Any) -> None:
    """Have a server that has vanished from the network noticed."""
    transport = getattr(dbapi_connection.driver_connection, "_transport", None)
    found = transport.get_extra_info("socket") if transport is not None else None
    if found is None or found.family not in (socket.AF_INET, socket.AF_INET6):
        return
    found.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in _WATCH.items():
        if hasattr(socket, name):
            found.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)


def _hang_up(dbapi_connection: Any, _record: Any) -> None:
    """Close a connection without waiting for a good-bye, which a lost server would never say."""
    dbapi_connection.driver_connection.terminate()


def _leave(context: ExceptionContext) -> None:
    """Give up a server that is going, or that takes no changes any more, with all connections."""
    state = state_of(context.original_exception)
    options = context.connection.get_execution_options() if context.connection else {}
    is_standby = state == _READ_ONLY and not options.get("postgresql_readonly")
    if is_standby or ends_connection(state):
        context.is_disconnect = True


def _note_rest(_dbapi_connection: Any, record: Any) -> None:
    record.info["rested_since"] = time.monotonic()


def _try_rested(
    rested: float, patience: float, dbapi_connection: Any, record: Any, _proxy: Any
) -> None:
    rested_since = record.info.get("rested_since")
    if rested_since is None or time.monotonic() - rested_since < rested:
        return
    try:
        dbapi_connection.run_async(lambda driver: driver.execute("SELECT 1", timeout=patience))
    except TimeoutError as error:
        raise InvalidatePoolError from error  # nor would the others answer
    except Exception as error:
        raise DisconnectionError from error  # the pool connects anew
