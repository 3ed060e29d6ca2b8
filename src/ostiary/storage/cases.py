"""Letter case where only A to Z count, whatever a locale says of other letters."""

from __future__ import annotations

import string
from typing import Final

_ENGLISH: Final = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)


def fold(text: str) -> str:
    """Make the letters A to Z small, and no others."""
    return text.translate(_ENGLISH)
