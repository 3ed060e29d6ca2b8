"""Lanes: work of one kind that may be slow for reasons of its own, such as one endpoint.

A node holds only so many items of each lane, so that a slow lane costs its own share and delays no
other. What it does not hold stays on the queue, without a lease, for this node or another. A lane
that proves quick may hold more, so that its items are claimed many at a time; a slow one holds
little more than what is under way.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from ostiary.durable.gates import Gate, Open, Passage
from ostiary.durable.items import WorkItem

_LARGEST: Final = 400
_QUICK: Final = 0.25
_SLOW: Final = 1.0
"""Seconds in which half of what a lane holds is finished, or is not."""


@dataclass(frozen=True, slots=True)
class Share:
    """That up to ``limit`` items of a lane may be claimed that were due at ``before``."""

    lane: str
    limit: int
    before: datetime


@dataclass(slots=True)
class _Held:
    window: int
    reserved: int = 0
    ids: set[str] = field(default_factory=set)
    begun: set[str] = field(default_factory=set)
    filled_at: float | None = None

    @property
    def size(self) -> int:
        return self.reserved + len(self.ids)

    @property
    def to_begin(self) -> int:
        return self.size - len(self.begun)

    @property
    def is_half_empty(self) -> bool:
        return self.size * 2 <= self.window


class Lanes:
    """What one node holds of each lane of a kind; ``news`` is called when there is room again.

    ``at_once`` is how many items of a lane are handled at a time. ``most`` is how many of all lanes
    are held together, though every lane may always hold one.
    """

    def __init__(self, *, at_once: int = 16, most: int = 1_000, gate: Gate | None = None) -> None:
        self.news: Callable[[], None] = lambda: None
        self._smallest = 2 * at_once
        self._largest = max(_LARGEST, self._smallest)
        self._most = most
        self._gate = gate or Open()
        self._lanes: dict[str, _Held] = {}
        self._total = 0
        self._is_short = False
        self._narrowed: set[str] = set()
        self._openings: tuple[datetime, ...] = ()

    def shares(self, due: Mapping[str, datetime], *, now: datetime) -> list[Share]:
        """Reserve places for what may be claimed now; those lanes first that hold least.

        ``due`` tells since when each lane has something due. ``took`` settles what is reserved.
        """
        passages = {lane: self._gate.passage(lane, now=now) for lane in due}
        openings = (passages[lane].opening(due[lane], now=now) for lane in due)
        self._openings = tuple(instant for instant in openings if instant is not None)
        open_ = (lane for lane, passage in passages.items() if due[lane] <= passage.before)
        rooms = {lane: room for lane in open_ if (room := self._room(lane, passages[lane]))}
        found = []
        left = max(self._most - self._total, 0)
        for number, lane in enumerate(sorted(rooms, key=self._size)):
            fair = max(left // (len(rooms) - number), 0 if self._size(lane) else 1)
            limit = min(rooms[lane], fair)
            self._is_short |= limit < rooms[lane]
            left = max(left - limit, 0)
            if limit:
                self._lane(lane).reserved += limit
                if passages[lane].places < self._smallest:
                    self._narrowed.add(lane)
                self._total += limit
                found.append(Share(lane, limit, passages[lane].before))
        return found

    def took(self, shares: Iterable[Share], items: Sequence[WorkItem]) -> None:
        """Note which items came of what was reserved; the rest of the places is free again."""
        for share in shares:
            self._lanes[share.lane].reserved -= share.limit
            self._total -= share.limit
        for item in items:
            self._lane(item.lane).ids.add(item.id)
        self._total += len(items)
        now = asyncio.get_running_loop().time()
        for lane in {item.lane for item in items}:
            held = self._lanes[lane]
            held.filled_at = None if held.is_half_empty else now

    def began(self, item: WorkItem) -> None:
        """Note that an item has begun, where a gate counts starts: the lane may be closed now."""
        held = self._lanes.get(item.lane)
        if held is not None and item.id in held.ids:
            held.begun.add(item.id)
            self.news()

    def finished(self, items: Iterable[WorkItem]) -> None:
        """Note that items are held no more, whatever became of them; once more does no harm."""
        for item in items:
            held = self._lanes.get(item.lane)
            if held is None or item.id not in held.ids:
                continue
            held.ids.discard(item.id)
            held.begun.discard(item.id)
            self._total -= 1
            if held.filled_at is not None and held.is_half_empty:
                self._adapt(held)
                self.news()
            if item.lane in self._narrowed:
                self._narrowed.discard(item.lane)
                self.news()
            if not held.size and held.window == self._smallest:
                del self._lanes[item.lane]
        if self._is_short and self._total * 4 <= self._most * 3:
            self._is_short = False
            self.news()

    def next_opening(self, *, after: datetime) -> datetime | None:
        """Say when next a lane opens that had something due when shares were last asked for."""
        return min((instant for instant in self._openings if instant > after), default=None)

    def _room(self, lane: str, passage: Passage) -> int:
        """Count the places to fill: none until half of them are free, so that claims are few."""
        held = self._lanes.get(lane) or _Held(self._smallest)
        window = min(held.window, passage.places)
        room = window - held.size if held.size * 2 <= window else 0
        return max(min(room, passage.starts - held.to_begin), 0)

    def _adapt(self, held: _Held) -> None:
        """Let a lane hold more after it was quick, and less after it was slow."""
        assert held.filled_at is not None
        took = asyncio.get_running_loop().time() - held.filled_at
        held.filled_at = None
        if took < _QUICK:
            held.window = min(held.window * 2, self._largest)
        elif took > _SLOW:
            held.window = max(held.window // 2, self._smallest)

    def _size(self, lane: str) -> int:
        held = self._lanes.get(lane)
        return held.size if held else 0

    def _lane(self, lane: str) -> _Held:
        return self._lanes.setdefault(lane, _Held(self._smallest))
