"""The outbound call: one POST, bounded in time and size, repeated where it may help.

Nothing of the reply to a callout leaves this module but its status, a short word for what went
wrong, and the endpoint's own name for the call, unless the reply is the answer or somebody asks for
it. The authorization header is kept as a fingerprint only.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Protocol

import aiohttp
from yarl import URL

from ostiary.durable.clock import Clock
from ostiary.extensions import metrics
from ostiary.extensions.calls import Attempt, CallResult, Outgoing
from ostiary.extensions.egress import EgressPolicy, Forbidden, check_url
from ostiary.extensions.limits import Limits
from ostiary.extensions.replies import (
    is_worth_repeating,
    label_of_error,
    label_of_status,
    pause_before_repeating,
    pause_of_all,
)
from ostiary.extensions.resolver import Lookup, PinnedResolver
from ostiary.extensions.signing import CONTENT_TYPE, Authorization, Signer
from ostiary.extensions.targets import Target
from ostiary.identity.tls import trusting

LARGEST_REPLY = 64 * 1024
LARGEST_KEPT = 4 * 1024 * 1024
"""The largest body of a reply that somebody asked for."""
KEPT_ALIVE = 4.0
"""Shorter than the five seconds after which common servers close an idle connection."""


@dataclass(frozen=True, slots=True)
class _Reply:
    status: int | None = None
    label: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


class HeldBack(Exception):
    """The call was not made, or not once more after ``attempts``; it is to be made later."""

    def __init__(self, attempts: Sequence[Attempt] = ()) -> None:
        super().__init__(f"held back after {len(attempts)} attempts")
        self.attempts = tuple(attempts)


class Watch(Protocol):
    """What accompanies one call."""

    def begins(self) -> bool:
        """Whether the call may be made, asked when there is a place for it."""

    def repeats(self) -> bool:
        """Whether it may be made once more now, asked when there is a place for it again."""

    def heard(self, attempt: Attempt) -> None:
        """Take note of each attempt as soon as it has ended."""


class Caller:
    """Calls endpoints through one pool of connections; ``close`` it at the end.

    ``ca_files`` are trusted beside the system's authorities; verification cannot be switched off.
    """

    def __init__(
        self,
        *,
        signer: Signer,
        egress: EgressPolicy,
        clock: Clock,
        limits: Limits | None = None,
        user_agent: str = "Ostiary",
        ca_files: Sequence[Path] = (),
        lookup: Lookup | None = None,
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._signer = signer
        self._egress = egress
        self._clock = clock
        self._limits = limits or Limits()
        self._user_agent = user_agent
        self._ca_files = ca_files
        self._lookup = lookup
        self._pause = pause
        self._session: aiohttp.ClientSession | None = None

    async def call(self, outgoing: Outgoing, watch: Watch | None = None) -> CallResult:
        """Call the endpoint until it takes the call, refuses it, or the attempts are used up.

        :raises HeldBack: ``watch`` does not let it begin, or be repeated now.
        """
        try:
            target = check_url(outgoing.url, self._egress)
        except Forbidden as error:
            return self._blocked(outgoing, error)
        attempts: list[Attempt] = []
        while True:
            async with self._limits.place(outgoing.extension_id):
                if watch is not None and not (watch.repeats() if attempts else watch.begins()):
                    raise HeldBack(attempts)
                attempt, reply = await self._attempt(outgoing, target)
            attempts.append(attempt)
            if watch is not None:
                watch.heard(attempt)
            again = is_worth_repeating(reply.status, reply.label)
            tried = outgoing.tried + len(attempts)
            if attempt.label is None or not again or tried > outgoing.retries:
                return CallResult(
                    attempts=tuple(attempts),
                    correlation=_correlation(reply),
                    reply=reply.body,
                    tried=outgoing.tried,
                )
            await self._pause(pause_before_repeating(reply.headers))

    async def close(self) -> None:
        """Close the pooled connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def _attempt(self, outgoing: Outgoing, target: Target) -> tuple[Attempt, _Reply]:
        now = self._clock.now()
        authorization = await self._prove(outgoing, target, now)
        started = time.perf_counter()
        reply = await self._post(outgoing, target, authorization)
        seconds = time.perf_counter() - started
        metrics.CALLS.labels(reply.label or "taken").inc()
        metrics.CALL_SECONDS.observe(seconds)
        attempt = Attempt(
            at=now,
            url=target.shown,
            status=reply.status,
            label=reply.label,
            milliseconds=round(seconds * 1000),
            nonce=authorization.nonce if authorization else None,
            fingerprint=authorization.fingerprint if authorization else None,
            retry_after=pause_of_all(reply.status, reply.headers),
        )
        return attempt, reply

    async def _prove(
        self, outgoing: Outgoing, target: Target, now: datetime
    ) -> Authorization | None:
        """Prove one attempt; None: its URL is the proof."""
        if outgoing.credential.profile == "url":
            return None
        return await self._signer.authorize(
            outgoing.credential, target, body=outgoing.body, now=now
        )

    async def _post(
        self, outgoing: Outgoing, target: Target, authorization: Authorization | None
    ) -> _Reply:
        try:
            async with self._pool().post(
                URL(target.url, encoded=True),
                data=outgoing.body,
                headers=_headers(outgoing, authorization),
                allow_redirects=False,
                timeout=aiohttp.ClientTimeout(total=outgoing.timeout.total_seconds()),
            ) as response:
                label = label_of_status(response.status)
                body = b""
                if outgoing.keeps_reply and label is None:
                    body = await _body(response)
                else:
                    await _drain(response)
                return _Reply(response.status, label, response.headers, body)
        except (TimeoutError, aiohttp.ClientError, Forbidden) as error:
            return _Reply(label=label_of_error(error))

    def _pool(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(
                    limit=0,  # ``limits`` bounds the number, outside of the time of a call
                    resolver=PinnedResolver(self._egress, lookup=self._lookup),
                    ssl=trusting(tuple(self._ca_files)),
                    keepalive_timeout=KEPT_ALIVE,
                ),
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,
                trust_env=False,
                headers={"User-Agent": self._user_agent, "Accept-Encoding": "identity"},
            )
        return self._session

    def _blocked(self, outgoing: Outgoing, error: Forbidden) -> CallResult:
        url = outgoing.url.partition("?")[0]
        metrics.CALLS.labels(error.label).inc()
        attempt = Attempt(at=self._clock.now(), url=url, label=error.label)
        return CallResult(attempts=(attempt,), explanation=str(error))


