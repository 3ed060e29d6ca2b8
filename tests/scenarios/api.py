"""A caller of the API over HTTP: what it sends, what it expects, and the errors that it gets."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import httpx

Json = dict[str, Any]  # whatever JSON can hold


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """An error as its reply tells it."""

    status: int
    code: str
    message: str
    target: str | None


@dataclass(frozen=True, slots=True)
class Api:
    """Somebody with a token; ``token`` gives one that is valid now."""

    http: httpx.AsyncClient
    token: Callable[[], str]

    async def send(
        self, method: str, path: str, body: Any = None, *, content: bytes | None = None
    ) -> httpx.Response:
        """Send a request with a JSON body, or with these bytes as one; give any reply."""
        headers = {"Authorization": f"Bearer {self.token()}"}
        if content is not None:
            headers["Content-Type"] = "application/json"
            return await self.http.request(method, path, content=content, headers=headers)
        return await self.http.request(method, path, json=body, headers=headers)

    async def call(self, method: str, path: str, body: Any = None, *, status: int) -> Any:
        """Send a request and make sure of the status; give the body of the reply."""
        reply = await self.send(method, path, body)
        assert reply.status_code == status, f"{method} {path}: {reply.status_code} {reply.text}"
        return reply.json() if reply.content else None

    async def get(self, path: str) -> Any:
        """GET an object."""
        return await self.call("GET", path, status=200)

    async def values(self, path: str) -> list[Any]:
        """GET a collection."""
        found: list[Any] = (await self.get(path))["value"]
        return found

    async def post(self, path: str, body: Any, *, status: int = 201) -> Any:
        """POST a body."""
        return await self.call("POST", path, body, status=status)

    async def refused(
        self, path: str, body: Any = None, *, status: int = 400, content: bytes | None = None
    ) -> Refusal:
        """POST what is refused with this status; give the error."""
        reply = await self.send("POST", path, body, content=content)
        assert reply.status_code == status, f"POST {path}: {reply.status_code} {reply.text}"
        return refusal(reply)


def refusal(reply: httpx.Response) -> Refusal:
    """Read an error, and make sure that it has the one shape: code, message and the two ids."""
    whole = reply.json()
    error = whole["error"]
    assert set(whole) == {"error"}
    assert set(error) - {"target"} == {"code", "message", "innerError"}
    assert error["code"]
    assert error["message"].strip()
    assert error["innerError"]["request-id"] == reply.headers["request-id"]
    assert error["innerError"]["client-request-id"]
    return Refusal(
        status=reply.status_code,
        code=error["code"],
        message=error["message"],
        target=error.get("target"),
    )
