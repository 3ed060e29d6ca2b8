"""What went wrong, as one line that says what to do next, and an exit code.

It knows the errors of every part, so it is loaded when there is one.
"""

from __future__ import annotations

import re
from typing import Final

from cyclopts import CycloptsError
from pydantic import ValidationError
from pydantic_settings import SettingsError
from sqlalchemy.exc import DBAPIError

from ostiary.cli.problems import FAILED, MISUSED, Failed, Misused
from ostiary.durable.errors import describe
from ostiary.entitlement.providers.settings import ProviderError
from ostiary.graph.errors import DomainError
from ostiary.identity.issuer_errors import TokenError
from ostiary.identity.issuers import ConfigurationError
from ostiary.identity.key_files import BadKey
from ostiary.storage.failures import DatabaseUnavailable, is_outage
from ostiary.storage.migrator import SchemaTooNew
from ostiary.storage.names import NameTaken

_EXPECTED: Final = (
    Failed,
    BadKey,
    DatabaseUnavailable,
    DomainError,
    NameTaken,
    SchemaTooNew,
    TokenError,
    OSError,
)
"""What is a fact of the outside rather than a defect: told in a line, without a traceback."""

_OPTIONS: Final = frozenset(
    {"host", "port", "tls", "tls_certificate", "tls_key", "clock", "worker", "node"}
    | {"data_dir", "database_url", "archive_dir"}
)
"""Settings that are options as well; all others are variables only."""


def told(error: BaseException) -> tuple[int, str] | None:
    """Give the exit code and the line for an error; None for a defect, which needs a traceback."""
    match error:
        case CycloptsError():
            return MISUSED, f"{error} See --help."
        case Misused() | ConfigurationError() | ProviderError():
            return MISUSED, str(error)
        case ValidationError() | SettingsError():
            return MISUSED, settings_problem(error)
        case KeyboardInterrupt():
            return FAILED, "Stopped."
        case DatabaseUnavailable():
            return FAILED, f"{describe(error)} Check OSTIARY_DATABASE_URL or --database-url."
        case OSError():
            return FAILED, str(error)
        case DBAPIError() if is_outage(error):
            return FAILED, f"The database cannot be used now: {error.orig}. Try again in a moment."
    return (FAILED, str(error)) if isinstance(error, _EXPECTED) else None


def settings_problem(error: ValidationError | SettingsError) -> str:
    """Say which settings are wrong, by both of their names, and what would be right."""
    if isinstance(error, SettingsError):
        found = re.search(r'field "(\w+)"', str(error))
        name = f"OSTIARY_{found[1].upper()}" if found else "A setting"
        return f"{name} cannot be read: lists and mappings are written as JSON, see the manual."
    lines = [_setting_line(detail["loc"], detail["msg"]) for detail in error.errors()]
    return "\n".join(lines)


def _setting_line(where: tuple[int | str, ...], message: str) -> str:
    plain = message.removeprefix("Value error, ")
    if not where:
        return plain[:1].upper() + plain[1:]
    name = str(where[0])
    variable = f"OSTIARY_{name.upper()}"
    told = f"--{name.replace('_', '-')} ({variable})" if name in _OPTIONS else variable
    return f"{told}: {plain}"
