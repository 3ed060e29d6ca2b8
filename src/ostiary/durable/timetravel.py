"""Moving a simulated clock: everything that becomes due on the way is run in its order."""

from __future__ import annotations

from datetime import datetime

from ostiary.durable.clock import SimulatedClock
from ostiary.durable.worker import Worker


async def advance(clock: SimulatedClock, worker: Worker, *, to: datetime) -> list[datetime]:
    """Move the clock to ``to``, stopping at each instant at which something is due.

    At each stop everything runs that is due, and what that makes due, before time goes on. Gives
    the stops that were made on the way; returns when all is settled.

    :raises ValueError: ``to`` lies in the past.
    """
    stops: list[datetime] = []
    async with clock.travel:
        await worker.settle()
        while (due := await worker.next_due(to)) is not None:
            await clock.move_to(due)
            await worker.settle()
            stops.append(due)
        await clock.move_to(to)
        await worker.settle()
    return stops
