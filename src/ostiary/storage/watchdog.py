"""Gives up connections to a PostgreSQL that says nothing any more.

A statement may take long, and one that hangs looks the same. So whenever a transaction takes longer
than a few seconds, the server is asked for another connection. If it gives one, the statement is
slow and is left alone. If not, nobody would ever answer: the connections that have waited for so
long are ended, so that requests are refused with 503 and work is given to somebody else.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Final

import structlog
from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncEngine

_log: Final = structlog.get_logger(__name__)


class Watchdog:
    """Watches the connections that the pool of ``engine`` has lent.

    ``reach`` tries whether the server takes a connection; after ``patience`` seconds it is tried.
    """

    def __init__(
        self, engine: AsyncEngine, reach: Callable[[], Awaitable[None]], *, patience: float
    ) -> None:
        self._reach = reach
        self._patience = patience
        self._lent: dict[Any, tuple[Any, float]] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._trial: asyncio.Task[None] | None = None
        event.listen(engine.sync_engine, "checkout", self._note)
        event.listen(engine.sync_engine, "checkin", self._forget)

    async def close(self) -> None:
        """Watch no longer."""
        if self._timer is not None:
            self._timer.cancel()
        if self._trial is not None:
            self._trial.cancel()
            await asyncio.wait([self._trial])

    def _note(self, dbapi_connection: Any, record: Any, _proxy: Any) -> None:
        self._lent[record] = (dbapi_connection.driver_connection, _now())
        self._rest()

    def _forget(self, _dbapi_connection: Any, record: Any) -> None:
        self._lent.pop(record, None)

    def _rest(self) -> None:
        if self._timer is None and self._trial is None:
            self._timer = asyncio.get_running_loop().call_later(self._patience, self._look)

    def _look(self) -> None:
        self._timer = None
        if self._overdue():
            self._trial = asyncio.create_task(self._try(), name="watchdog")
        elif self._lent:
            self._rest()

    def _overdue(self) -> list[Any]:
        before = _now() - self._patience
        return [driver for driver, since in self._lent.values() if since <= before]

    async def _try(self) -> None:
        try:
            await self._reach()
        except OSError as error:
            self._give_up(error)
        except Exception as error:
            _log.info("database.refuses", exc_info=error)  # so it is there
        finally:
            self._trial = None
        if self._lent:
            self._rest()

    def _give_up(self, error: OSError) -> None:
        silent = self._overdue()
        _log.warning("database.silent", connections=len(silent), error=str(error))
        for driver in silent:
            driver.terminate()  # whoever waits for it is told that the connection is closed


def _now() -> float:
    return asyncio.get_running_loop().time()
