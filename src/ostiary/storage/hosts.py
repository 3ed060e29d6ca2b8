"""Connecting to PostgreSQL, where the URL may name several servers of which one takes changes.

The driver has one time limit for all of them, within which a machine that has vanished leaves no
time for the others. So each is given its own. The one that was good last is asked first: a dead one
at the head of the list is not waited for again and again.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

PATIENCE: Final = 5.0
"""Seconds that a server has to take a connection, unless the URL says ``connect_timeout``."""

_WRITES: Final = "read-write"
_Address = tuple[str | None, int | None]


class Hosts:
    """Makes the connections of one database; :meth:`connect` stands in for the driver's."""

    def __init__(self, patience: float = PATIENCE) -> None:
        self._patience = patience
        self._good: _Address | None = None

    async def connect(self, **options: Any) -> Any:
        """Connect to the first server that answers in time and is what is asked for.

        Of several, that is one which takes changes, unless ``target_session_attrs`` says otherwise.

        :raises ConnectionError: there is none.
        :raises PostgresError: one refuses us.
        """
        addresses = _addresses(options.pop("host", None), options.pop("port", None))
        if len(addresses) > 1:
            options = {"target_session_attrs": _WRITES, **options}
        told: list[str] = []
        for address in sorted(addresses, key=lambda one: one != self._good):
            try:
                connection = await self._connect(address, options)
            except ConnectionError as error:
                told.append(f"{_shown(address)} {error}")
                continue
            self._good = address
            return connection
        raise ConnectionError("; ".join(told))

    async def _connect(self, address: _Address, options: Mapping[str, Any]) -> Any:
        """Connect to one server.

        :raises ConnectionError: it is of no use, which a refused password does not say.
        """
        import asyncpg  # not loaded where there is no PostgreSQL

        host, port = address
        try:
            return await asyncpg.connect(host=host, port=port, timeout=self._patience, **options)
        except TimeoutError as error:
            raise ConnectionError("does not answer") from error
        except asyncpg.TargetServerAttributeNotMatched as error:
            raise ConnectionError(f"is not {options.get('target_session_attrs')}") from error
        except (
            OSError,
            asyncpg.CannotConnectNowError,
            asyncpg.PostgresConnectionError,
        ) as error:
            raise ConnectionError(f"cannot be used: {error}") from error


def _addresses(host: Any, port: Any) -> list[_Address]:
    if isinstance(host, list):
        return list(zip(host, port, strict=True))
    return [(host, port)]


def _shown(address: _Address) -> str:
    host, port = address
    return f"{host or 'the server'}:{port}" if port else host or "the server"
