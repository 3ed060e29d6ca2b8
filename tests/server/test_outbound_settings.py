"""What callouts may reach and trust is read at start, and a mistake in it is told then."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ostiary.identity.issuers import ConfigurationError
from ostiary.server.composition import opened
from ostiary.settings import Settings


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"egress_allowances": ["runner"]}, "http://runner:7071=172.16.0.0/12"),
        ({"egress_allowances": ["http://runner:7071=172.16.0.0/99"]}, "OSTIARY_EGRESS_ALLOWANCES"),
        ({"trusted_certificates": ["missing.pem"]}, "missing.pem is no PEM file"),
        ({"trusted_certificates": [__file__]}, "OSTIARY_TRUSTED_CERTIFICATES"),
    ],
)
async def test_a_mistake_stops_the_start(
    tmp_path: Path, settings: dict[str, Any], said: str
) -> None:
    wrong = Settings(data_dir=tmp_path, **settings)

    with pytest.raises(ConfigurationError) as refused:
        async with opened(wrong, base_urls=["http://localhost"]):
            pytest.fail("it started")

    assert said in str(refused.value)