async def _body(response: aiohttp.ClientResponse) -> bytes:
    """Read a reply that is wanted.

    :raises ClientPayloadError: it is too large, or breaks off.
    """
    parts: list[bytes] = []
    left = LARGEST_KEPT
    async for chunk in response.content.iter_chunked(64 * 1024):
        left -= len(chunk)
        if left < 0:
            response.close()
            raise aiohttp.ClientPayloadError("The reply is too large.")
        parts.append(chunk)
    return b"".join(parts)


async def _drain(response: aiohttp.ClientResponse) -> None:
    """Read the reply to its end, so that the connection can be used again, within bounds.

    The status has arrived and stands, whatever becomes of the body.
    """
    left = LARGEST_REPLY
    try:
        async for chunk in response.content.iter_chunked(16 * 1024):
            left -= len(chunk)
            if left < 0:
                return
    except (TimeoutError, aiohttp.ClientError):
        response.close()


def _headers(outgoing: Outgoing, authorization: Authorization | None) -> dict[str, str]:
    correlation = outgoing.callout_id
    return {
        **({"Authorization": authorization.header} if authorization else {}),
        "Content-Type": CONTENT_TYPE,
        "client-request-id": correlation,
        "x-ms-client-request-id": correlation,
        "x-ms-correlation-request-id": correlation,
    }


def _correlation(reply: _Reply) -> str | None:
    run = reply.headers.get("x-ms-workflow-run-id", "")
    return run[:200] if run.isprintable() and run else None
