"""Splits the tables of a database as the manual says."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import asyncpg

SPLIT: Final = ("work", "callouts", "callout_attempts", "audit_records")
"""The tables that are split."""

_SCRIPT: Final = Path(__file__).parents[2] / "docs" / "how-to" / "partition-a-database.sql"


async def split(url: str) -> None:
    """Run the manual's script."""
    connection = await asyncpg.connect(url)
    try:
        async with connection.transaction():
            await connection.execute(_SCRIPT.read_text())
    finally:
        await connection.close()
