"""``ostiary demo``."""

from __future__ import annotations

EXAMPLES = ""


def demo() -> None:
    """Watch."""
