"""Every setting is in the manual, with the default that it has."""

from __future__ import annotations

import json
from datetime import timedelta
from enum import Enum
from pathlib import Path
from typing import Any, Final

from ostiary.graph.values import write_duration
from ostiary.settings import Settings
from tests.docs.pages import REFERENCE, rows

PAGE: Final = REFERENCE / "settings.md"


def documented() -> dict[str, str]:
    """Give the defaults of the manual by the name of the variable."""
    cells = {row[0].strip("`"): row[1] for row in rows(PAGE) if row[0].startswith("`OSTIARY_")}
    return {name: default.strip("`") for name, default in cells.items()}


def shown(default: Any) -> str:  # of any type
    """Give a default as an operator would write it."""
    match default:
        case None:
            return "unset"
        case Enum():
            return str(default.value)
        case timedelta():
            return write_duration(default)
        case str() | Path():
            return str(default)
        case _:
            return json.dumps(default, separators=(",", ":"))


def test_every_setting_is_documented_with_its_default() -> None:
    declared = {
        f"OSTIARY_{name.upper()}": shown(field.default)
        for name, field in Settings.model_fields.items()
    }

    assert documented() == declared
