"""Every setting is in the manual, with the default that it has."""

from __future__ import annotations

import json
import re
from dataclasses import fields
from datetime import timedelta
from enum import Enum
from pathlib import Path
from typing import Any, Final

import pytest

from ostiary.graph.values import write_duration
from ostiary.identity.issuers import ClaimMap, IssuerSettings
from ostiary.settings import Settings
from tests.docs.pages import DOCS, REFERENCE, ROOT, pages, rows

PAGE: Final = REFERENCE / "settings.md"
ISSUERS: Final = DOCS / "how-to" / "trust-your-own-issuer.md"
VARIABLES: Final = {f"OSTIARY_{name.upper()}" for name in Settings.model_fields}


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


@pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_every_variable_that_a_page_names_is_a_setting(page: Path) -> None:
    named = set(re.findall(r"\bOSTIARY_[A-Z_]*[A-Z]\b(?!_…)", page.read_text()))

    assert named <= VARIABLES


def test_every_member_of_a_trusted_issuer_is_documented() -> None:
    named = {row[0].strip("`") for row in rows(ISSUERS)}

    assert {field.name for cls in (IssuerSettings, ClaimMap) for field in fields(cls)} <= named
