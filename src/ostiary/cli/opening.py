"""Opening a deployment for one command: its database and its clock, and nothing of a server."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import Any, TypeVar

from ostiary.cli import logs, memory
from ostiary.cli.addresses import own_urls
from ostiary.cli.problems import Failed
from ostiary.server import deployment
from ostiary.server.deployment import Deployment
from ostiary.settings import EMBEDDED, Settings

T = TypeVar("T")


@asynccontextmanager
async def opened(settings: Settings, *, make: bool = False) -> AsyncIterator[Deployment]:
    """Open the deployment, with the clock that its server runs on.

    ``make`` makes a data directory that is missing.

    :raises Failed: there is none.
    """
    logs.configure(settings, quiet=True)
    prepare(settings, make=make)
    known = await memory.with_remembered_clock(settings)
    async with deployment.opened(known, base_urls=base_urls(known)) as found:
        yield found


def prepare(settings: Settings, *, make: bool) -> None:
    """Make sure that there is data, or a directory that it can be made in.

    A database that the settings name is where they say, and needs no directory beside it.

    :raises Failed: there is none, and none is to be made.
    """
    if make:
        settings.data_dir.mkdir(parents=True, exist_ok=True)
    elif settings.database_url is None and not (settings.data_dir / EMBEDDED).is_file():
        raise Failed(
            f"There is no data in {settings.data_dir}: start a server there (ostiary serve "
            f"--data-dir {settings.data_dir}), or name its directory with --data-dir."
        )


def base_urls(settings: Settings) -> tuple[str, ...]:
    """Give the URLs under which the server of these settings is known."""
    public = (settings.public_url,) if settings.public_url else ()
    return (*public, *own_urls(settings, settings.port))


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run a command to its end, on the fast event loop where there is one."""
    with asyncio.Runner(loop_factory=_fast_loop()) as runner:
        return runner.run(work)


def on_signal(stop: Callable[[], None]) -> None:
    """Call ``stop`` in the running loop when Ctrl-C or SIGTERM asks for an end."""
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        with suppress(NotImplementedError):  # on Windows, where Ctrl-C cancels instead
            loop.add_signal_handler(number, stop)


@contextmanager
def broken_off_by_signals() -> Iterator[None]:
    """Let Ctrl-C or SIGTERM end the block at once, until :func:`on_signal` says otherwise in it."""
    task, is_asked = asyncio.current_task(), False
    assert task is not None

    def stop() -> None:
        nonlocal is_asked
        if not is_asked:  # a second one would break off the tidying up
            is_asked = True
            task.cancel()

    on_signal(stop)
    try:
        yield
    except asyncio.CancelledError:
        if not is_asked or task.uncancel() > 0:
            raise


def _fast_loop() -> Callable[[], asyncio.AbstractEventLoop] | None:
    try:
        from uvloop import new_event_loop
    except ImportError:  # on Windows, and on other interpreters than CPython
        return None
    return new_event_loop
