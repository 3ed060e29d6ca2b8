"""An event loop in which time is counted, nothing waits, and a process can die at any step.

Every callback belongs to a life, or to none. When a life ends, its callbacks are never run again:
no ``finally``, no roll-back, exactly as after ``kill -9``. What was ready keeps its order, as on a
real loop; how long things take is what differs from one history to the next.
"""

from __future__ import annotations

import asyncio
import heapq
from collections import deque
from collections.abc import Callable, Coroutine
from contextvars import ContextVar, copy_context
from typing import Any, Final, TypeVar

T = TypeVar("T")

_LIFE: Final[ContextVar[Life | None]] = ContextVar("life", default=None)


class Stuck(Exception):
    """Nothing is left that could ever happen."""


class Life:
    """One life of a process, from its start to its death.

    ``fuse`` counts the steps that are left to it; None: it dies only when it is told to.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.is_alive = True
        self.is_buried = False
        self.fuse: int | None = None
        self.at_death: list[Callable[[], None]] = []
        self.tasks: list[asyncio.Task[Any]] = []
        self.unborn: list[asyncio.Handle] = []
        """What would have come next."""

    def end(self) -> None:
        """Die now; whoever was connected notices."""
        self.is_alive = False
        for notice in self.at_death:
            notice()

    def burns(self) -> bool:
        """Whether this step is the one that is not made any more."""
        if self.fuse is None:
            return False
        self.fuse -= 1
        return self.fuse <= 0


def living() -> Life | None:
    """Give the life that the running code belongs to."""
    return _LIFE.get()


class SimulatedLoop(asyncio.BaseEventLoop):
    """The loop; ``time`` is in seconds since its beginning."""

    def __init__(self) -> None:
        super().__init__()
        # What the base class keeps and its types do not tell.
        self._ready: deque[Any]
        self._scheduled: list[Any]
        self._now = 0.0
        self.steps = 0
        self.on_death: Callable[[Life], None] = lambda life: None

    def time(self) -> float:
        """Give the simulated time, in seconds."""
        return self._now

    def live(self, life: Life, coroutine: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """Start a task that belongs to a life, with everything that it starts."""
        context = copy_context()
        context.run(_LIFE.set, life)
        task: asyncio.Task[T] = self.create_task(coroutine, context=context)
        return task

    def apart(self, coroutine: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """Start a task that belongs to no life, whoever starts it."""
        context = copy_context()
        context.run(_LIFE.set, None)
        task: asyncio.Task[T] = self.create_task(coroutine, context=context)
        return task

    def create_task(self, coro: Any, **options: Any) -> Any:
        """Start a task, and remember it with the life it belongs to."""
        task = super().create_task(coro, **options)
        life = options["context"].get(_LIFE) if options.get("context") else living()
        if life is not None:
            life.tasks.append(task)
        return task

    def run_in_executor(  # type: ignore[override]  # there are no threads here
        self, executor: Any, func: Callable[..., T], *args: Any
    ) -> asyncio.Future[T]:
        """Do at once what elsewhere a thread does."""
        future: asyncio.Future[T] = self.create_future()
        try:
            future.set_result(func(*args))
        except Exception as error:
            future.set_exception(error)
        return future

    def bury(self, life: Life) -> None:
        """Unwind what has died, when nothing is left that it could touch."""
        life.is_buried = True
        for task in life.tasks:
            if not task.done():
                task.cancel()
        life.tasks.clear()
        self._ready.extend(life.unborn)

    def _run_once(self) -> None:
        """Do what is ready; when nothing is, let time go on to the next thing that will be."""
        if not self._ready:
            self._pass_time()
        for _ in range(len(self._ready)):
            handle = self._ready.popleft()
            if not handle._cancelled and self._may_run(handle):
                self.steps += 1
                handle._run()

    def _pass_time(self) -> None:
        while self._scheduled and self._scheduled[0]._cancelled:
            heapq.heappop(self._scheduled)._scheduled = False
        if not self._scheduled:
            raise Stuck
        self._now = max(self._now, self._scheduled[0]._when)
        while self._scheduled and self._scheduled[0]._when <= self._now:
            timer = heapq.heappop(self._scheduled)
            timer._scheduled = False
            self._ready.append(timer)

    def _may_run(self, handle: Any) -> bool:
        life: Life | None = handle._context.get(_LIFE)
        if life is None or life.is_buried:
            return True
        if life.is_alive and life.burns():
            life.end()
            self.on_death(life)
        if not life.is_alive:
            life.unborn.append(handle)
        return life.is_alive

    def _process_events(self, event_list: Any) -> None:
        """There is nothing to select from."""

    def _write_to_self(self) -> None:
        """There is no other thread that had to be woken."""
