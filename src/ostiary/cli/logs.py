"""Log lines: ours and those of libraries go one way, to standard error, without secrets.

A console format on a terminal, otherwise one JSON object a line; the settings may say which.
"""

from __future__ import annotations

import logging
import sys
from typing import Final

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
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.processors.format_exc_info,
    redact,
)


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
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_formatter(settings.log_format or _fitting()))
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(max(level, logging.WARNING))
    structlog.configure(
        processors=[
            *_SHARED,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.make_filtering_bound_logger(level),
    )


def _fitting() -> LogFormat:
    return LogFormat.CONSOLE if sys.stderr.isatty() else LogFormat.JSON


def _formatter(chosen: LogFormat) -> logging.Formatter:
    render: Processor
    if chosen is LogFormat.JSON:
        render = structlog.processors.JSONRenderer()
    else:
        render = structlog.dev.ConsoleRenderer(
            colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
        )
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=list(_SHARED),
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, render],
    )
