"""The load: people who ask, workflows that run, and the endpoint that takes calls and answers them.

Everybody is honest and impatient, as in the simulation: without a final reply they repeat what they
sent, at another server. What they were told with a 2xx is noted.
"""

from __future__ import annotations

import asyncio
import json
from base64 import urlsafe_b64decode
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from random import Random
from typing import Any, Final

import aiohttp
from aiohttp import web

from tests.faults.machines import Machine
from tests.faults.places import ENTITLEMENT, LIFECYCLE, Places
from tests.scenarios.bodies import GRANTED
from tests.simulation.actors import Told, about, answer

PATIENCE: Final = 40.0
"""Seconds in which a node that lives has to answer, whatever fails around it."""
_REPLY: Final = aiohttp.ClientTimeout(total=PATIENCE)
_VERDICTS: Final = ("yes", "yes", "yes", "yes", "no")


@dataclass
class Load:
    """What is sent and what comes back; ``calls`` is what the endpoint has received."""

    http: aiohttp.ClientSession
    servers: Sequence[Machine]
    token: Callable[[], str]
    random: Random
    places: Places
    told: Told = field(default_factory=Told)
    calls: list[Mapping[str, Any]] = field(default_factory=list)
    surprises: list[str] = field(default_factory=list)
    """Replies that no caller should ever get."""
    refusals: list[tuple[str, str]] = field(default_factory=list)
    """Callouts whose answer was refused, and how."""
    signers: set[str] = field(default_factory=set)
    """The ids of the keys that calls were signed with."""
    replies: Counter[str] = field(default_factory=Counter)
    slowest: float = 0.0
    """Seconds that the slowest reply took."""
    _answers: set[asyncio.Task[None]] = field(default_factory=set)

    async def run(self, *, seconds: float, at_a_time: int) -> None:
        """Tell stories for so long, so many at the same time."""
        end = asyncio.get_running_loop().time() + seconds

        async def stories() -> None:
            while asyncio.get_running_loop().time() < end and self.places.people:
                await self._story(self.places.people.pop())

        async with asyncio.TaskGroup() as group:
            for _ in range(at_a_time):
                group.create_task(stories())

    async def answered(self) -> None:
        """Wait until the endpoint has given all its answers."""
        while self._answers:
            await asyncio.wait(self._answers)

    async def take(self, request: web.Request) -> web.Response:
        """Take a callout, now or in a moment; it is answered before, meanwhile, or later."""
        body = await request.json()
        self.calls.append(body)
        self.signers.add(_signer(request.headers["Authorization"]))
        is_awaited = body.get("Stage") != GRANTED
        for _ in range(self.random.choice([1, 1, 1, 1, 2]) if is_awaited else 0):
            verdict = self._verdict(body)
            after = self.random.choice([0.0, 0.0, 0.05, 0.3, 1.5])
            task = asyncio.create_task(self._answer(body, verdict, after))
            self._answers.add(task)
            task.add_done_callback(self._answers.discard)
        await asyncio.sleep(self.random.choice([0.0, 0.0, 0.02, 0.2]))
        return web.Response(status=202)

    def _verdict(self, body: Mapping[str, Any]) -> str:
        """Decide by what the call is about, so that each repeat is answered alike."""
        return Random(about(body)[0]).choice(_VERDICTS)

    async def _story(self, person: str) -> None:
        if self.random.random() < 0.25:
            body: Any = {"subjects": [{"id": person}]}
            path = f"{LIFECYCLE}/workflows/{self.places.workflow}/activate"
            if await self._insists(path, body, person) is not None:
                self.told.runs += 1
            return
        offer = self.random.choice(self.places.offers)
        assignment = {
            "targetId": person,
            "assignmentPolicyId": offer.policy,
            "accessPackageId": offer.package,
        }
        body = {"requestType": "adminAdd", "assignment": assignment}
        made = await self._insists(f"{ENTITLEMENT}/assignmentRequests", body, person)
        if made is not None:
            self.told.requests[made["id"]] = offer

    async def _answer(self, body: Mapping[str, Any], verdict: str, after: float) -> None:
        await asyncio.sleep(after)
        callout, path = about(body)
        if await self._insists(path, answer(body, verdict), callout, is_answer=True) is not None:
            self.told.answers.append((callout, verdict))

    async def _insists(
        self, path: str, body: Any, subject: str, *, is_answer: bool = False
    ) -> dict[str, Any] | None:
        """POST until somebody says something final; give the reply to what was accepted."""
        attempt = 0
        while True:
            attempt += 1
            status, reply, waits = await self._post(path, body)
            self.replies[str(status) if status else "none"] += 1
            if status in (201, 204):
                return reply
            if status not in (None, 429, 503):
                self._refused(path, status, reply, subject, attempt, is_answer=is_answer)
                return None
            if status == 503 and waits is None:
                self.surprises.append(f"{path}: 503 without Retry-After")
            await asyncio.sleep(0.05 + self.random.random() * 0.4)

    async def _post(self, path: str, body: Any) -> tuple[int | None, dict[str, Any], str | None]:
        server = self.random.choice(self.servers)
        headers = {"Authorization": f"Bearer {self.token()}"}
        clock = asyncio.get_running_loop()
        began = clock.time()
        try:
            async with self.http.post(
                server.url + path, json=body, headers=headers, timeout=_REPLY
            ) as reply:
                found = await reply.json() if reply.status != 204 else {}
                self.slowest = max(self.slowest, clock.time() - began)
                return reply.status, found, reply.headers.get("Retry-After")
        except TimeoutError:
            self.surprises.append(f"{server.name} gave no answer in {PATIENCE:.0f} s to {path}")
            return None, {}, None
        except (aiohttp.ClientError, OSError):
            return None, {}, None

    def _refused(
        self,
        path: str,
        status: int | None,
        reply: Mapping[str, Any],
        subject: str,
        attempt: int,
        *,
        is_answer: bool,
    ) -> None:
        """Judge a refusal: nobody sends anything wrong, but a repeat can find what it asked for."""
        error = reply.get("error", {})
        told = f"{status} {error.get('code')}: {error.get('message')}"
        if is_answer and status is not None and status < 500:
            self.refusals.append((subject, told))  # right if the call had failed; the proof looks
        elif attempt == 1 or status is None or status >= 500:
            self.surprises.append(f"{path} of {subject} (attempt {attempt}): {told}")
        else:
            self.replies[f"{status} to a repeat"] += 1


def _signer(authorization: str) -> str:
    """Give the id of the key that signed the access token inside of a proof of possession."""
    claims = _part(authorization.split()[1].split(".")[1])
    return str(_part(claims["at"].split(".")[0])["kid"])


def _part(text: str) -> dict[str, Any]:
    return dict(json.loads(urlsafe_b64decode(text + "=" * (-len(text) % 4))))


@asynccontextmanager
async def listening(load: Load, port: int) -> AsyncIterator[None]:
    """Let the endpoint listen."""
    application = web.Application()
    application.router.add_post("/hook", load.take)
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    try:
        yield
    finally:
        await runner.cleanup()
