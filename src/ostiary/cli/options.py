"""Options that many commands share, and the settings that come of them.

An option that was given wins over the environment, the environment over the default. Everything
goes through ``Settings``, so a wrong value is refused in the same words wherever it stood.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final

from cyclopts import Parameter, validators

from ostiary.cli.problems import Misused, nearest
from ostiary.settings import ClockKind, Settings

JSON: Final = Parameter(
    name="--json", negative="", show_default=False, help="Print JSON, for scripts."
)


@Parameter(name="*", group="Where")
@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Which deployment a command is about, and how it prints."""

    data_dir: Annotated[
        Path | None,
        Parameter(
            env_var="OSTIARY_DATA_DIR",
            help="Where the embedded database, keys and certificates are (ostiary-data).",
        ),
    ] = None
    database_url: Annotated[
        str | None,
        Parameter(
            env_var="OSTIARY_DATABASE_URL",
            show_env_var=True,
            help="postgresql://user@host/name, or sqlite:///path. Default: SQLite in the data dir.",
        ),
    ] = None
    as_json: Annotated[bool, JSON] = False

    def settings(self, **more: Any) -> Settings:
        """Give the settings in force; ``more`` are further options, None where not given.

        :raises Misused: an environment variable names no setting.
        :raises pydantic.ValidationError: a value is wrong.
        """
        check_environment()
        given = {"data_dir": self.data_dir, "database_url": self.database_url, **more}
        return Settings(**{name: value for name, value in given.items() if value is not None})


Limit = Annotated[
    int,
    Parameter(
        validator=validators.Number(gte=1, lte=1_000_000),
        help="How many at most, the newest first.",
    ),
]

HERE: Final = Place()
"""Nothing given: what the environment says, or the defaults."""

ClockOption = Annotated[
    ClockKind | None,
    Parameter(
        env_var="OSTIARY_CLOCK",
        help="real, or simulated: an instant that stands still until it is moved.",
    ),
]


def check_environment() -> None:
    """Refuse variables that look like settings and are none, so that no typing error is obeyed.

    :raises Misused: there is one.
    """
    known = {f"OSTIARY_{name.upper()}" for name in Settings.model_fields}
    for name in sorted(os.environ):
        if name.startswith("OSTIARY_") and name not in known:
            hint = nearest(name, sorted(known))
            raise Misused(f"{name} is no setting.{hint} Rename or unset it.")
