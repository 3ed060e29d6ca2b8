"""An origin elsewhere, as somebody would write one: a real HTTP server on loopback.

It keeps who holds what, and can be told to refuse, to fail, or to be away.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Self

from aiohttp import web

from ostiary.extensions.receiver import Received

SITE = "https://contoso.example/sites/sales"


class LoopbackOrigin:
    """Serves the protocol of resource providers for one site with three roles."""

    def __init__(self) -> None:
        self.holders: set[tuple[str, str]] = set()
        """(role, person) of whoever has been given a role."""
        self.bodies: list[dict[str, Any]] = []
        self.calls: list[Received] = []
        self.refused: set[str] = set()
        """Roles that it will never give or take."""
        self.failing: set[str] = set()
        """Roles that it cannot give or take now."""
        self.status = 200
        self.answer: str | None = None
        """What it answers to a change instead of what is asked for."""
        self.during: Callable[[], Awaitable[None]] | None = None
        """Awaited once before the next change is made."""
        self.gate = asyncio.Event()
        """Changes are made while it is set; ``waiting`` counts those that wait for it."""
        self.gate.set()
        self.waiting = 0
        self.owners: list[str] | None = None
        self.roles = {"3": "Site Owners", "4": "Site Visitors", "5": "Site Members"}

    async def __aenter__(self) -> Self:
        application = web.Application()
        application.router.add_post("/origin", self._handle)
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}/origin"
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._runner.cleanup()

    @property
    def changes(self) -> list[dict[str, Any]]:
        """Everything that it was asked to change."""
        return [change for body in self.bodies for change in body.get("changes", [])]

    async def _handle(self, request: web.Request) -> web.Response:
        self.calls.append(
            Received(
                method=request.method,
                url=f"http://{request.host}{request.raw_path}",
                headers={name.lower(): value for name, value in request.headers.items()},
                body=await request.read(),
            )
        )
        body = await request.json()
        self.bodies.append(body)
        if self.status != 200:
            return web.Response(status=self.status)
        if body["operation"] == "lookUp":
            asked = [one["originId"] for one in body["resources"]]
            return web.json_response({"resources": [self._site() for id in asked if id == SITE]})
        self.waiting += 1
        await self.gate.wait()
        self.waiting -= 1
        if self.during is not None:
            during, self.during = self.during, None
            await during()
        if self.answer is not None:
            return web.Response(text=self.answer)
        return web.json_response({"results": [self._change(one) for one in body["changes"]]})

    def _site(self) -> dict[str, Any]:
        roles = [{"originId": id, "displayName": name} for id, name in self.roles.items()]
        about = {"originId": SITE, "displayName": "Sales site", "resourceType": "Site"}
        return {**about, "url": SITE, "roles": roles, "owners": self.owners}

    def _change(self, change: dict[str, Any]) -> dict[str, Any]:
        role, who = change["role"]["originId"], change["principal"]["id"]
        if role in self.refused:
            return {"id": change["id"], "outcome": "refused", "reason": "That role is frozen."}
        if role in self.failing:
            return {"id": change["id"], "outcome": "retry", "reason": "The site is locked."}
        act = self.holders.add if change["do"] == "give" else self.holders.discard
        act((role, who))
        return {"id": change["id"], "outcome": "done"}
