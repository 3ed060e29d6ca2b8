"""Routes of ours beside the API: health for whatever watches the server, and the simulated clock.

They are outside the names that Graph publishes. Health needs no token; the clock needs any token
that the server believes, and exists only while the clock is simulated.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import msgspec
from sqlalchemy import literal, select
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import BaseRoute, Route

from ostiary.durable import timetravel
from ostiary.durable.clock import Clock, SimulatedClock
from ostiary.durable.worker import Worker
from ostiary.graph.engine import Authenticate
from ostiary.graph.errors import BadRequest, Conflict
from ostiary.graph.reading import parse_json
from ostiary.graph.values import read_duration, read_instant, write_instant
from ostiary.storage.database import Database

Handler = Callable[[Request], Awaitable[JSONResponse]]

LONGEST_MOVE = timedelta(days=3660)


@dataclass(frozen=True, kw_only=True)
class Operator:
    """What the routes need."""

    database: Database
    clock: Clock
    worker: Worker
    authenticator: Authenticate
    patience: timedelta = timedelta(seconds=2)
    """How long the database may take to answer before the server counts as not ready."""
    leaving: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when the server is about to stop: who asks whether it is ready is sent elsewhere."""

    def routes(self) -> list[BaseRoute]:
        """Give the routes, to be mounted at the root of the server."""
        found: list[BaseRoute] = [
            Route("/health/live", self._live, methods=["GET"]),
            Route("/health/ready", self._ready, methods=["GET"]),
        ]
        if isinstance(self.clock, SimulatedClock):
            found += [
                Route("/ostiary/clock", self._clock, methods=["GET"]),
                Route("/ostiary/clock/advance", self._advance, methods=["POST"]),
            ]
        return found

    async def _live(self, _: Request) -> JSONResponse:
        """GET /health/live: the process answers."""
        return JSONResponse({"status": "live"})

    async def _ready(self, _: Request) -> JSONResponse:
        """GET /health/ready: the database answers, so requests can be served, and will be."""
        if self.leaving.is_set():
            return JSONResponse({"status": "not ready", "why": "Stopping"}, 503)
        try:
            async with asyncio.timeout(self.patience.total_seconds()):
                async with self.database.reading() as conn:
                    await conn.execute(select(literal(1)))
        except Exception as error:
            return JSONResponse({"status": "not ready", "why": type(error).__name__}, 503)
        return JSONResponse({"status": "ready"})

    async def _clock(self, request: Request) -> JSONResponse:
        """GET /ostiary/clock: where the simulated clock stands."""
        await self.authenticator.authenticate(request.headers)
        return JSONResponse({"now": write_instant(self.clock.now())})

    async def _advance(self, request: Request) -> JSONResponse:
        """POST /ostiary/clock/advance: move the clock and answer when everything due has run.

        The body names ``duration`` (ISO 8601) or ``to`` (an instant).
        """
        await self.authenticator.authenticate(request.headers)
        assert isinstance(self.clock, SimulatedClock)
        target = _target(parse_json(await request.body()), self.clock.now())
        stops = await timetravel.advance(self.clock, self.worker, to=target)
        body = {
            "now": write_instant(self.clock.now()),
            "stops": [write_instant(stop) for stop in stops],
        }
        return JSONResponse(msgspec.to_builtins(body))


def _target(body: object, now: datetime) -> datetime:
    """Read where the clock is to go.

    :raises BadRequest: the body names no duration or instant, or more than one.
    :raises Conflict: the instant lies in the past.
    """
    if not isinstance(body, dict) or len(body) != 1 or not set(body) <= {"duration", "to"}:
        raise BadRequest('Send {"duration": "P1D"} or {"to": "2026-02-01T09:00:00Z"}.')
    ((name, text),) = body.items()
    if not isinstance(text, str):
        raise BadRequest(f"'{name}' must be a text, such as 'P1D' or an instant.", target=name)
    try:
        target = read_instant(text) if name == "to" else now + read_duration(text)
    except (ValueError, OverflowError) as error:
        raise BadRequest(f"'{name}' {error}.", target=name) from None
    if target < now:
        raise Conflict(
            f"The clock stands at {write_instant(now)} and never goes back.", target=name
        )
    if target - now > LONGEST_MOVE:
        raise BadRequest(f"The clock moves by at most {LONGEST_MOVE.days} days.", target=name)
    return target
