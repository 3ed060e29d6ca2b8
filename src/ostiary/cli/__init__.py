"""The command line: verbs on nouns, JSON where something is printed, exit codes 0, 1 and 2.

Each module is one command or one group of them. ``running`` is the server in this process,
``opening`` a deployment that a command looks at; ``demo`` tells the two stories.
"""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Final

from ostiary.cli.app import app, load

__all__ = ["app", "call", "main"]

_YOUNG: Final = 10_000
"""Objects after which the garbage collector looks for young ones.

A request that is answered leaves few cycles and makes many objects: after 700, as Python has it, a
twentieth of a server's time under load goes into looking for nothing.
"""


def main() -> int:
    """Run the command that the process was started with; give its exit code."""
    os.umask(0o077)  # what is made holds keys and people's data: it is its owner's alone
    return call(sys.argv[1:], loading=_uncollected)


def call(
    arguments: Sequence[str],
    *,
    loading: Callable[[], AbstractContextManager[None]] = nullcontext,
) -> int:
    """Run a command and give its exit code; what went wrong is on standard error.

    ``loading`` is entered while the command is imported.

    :raises Exception: a defect, which needs its traceback.
    """
    try:
        with loading():
            load(arguments)
        app(
            list(arguments),
            exit_on_error=False,
            print_error=False,
            result_action="return_none",
        )
        sys.stdout.flush()
    except BrokenPipeError:
        return _unread()
    except (Exception, KeyboardInterrupt) as error:
        # Here, since they know the whole program, which most commands need a part of.
        from ostiary.cli.output import complain
        from ostiary.cli.telling import told

        problem = told(error)
        if problem is None:
            raise
        code, line = problem
        complain(line)
        return code
    return 0


def _unread() -> int:
    """End quietly where whoever read what was printed wants no more of it, such as ``head``."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # for the last flush
    return 0


@contextmanager
def _uncollected() -> Iterator[None]:
    """Keep the garbage collector off what the block makes, for good.

    Modules, classes and tables stay as long as the process does. Looking through them again and
    again, while they are made, would take a fifth of the start of a server, and later the longest
    of its pauses.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.set_threshold(_YOUNG, *gc.get_threshold()[1:])
        gc.enable()
