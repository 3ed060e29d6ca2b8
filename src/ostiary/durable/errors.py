"""What can go wrong with durable work, and how an error is put into words that may be stored."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Final

_LONGEST: Final = 300
_SECRET: Final = re.compile(
    r"(?i)\b(bearer|pop|basic)\s+\S+"  # credentials of a header
    r"|\beyJ[\w-]+\.[\w-]*(\.[\w-]*)*"  # signed or encrypted tokens
    r"|(?<=://)[^/\s@]+@"  # a password in a URL
    r"|(?<=[?&])[\w-]+=[^&\s]+"  # parameters of a URL: callback addresses are signed by them
)


class Busy(Exception):
    """Too many requests are waiting for their commit; ``retry_after`` says when to come again."""

    def __init__(self, retry_after: timedelta) -> None:
        super().__init__(f"Too many requests are waiting. Retry after {retry_after}.")
        self.retry_after = retry_after

    @property
    def seconds(self) -> int:
        """In how many seconds to come again: whole ones, as ``Retry-After`` wants them."""
        return max(1, round(self.retry_after.total_seconds()))


class Unfinished(Exception):
    """A handler ended well and left this item without an outcome."""


def describe(error: BaseException) -> str:
    """Put an error into one short line that a person can read and that holds no credentials."""
    first_line = str(error).strip().partition("\n")[0]
    safe = _SECRET.sub("…", "".join(c if c.isprintable() else " " for c in first_line))
    name = type(error).__name__
    return (f"{name}: {safe}" if safe else name)[:_LONGEST]
