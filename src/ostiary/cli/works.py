"""``ostiary work``: what failed for good, of every kind, and what to do with it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Annotated, Any

from cyclopts import App, Parameter
from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.cli import neighbours
from ostiary.cli.opening import opened, run
from ostiary.cli.options import HERE, Limit, Place
from ostiary.cli.output import note, print_json, print_rows
from ostiary.cli.problems import Failed, Misused
from ostiary.durable import deadletters
from ostiary.durable.deadletters import DeadLetter
from ostiary.graph.values import write_instant
from ostiary.settings import Settings

app = App(name="work")

_DEAD_EXAMPLES = """
Examples:

  ostiary work dead
  ostiary work dead --kind task.run --json
      with the whole error and the payload
"""
_RETRY_EXAMPLES = """
Examples:

  ostiary work retry 957d0c50-466b-4840-bb5b-c92cea7141ff
  ostiary work dead --kind task.run | cut -f1 | xargs ostiary work retry
"""

Items = Annotated[
    tuple[str, ...],
    Parameter(help="Ids of dead items.", negative_iterable="", show_default=False),
]


@app.command(help_epilogue=_DEAD_EXAMPLES)
def dead(
    *,
    kind: Annotated[str | None, Parameter(help="Only of this kind, such as task.run.")] = None,
    limit: Limit = 50,
    place: Place = HERE,
) -> None:
    """List the work that failed for good, the newest first."""
    rows = [_row(letter) for letter in run(_dead(place.settings(), kind, limit))]
    if place.as_json:
        print_json(rows)
        return
    columns = {"id": "ITEM", "kind": "KIND", "key": "ABOUT", "attempts": "ATTEMPTS"}
    print_rows(rows, {**columns, "died": "DIED", "error": "ERROR"}, empty="Nothing is dead.")


@app.command(help_epilogue=_RETRY_EXAMPLES)
def retry(items: Items, /, *, place: Place = HERE) -> None:
    """Put dead items back on the queue, due now and with all their attempts before them.

    If one of them is not dead, none is put back. Each decides by what it finds, so that one whose
    time is over does nothing.
    """

    async def put_back(conn: AsyncConnection, ids: list[str], now: datetime) -> None:
        await deadletters.replay(conn, ids, now=now)

    is_served = run(_change(place.settings(), _named(items), put_back))
    who = "The running worker does" if is_served else "The next server or worker does"
    _tell(place, "retried", items, f"{who} it again.")


@app.command(help_epilogue="Example:\n\n  ostiary work drop 957d0c50-466b-4840-bb5b-c92cea7141ff")
def drop(items: Items, /, *, place: Place = HERE) -> None:
    """Delete dead items: what they were about stays as it is, and nothing moves it any more.

    If one of them is not dead, none is deleted.
    """

    async def delete(conn: AsyncConnection, ids: list[str], _: datetime) -> None:
        await deadletters.drop(conn, ids)

    run(_change(place.settings(), _named(items), delete))
    _tell(place, "dropped", items, "It is gone.")


async def _dead(settings: Settings, kind: str | None, limit: int) -> list[DeadLetter]:
    async with opened(settings) as server, server.database.reading() as conn:
        return await deadletters.dead_letters(conn, kind=kind, limit=limit)


async def _change(
    settings: Settings,
    ids: list[str],
    change: Callable[[AsyncConnection, list[str], datetime], Awaitable[None]],
) -> bool:
    """Change all of these, or none; tell whether a server runs."""
    async with opened(settings) as server:
        async with server.database.transaction() as conn:
            known = {letter.id for letter in await deadletters.read(conn, ids)}
            missing = [id_ for id_ in ids if id_ not in known]
            if missing:
                raise Failed(f"{missing[0]!r} is no dead item; ostiary work dead lists them.")
            await change(conn, ids, server.clock.now())
        return neighbours.server_on(settings.data_dir) is not None


def _named(items: tuple[str, ...]) -> list[str]:
    if not items:
        raise Misused("Name at least one item; ostiary work dead lists them.")
    return list(dict.fromkeys(one.lower() for one in items))


def _tell(place: Place, what: str, items: tuple[str, ...], text: str) -> None:
    print_json({what: _named(items)}) if place.as_json else note(text)


def _row(letter: DeadLetter) -> dict[str, Any]:
    return {
        "id": letter.id,
        "kind": letter.kind,
        "key": letter.key,
        "attempts": letter.attempts,
        "died": write_instant(letter.dead_at),
        "error": letter.last_error,
        "payload": dict(letter.payload),
    }
