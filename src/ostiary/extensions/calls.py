"""What goes out, and what is kept of how it went."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from ostiary.extensions.credentials import Credential

_WORDS = {
    "blocked_address": "its address may not be called",
    "blocked_url": "its URL may not be called",
    "connect_failure": "no connection could be made, or it broke",
    "dns_failure": "its name could not be resolved",
    "http_3xx": "it answered with a redirect, which is not followed",
    "http_4xx": "it answered with a client error",
    "http_5xx": "it answered with a server error",
    "protocol_failure": "it did not speak HTTP",
    "timeout": "it did not answer in time",
    "tls_failure": "TLS could not be agreed on, or its certificate is not trusted",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """One callout as it is to be sent; every attempt sends the same bytes."""

    callout_id: str
    extension_id: str
    url: str
    body: bytes
    credential: Credential
    timeout: timedelta
    retries: int
    tried: int = 0
    """Attempts of the same call that were made before it was given back; retries count them."""
    keeps_reply: bool = False
    """Whether the body of the reply is wanted: it is the answer, or somebody tries the endpoint."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One attempt; its authorization header is kept as a fingerprint only."""

    at: datetime
    url: str
    """Without its query."""
    status: int | None = None
    label: str | None
    """What went wrong; ``None``: the endpoint took the call."""
    milliseconds: int = 0
    nonce: str | None = None
    fingerprint: str | None = None
    retry_after: float | None = None
    """Seconds for which the endpoint wants no calls: ``Retry-After`` of a 429 or 503."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallResult:
    """How a call went, after all its attempts."""

    attempts: tuple[Attempt, ...]
    correlation: str | None = None
    """The endpoint's name for the call: ``x-ms-workflow-run-id``."""
    explanation: str | None = None
    """Why it was not even tried."""
    reply: bytes = b""
    """The body of the reply, where it was wanted."""
    tried: int = 0
    """How many attempts had been made before these."""

    @property
    def label(self) -> str | None:
        """What went wrong in the end; ``None``: the endpoint took the call."""
        return self.attempts[-1].label

    @property
    def reason(self) -> str:
        """Say why the endpoint did not take the call; of its reply the status and nothing else."""
        last, number = self.attempts[-1], self.tried + len(self.attempts)
        why = self.explanation or _WORDS.get(last.label or "", "it did not take the call")
        told = [last.label or "", f"{number} attempts" if number > 1 else "1 attempt"]
        if last.status is not None:
            told.insert(1, f"status {last.status}")
        return f"The endpoint {last.url} could not be called: {why} ({', '.join(told)})."
