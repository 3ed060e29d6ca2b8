"""What goes wrong on the command line, as one line that says what to do next, and an exit code.

0: done. 1: it failed. 2: the command was misused (an option, a setting, a name that is none).
"""

from __future__ import annotations

from difflib import get_close_matches
from typing import Final

from cyclopts import CycloptsError
from pydantic import ValidationError
from pydantic_settings import SettingsError

from ostiary.durable.errors import describe
from ostiary.entitlement.providers.settings import ProviderError
from ostiary.graph.errors import DomainError
from ostiary.identity.issuer_errors import TokenError
from ostiary.identity.issuers import ConfigurationError
from ostiary.identity.key_files import BadKey
from ostiary.storage.failures import DatabaseUnavailable
from ostiary.storage.migrator import SchemaTooNew
from ostiary.storage.names import NameTaken

FAILED: Final = 1
MISUSED: Final = 2


class Failed(Exception):
    """The command could not do what was asked; the message says why and what to do next."""


class Misused(Exception):
    """The command was asked for something that makes no sense; the message says what would."""


_EXPECTED: Final = (
    Failed,
    BadKey,
    ConfigurationError,
    DatabaseUnavailable,
    DomainError,
    NameTaken,
    ProviderError,
    SchemaTooNew,
    TokenError,
    OSError,
)
"""What is a fact of the outside rather than a defect: told in a line, without a traceback."""


def told(error: BaseException) -> tuple[int, str] | None:
    """Give the exit code and the line for an error; None for a defect, which needs a traceback."""
    match error:
        case CycloptsError():
            return MISUSED, f"{error} See --help."
        case Misused():
            return MISUSED, str(error)
        case ValidationError() | SettingsError():
            return MISUSED, settings_problem(error)
        case KeyboardInterrupt():
            return FAILED, "Stopped."
        case DatabaseUnavailable():
            return FAILED, f"{describe(error)} Check OSTIARY_DATABASE_URL or --database-url."
        case OSError():
            return FAILED, str(error)
    return (FAILED, str(error)) if isinstance(error, _EXPECTED) else None


def settings_problem(error: ValidationError | SettingsError) -> str:
    """Say which settings are wrong, by both of their names, and what would be right."""
    if isinstance(error, SettingsError):
        return f"A setting cannot be read: {error}. Lists and mappings are written as JSON."
    lines = [_setting_line(detail["loc"], detail["msg"]) for detail in error.errors()]
    return "\n".join(lines)


def nearest(name: str, known: list[str]) -> str:
    """Give `` Did you mean …?`` for a misspelled name, or nothing."""
    by_lower = {one.lower(): one for one in known}
    found = get_close_matches(name.lower(), list(by_lower), n=1)
    return f" Did you mean {by_lower[found[0]]}?" if found else ""


def _setting_line(where: tuple[int | str, ...], message: str) -> str:
    plain = message.removeprefix("Value error, ")
    if not where:
        return plain[:1].upper() + plain[1:]
    name = str(where[0])
    return f"--{name.replace('_', '-')} (OSTIARY_{name.upper()}): {plain}"
