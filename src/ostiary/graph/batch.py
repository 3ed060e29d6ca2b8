"""``$batch``: up to twenty requests in one, each authorised and answered as itself.

Independent requests run side by side; one that depends on others waits for them and fails with 424
when any of them failed. Clients spell the envelope in several ways, and all of them are read.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, urlsplit

import msgspec

from ostiary.graph.call import new_request_id
from ostiary.graph.errors import BadRequest, FailedDependency
from ostiary.graph.incoming import METHODS, Incoming, split_version
from ostiary.graph.reading import parse_json
from ostiary.graph.replies import JSON_TYPE, TEXT_TYPE, Reply, error_reply

LIMIT = 20

_OF_THE_ENVELOPE = frozenset(
    {"accept", "accept-encoding", "content-encoding", "content-length", "content-type"}
    | {"if-match", "if-none-match", "prefer", "transfer-encoding"}
)
"""Headers that describe the batch itself; its requests inherit the others."""

Answer = Callable[[Incoming], Awaitable[Reply]]


@dataclass(frozen=True, slots=True)
class Item:
    """One request of a batch."""

    id: str
    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes
    depends_on: tuple[str, ...]


def read(outer: Incoming) -> list[Item]:
    """Read a batch, each request behind those that it depends on.

    :raises BadRequest: the envelope is malformed, too long, or its dependencies do not add up.
    """
    version, _ = split_version(outer.path)
    return _in_order(read_items(parse_json(outer.body), f"{outer.base_url}/", version.value))


async def run(items: list[Item], outer: Incoming, answer: Answer) -> Reply:
    """Carry out a batch and give all its replies; the batch itself always succeeds."""
    tasks: dict[str, asyncio.Task[Reply]] = {}
    async with asyncio.TaskGroup() as group:
        for item in items:
            needed = [tasks[name.lower()] for name in item.depends_on]
            tasks[item.id.lower()] = group.create_task(_one(item, needed, outer, answer))
    responses = [_response(item.id, tasks[item.id.lower()].result()) for item in items]
    return Reply(200, {"responses": responses})


async def _one(
    item: Item, needed: list[asyncio.Task[Reply]], outer: Incoming, answer: Answer
) -> Reply:
    for task in needed:
        if (await task).status >= 400:
            now = datetime.now(UTC)
            return error_reply(FailedDependency(), new_request_id(), outer.client_id, now=now)
    path, _, query = item.url.partition("?")
    inherited = {n: v for n, v in outer.headers.items() if n not in _OF_THE_ENVELOPE}
    own = {n: v for n, v in item.headers.items() if n != "authorization"}
    incoming = Incoming(
        method=item.method,
        path=path,
        query=query,
        headers={**inherited, **own},
        body=item.body,
        base_url=outer.base_url,
        request_id=new_request_id(),
    )
    return await answer(incoming)


def read_items(envelope: Any, origin: str, version: str) -> list[Item]:
    """Read the requests of a batch.

    :raises BadRequest: the envelope is malformed; the message says where.
    """
    requests = envelope.get("requests") if isinstance(envelope, dict) else None
    if not isinstance(requests, list):
        raise BadRequest('A batch is {"requests": [...]}.', target="requests")
    if len(requests) > LIMIT:
        raise BadRequest(f"A batch holds at most {LIMIT} requests, not {len(requests)}.")
    items = [_item(raw, at, origin, version) for at, raw in enumerate(requests)]
    ids = [item.id.lower() for item in items]
    for item in items:
        if ids.count(item.id.lower()) > 1:
            raise BadRequest(f"The id '{item.id}' is given to more than one request.", target="id")
        for name in item.depends_on:
            if name.lower() not in ids:
                raise BadRequest(f"Request '{item.id}' depends on '{name}', which is not there.")
    return items


def _item(raw: Any, at: int, origin: str, version: str) -> Item:
    if not isinstance(raw, dict):
        raise BadRequest(f"Request {at + 1} of the batch is no object.", target="requests")
    values = {name.lower().replace("_", ""): value for name, value in raw.items()}
    for name in ("id", "method", "url"):
        if not isinstance(values.get(name), str) or not values[name]:
            raise BadRequest(f"Request {at + 1} of the batch lacks its '{name}'.", target=name)
    method = values["method"].upper()
    if method not in METHODS:
        raise BadRequest(f"'{method[:20]}' is no method of a request.", target="method")
    headers = _item_headers(values.get("headers") or {}, values["id"])
    return Item(
        id=values["id"],
        method=method,
        url=_local_url(values["url"], origin, version),
        headers=headers,
        body=_content(values.get("body"), headers, values["id"]),
        depends_on=tuple(str(name) for name in values.get("dependson") or ()),
    )


def _item_headers(given: Any, name: str) -> dict[str, str]:
    if not isinstance(given, dict):
        raise BadRequest(f"The headers of request '{name}' are no object.", target="headers")
    return {str(header).lower(): str(value) for header, value in given.items()}


def _local_url(url: str, origin: str, version: str) -> str:
    """Give path and query below the host, version included, still encoded.

    :raises BadRequest: the URL leads elsewhere, to another version, or to a batch.
    """
    if "://" in url.partition("?")[0]:
        own, given = urlsplit(origin), urlsplit(url)
        if (own.scheme, own.netloc) != (given.scheme, given.netloc):
            raise BadRequest(
                f"A batch reaches this server only, not '{given.netloc}'.", target="url"
            )
        url = url[len(f"{given.scheme}://{given.netloc}") :]
    path, _, query = quote(url, safe="/?&=$%'(),:;@!*+~-._").lstrip("/").partition("?")
    first, _, rest = path.partition("/")
    if first.lower() in ("v1.0", "beta"):
        if first.lower() != version:
            raise BadRequest(
                f"A batch below /{version} holds requests below it only.", target="url"
            )
        path = rest
    if path.strip("/").lower() == "$batch":
        raise BadRequest("A batch cannot hold a batch.", target="url")
    return f"/{version}/{path}" + (f"?{query}" if query else "")


def _content(body: Any, headers: Mapping[str, str], name: str) -> bytes:
    if body is None:
        return b""
    declared = headers.get("content-type")
    if declared is None:
        raise BadRequest(
            f"Request '{name}' has a body: its headers must hold the Content-Type.",
            target="headers",
        )
    if isinstance(body, str) and "json" not in declared.lower():
        try:
            return base64.urlsafe_b64decode(body + "=" * (-len(body) % 4))
        except (binascii.Error, ValueError):
            raise BadRequest(
                f"The body of request '{name}' is not base64.", target="body"
            ) from None
    return msgspec.json.encode(body)


def _in_order(items: list[Item]) -> list[Item]:
    """Put each request behind those that it depends on.

    :raises BadRequest: two wait for each other.
    """
    ordered: list[Item] = []
    waiting = list(items)
    while waiting:
        done = {item.id.lower() for item in ordered}
        free = [i for i in waiting if all(name.lower() in done for name in i.depends_on)]
        if not free:
            raise BadRequest("The requests of the batch depend on each other in a circle.")
        ordered += free
        waiting = [item for item in waiting if item not in free]
    return ordered


def _response(name: str, reply: Reply) -> dict[str, Any]:
    headers = dict(reply.headers)
    response: dict[str, Any] = {"id": name, "status": reply.status, "headers": headers}
    if reply.json is not None:
        headers.setdefault("Content-Type", JSON_TYPE)
        response["body"] = reply.json
    elif reply.text is not None:
        headers.setdefault("Content-Type", TEXT_TYPE)
        response["body"] = base64.b64encode(reply.text.encode()).decode()
    return response
