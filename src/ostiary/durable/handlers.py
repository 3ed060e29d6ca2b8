"""What a feature gives the worker for each kind of work, and what it says of each item."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.durable.items import WorkItem
from ostiary.durable.lanes import Lanes


@dataclass(frozen=True, slots=True)
class Done:
    """The item is finished and leaves the queue."""


@dataclass(frozen=True, slots=True)
class Again:
    """The item is to be done again from ``at`` on.

    With an ``error`` it counts as a failed attempt; without one the attempts are counted anew.
    """

    at: datetime
    error: str = ""


@dataclass(frozen=True, slots=True)
class Dead:
    """The item can never succeed: it is kept as a dead letter for a person to read."""

    error: str


Outcome = Done | Again | Dead


@dataclass(frozen=True, slots=True)
class InTransaction:
    """The usual handler: what it does in the transaction and the items' outcomes commit together.

    ``handle`` gets up to ``batch`` items and gives outcomes by item id; an item that it does not
    mention is done. When it raises, nothing of the batch remains: the items are tried one by one,
    and what fails alone is retried with back-off until it is dead. A crash repeats the batch, so
    that it happens exactly once.
    """

    kind: str
    handle: Callable[
        [AsyncConnection, Sequence[WorkItem], datetime],
        Awaitable[Mapping[str, Outcome] | None],
    ]
    batch: int = 200
    parallel: int = 1
    """Batches of this kind that one node handles at a time."""
    is_bulk: bool = False
    """Whether there may be very much of it at once: it then stands behind all other kinds, and
    leaves them a slot."""


@dataclass(frozen=True, slots=True)
class Outside:
    """A handler that waits for the network, outside of any transaction.

    ``handle`` finishes its items itself, with ``queue.done``, ``again`` or ``bury`` in transactions
    of its own. The items are leased to the node, and the lease is renewed while the handler runs.
    What it leaves open counts as failed. A crash repeats what was not finished.

    With ``lanes`` the handler gets as much of each lane as that lane has room for, and a lane has
    room again as its items are finished, not when a batch ends; ``batch`` and ``parallel`` do not
    count then.
    """

    kind: str
    handle: Callable[[Sequence[WorkItem], datetime], Awaitable[None]]
    batch: int = 200
    parallel: int = 4
    """Batches of this kind that one node handles at a time."""
    lanes: Lanes | None = None
    begin: Callable[[AsyncConnection, datetime], Awaitable[None]] | None = None
    """Called once, before any work, in the transaction in which the node takes back what an earlier
    life of it had leased."""
    leave: Callable[[], None] | None = None
    """Called when the node is asked to stop: ``handle`` gives back what it has not begun."""


Handler = InTransaction | Outside
