"""What the outcome of one attempt means: its short word, and whether another attempt may help."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from email.utils import parsedate_to_datetime

import aiohttp

from ostiary.extensions.egress import Forbidden

LONGEST_PAUSE = 10.0
USUAL_PAUSE = 1.0

_WORTH_REPEATING = frozenset({"connect_failure", "dns_failure", "timeout"})
_ERRORS: tuple[tuple[type[BaseException] | tuple[type[BaseException], ...], str], ...] = (
    (asyncio.TimeoutError, "timeout"),
    (aiohttp.ClientConnectorDNSError, "dns_failure"),
    (aiohttp.ClientSSLError, "tls_failure"),
    ((aiohttp.ClientOSError, aiohttp.ServerDisconnectedError), "connect_failure"),
    (aiohttp.ClientError, "protocol_failure"),
)
"""Short words for errors, the special before the general."""


def label_of_error(error: BaseException) -> str:
    """Give the short word for an error of the network."""
    if isinstance(error, Forbidden):
        return error.label
    return next(label for kind, label in _ERRORS if isinstance(error, kind))


def label_of_status(status: int) -> str | None:
    """Give the short word for a status that is no success (any 2xx is one)."""
    return None if 200 <= status < 300 else f"http_{status // 100}xx"


def is_worth_repeating(status: int | None, label: str | None) -> bool:
    """Whether another attempt may go better: connection failures, time-outs, 408, 429 and 5xx."""
    if status is None:
        return label in _WORTH_REPEATING
    return status in (408, 429) or status >= 500


def pause_before_repeating(headers: Mapping[str, str]) -> float:
    """Give the seconds to wait: what ``Retry-After`` asks for, at most ten."""
    wanted = _retry_after(headers)
    return USUAL_PAUSE if wanted is None else min(wanted, LONGEST_PAUSE)


def pause_of_all(status: int | None, headers: Mapping[str, str]) -> float | None:
    """Give the seconds for which an endpoint wants no calls at all: it says so of a 429 or 503."""
    return _retry_after(headers) if status in (429, 503) else None


def _retry_after(headers: Mapping[str, str]) -> float | None:
    """Read ``Retry-After``.

    A date is read against the reply's own ``Date``, so that the endpoint's clock alone counts.
    """
    wanted = headers.get("Retry-After", "").strip()
    if re.fullmatch(r"\d{1,9}", wanted):
        return float(wanted)
    try:
        until = parsedate_to_datetime(wanted) - parsedate_to_datetime(headers["Date"])
    except (KeyError, TypeError, ValueError):
        return None
    return max(until.total_seconds(), 0.0)
