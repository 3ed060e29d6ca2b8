"""``ostiary clock``: where a simulated clock stands, and moving it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Annotated, Any, Final

from cyclopts import App, Parameter

from ostiary.cli import remote
from ostiary.cli.opening import opened, run
from ostiary.cli.options import HERE, ClockOption, Place
from ostiary.cli.output import print_json
from ostiary.cli.problems import Failed, Misused
from ostiary.durable.clock import SimulatedClock
from ostiary.graph.values import read_duration, read_instant, write_instant
from ostiary.server.deployment import Deployment
from ostiary.settings import Settings

app = App(name="clock")

_UNITS: Final = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_SHORT: Final = re.compile(r"(\d+)([smhdw])", re.IGNORECASE)

_EXAMPLES = """
Examples:

  ostiary clock advance PT1H
      one hour, in ISO 8601; 1h means the same
  ostiary clock advance 14d --json
  ostiary clock advance --to 2026-02-01T09:00:00Z
"""


@app.command(help_epilogue="Example:\n\n  ostiary clock show --json")
def show(*, clock: ClockOption = None, place: Place = HERE) -> None:
    """Print the instant at which the clock stands."""
    found = run(_show(place.settings(clock=clock)))
    print_json(found) if place.as_json else print(found["now"])


@app.command(help_epilogue=_EXAMPLES)
def advance(
    duration: Annotated[str | None, Parameter(help="How far: PT1H, P14D, 1h, 14d.")] = None,
    /,
    *,
    to: Annotated[str | None, Parameter(help="Instead: the instant to stop at.")] = None,
    clock: ClockOption = None,
    place: Place = HERE,
) -> None:
    """Move the clock on and run everything that becomes due on the way, in its order.

    Returns when all is settled. A running server is asked to do it; without one it happens here.
    """
    if (duration is None) == (to is None):
        raise Misused("Say how far (ostiary clock advance PT1H) or --to when, and not both.")
    length = None if duration is None else _length(duration)
    instant = None if to is None else _instant(to)
    moved = run(_advance(place.settings(clock=clock), length, instant))
    if place.as_json:
        print_json(moved)
    else:
        print(f"{moved['now']}  ({len(moved['stops'])} stops on the way)")


async def _show(settings: Settings) -> dict[str, Any]:
    async with opened(settings) as deployment:
        clock = _simulated(deployment)
        asked = remote.running_server(deployment)
        return await asked.get("/ostiary/clock") if asked else {"now": write_instant(clock.now())}


async def _advance(
    settings: Settings, length: timedelta | None, instant: datetime | None
) -> dict[str, Any]:
    async with opened(settings) as deployment:
        clock = _simulated(deployment)
        asked = remote.running_server(deployment)
        target = instant or clock.now() + (length or timedelta())
        if asked:
            body = {"to": write_instant(target)}
            return await asked.post("/ostiary/clock/advance", body)
        if target < clock.now():
            raise Failed(f"The clock stands at {write_instant(clock.now())} and never goes back.")
        stops = await _move(deployment, clock, target)
        return {"now": write_instant(clock.now()), "stops": [write_instant(s) for s in stops]}


async def _move(
    deployment: Deployment, clock: SimulatedClock, target: datetime
) -> Sequence[datetime]:
    # Whatever becomes due is work of a whole server, which is loaded for this alone.
    from ostiary.durable import timetravel
    from ostiary.server.composition import server_on

    async with server_on(deployment) as server:
        return await timetravel.advance(clock, server.worker, to=target)


def _simulated(deployment: Deployment) -> SimulatedClock:
    if not isinstance(deployment.clock, SimulatedClock):
        raise Failed(
            "The clock is the machine's, which nobody moves. Start the server with "
            "--clock simulated (ostiary serve --clock simulated) to have one that can be moved."
        )
    return deployment.clock


def _length(text: str) -> timedelta:
    short = _SHORT.fullmatch(text.strip())
    try:
        if short:
            return timedelta(**{_UNITS[short[2].lower()]: int(short[1])})
        return read_duration(text.strip().upper())
    except (ValueError, OverflowError):
        raise Misused(f"{text!r} is no duration: write PT1H, P14D, 90m, 1h or 14d.") from None


def _instant(text: str) -> datetime:
    try:
        return read_instant(text)
    except ValueError as error:
        raise Misused(f"{text!r} {error}.") from None
