"""The smallest ASGI server: a path of an action and an id, a status, and perhaps a body.

The yardstick and every rival stand behind it, so that only what is behind it differs.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import uvicorn

Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]
Answer = Callable[[str, str], Awaitable[tuple[int, bytes]]]
"""Gives the status and the body for an action and an id."""


class Application:
    """Answers ``/{action}/{id}``."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return
        while (await receive()).get("more_body"):
            pass
        action, _, id_ = scope["path"].strip("/").partition("/")
        status, body = await self._answer(action, id_)
        await send({"type": "http.response.start", "status": status, "headers": []})
        await send({"type": "http.response.body", "body": body})


async def serve(answer: Answer, port: int) -> None:
    """Serve until stopped."""
    config = uvicorn.Config(
        Application(answer), port=port, log_level="error", access_log=False, lifespan="off"
    )
    await uvicorn.Server(config).serve()
