"""Gives up connections to a PostgreSQL that says nothing any more.

A statement may take long, and one that hangs looks the same. So whenever a transaction takes more
than a few seconds, the server is asked on a new connection whether it still works on it. If so, it
is slow, and is left alone. If the server cannot be asked, or another has taken its place, or it
knows nothing of the transaction, nobody would ever answer: the connection is ended, so that a
request is refused with 503, and work is given to somebody else.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

import structlog
from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncEngine

_log: Final = structlog.get_logger(__name__)

Session = tuple[int, datetime]
"""What PostgreSQL knows a connection by: its process, and when that was started."""

_OWN: Final = "SELECT pid, backend_start FROM pg_stat_activity WHERE pid = pg_backend_pid()"

# A session that rests while we wait for it has answered long ago, or was never asked.
_KNOWN: Final = """
    SELECT pid, backend_start FROM pg_stat_activity WHERE pid = ANY ($1) AND
    (state IS DISTINCT FROM 'idle' OR state_change > clock_timestamp() - $2::interval)
"""


class _Loan(NamedTuple):
    driver: Any
    session: Session | None
    """None while the connection is being made."""
    since: float


class Watchdog:
    """Watches the connections that the pool of ``engine`` has lent.

    ``connect`` makes one of the driver's connections, in ``patience`` seconds or not at all. What
    is lent for longer is asked after.
    """

    def __init__(
        self, engine: AsyncEngine, connect: Callable[[], Awaitable[Any]], *, patience: float
    ) -> None:
        self._connect = connect
        self._patience = patience
        self._lent: dict[Any, _Loan] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._asking: asyncio.Task[None] | None = None
        event.listen(engine.sync_engine, "connect", self._note_session, insert=True)
        event.listen(engine.sync_engine, "checkout", self._note)
        event.listen(engine.sync_engine, "checkin", self._forget)

    async def close(self) -> None:
        """Watch no longer."""
        if self._timer is not None:
            self._timer.cancel()
        if self._asking is not None:
            self._asking.cancel()
            await asyncio.wait([self._asking])

    def _note_session(self, dbapi_connection: Any, record: Any) -> None:
        self._lent[record] = _Loan(dbapi_connection.driver_connection, None, _now())
        self._rest()
        row = dbapi_connection.run_async(lambda driver: driver.fetchrow(_OWN))
        record.info["session"] = tuple(row)

    def _note(self, dbapi_connection: Any, record: Any, _proxy: Any) -> None:
        driver = dbapi_connection.driver_connection
        self._lent[record] = _Loan(driver, record.info["session"], _now())
        self._rest()

    def _forget(self, _dbapi_connection: Any, record: Any) -> None:
        self._lent.pop(record, None)

    def _rest(self) -> None:
        if self._timer is None and self._asking is None:
            self._timer = asyncio.get_running_loop().call_later(self._patience, self._look)

    def _look(self) -> None:
        self._timer = None
        # Of a connection that could not be made, or was lost, everybody has been told.
        self._lent = {one: loan for one, loan in self._lent.items() if not loan.driver.is_closed()}
        if self._overdue():
            self._asking = asyncio.create_task(self._ask(), name="watchdog")
        elif self._lent:
            self._rest()

    def _overdue(self) -> list[_Loan]:
        before = _now() - self._patience
        return [loan for loan in self._lent.values() if loan.since <= before]

    async def _ask(self) -> None:
        overdue = self._overdue()
        try:
            known = await self._known([loan.session for loan in overdue if loan.session])
            self._give_up([loan for loan in overdue if loan.session not in known], "not known")
        except OSError as error:
            self._give_up(overdue, str(error))
        except Exception as error:
            _log.info("database.refuses", exc_info=error)  # so it is there
        finally:
            self._asking = None
        if self._lent:
            self._rest()

    async def _known(self, sessions: Collection[Session]) -> set[Session]:
        """Ask which of these the server works on.

        :raises OSError: it does not answer.
        """
        driver = await self._connect()
        try:
            pids, rest = [pid for pid, _ in sessions], timedelta(seconds=self._patience)
            rows = await driver.fetch(_KNOWN, pids, rest, timeout=self._patience)
            return {tuple(row) for row in rows}
        finally:
            driver.terminate()

    def _give_up(self, loans: Collection[_Loan], why: str) -> None:
        silent = {record: loan for record, loan in self._lent.items() if loan in loans}
        if silent:
            _log.warning("database.silent", connections=len(silent), why=why)
        for record, loan in silent.items():
            del self._lent[record]
            loan.driver.terminate()  # whoever waits for it is told that the connection is closed


def _now() -> float:
    return asyncio.get_running_loop().time()
