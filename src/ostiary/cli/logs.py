"""Log lines: ours and those of libraries go one way, to standard error, without secrets.

A console format on a terminal, otherwise one JSON object a line; the settings may say which.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Mapping
from typing import Any, Final

import msgspec
import structlog
from structlog.typing import Processor

from ostiary.cli.problems import Misused
from ostiary.cli.redaction import redact
from ostiary.settings import LogFormat, Settings

_LEVELS: Final = {
    "debug": logging.DEBUG,
    "info": logging.INFO,
    "warning": logging.WARNING,
    "error": logging.ERROR,
}
_TALKATIVE: Final = ("aiosqlite", "alembic", "asyncio", "sqlalchemy", "uvicorn")
"""Libraries whose notes are of use to their developers; their warnings are kept."""

_SHARED: Final[tuple[Processor, ...]] = (
    structlog.contextvars.merge_contextvars,
    structlog.processors.format_exc_info,
    redact,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
)
"""What every line goes through; nothing that may hold a secret comes after ``redact``."""


def configure(settings: Settings, *, quiet: bool = False) -> None:
    """Set logging up for this process.

    ``quiet`` is for commands that print a result: only errors, unless the level was chosen.

    :raises Misused: the level is none.
    """
    chosen = settings.log_level.lower()
    if chosen not in _LEVELS:
        raise Misused(f"OSTIARY_LOG_LEVEL is {chosen!r}; it may be one of {', '.join(_LEVELS)}.")
    level = _LEVELS[chosen]
    if quiet and "log_level" not in settings.model_fields_set:
        level = logging.ERROR
    # No line says from which thread, process or line of code it comes, so nobody has to find out.
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    logging._srcfile = None  # as the manual of logging advises
    render = _renderer(settings.log_format or _fitting())
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_formatter(render))
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(max(level, logging.WARNING))
    structlog.configure(
        processors=[*_SHARED, render],
        logger_factory=_Lines,
        wrapper_class=structlog.make_filtering_bound_logger(level),
    )


def _fitting() -> LogFormat:
    return LogFormat.CONSOLE if sys.stderr.isatty() else LogFormat.JSON


def _renderer(chosen: LogFormat) -> Processor:
    if chosen is LogFormat.JSON:
        return structlog.processors.JSONRenderer(serializer=_json)
    return structlog.dev.ConsoleRenderer(
        colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
    )


def _json(event: Mapping[str, Any], **_: Any) -> str:
    return msgspec.json.encode(event).decode()


def _formatter(render: Processor) -> logging.Formatter:
    """Give what the lines of libraries go through, which log as the standard library does."""
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=list(_SHARED),
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, render],
    )


class _Lines:
    """Writes our own lines; the way of the standard library takes twice as long for each."""

    def __init__(self, name: str = "") -> None:
        self.name = name

    def write(self, line: str) -> None:
        """Write a line at once; one that cannot be written disturbs nobody."""
        try:
            sys.stderr.write(f"{line}\n")
        except (OSError, ValueError):  # the other end has gone, or the stream is closed
            return

    debug = info = warning = error = critical = exception = write
