"""The units of the guide are what systemd understands, and its settings what Ostiary does."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from ostiary.settings import Settings
from tests.docs.pages import DOCS, examples

PAGE: Final = DOCS / "how-to" / "install-as-a-service.md"
_PLACE: Final = re.compile(r"# /etc/systemd/system/(?P<name>\S+)\n")
_ANALYZE: Final = shutil.which("systemd-analyze")


def units() -> dict[str, str]:
    """Give the unit files of the guide by their name."""
    found = ((_PLACE.match(one.text), one.text) for one in examples(PAGE))
    return {match["name"]: text for match, text in found if match is not None}


@pytest.mark.skipif(_ANALYZE is None, reason="there is no systemd")
def test_systemd_understands_every_unit(tmp_path: Path) -> None:
    assert _ANALYZE is not None
    program = str(Path(sys.executable).with_name("ostiary"))
    for name, text in units().items():
        known = text.replace("/opt/ostiary/bin/ostiary", program).replace(
            "User=ostiary", "User=root"
        )
        known = known.replace("Group=ostiary", "Group=root")
        (tmp_path / name).write_text(known)

    checked = subprocess.run(
        [_ANALYZE, "verify", "--man=no", *(tmp_path / name for name in units())],
        capture_output=True,
        text=True,
    )

    ours = [line for line in checked.stderr.splitlines() if "ostiary" in line]
    assert ours == []
    assert len(units()) == 3


def test_the_settings_are_those_of_a_production_server(monkeypatch: pytest.MonkeyPatch) -> None:
    (text,) = (one.text for one in examples(PAGE) if one.text.startswith("OSTIARY_DATA_DIR"))
    for line in text.splitlines():
        name, _, value = line.partition("=")
        monkeypatch.setenv(name, value.strip("'"))

    settings = Settings()

    assert settings.on_loopback is False
    assert not settings.issues_tokens
    assert not settings.loopback_targets
    assert settings.domains == ["example.org"]
