"""What becomes of each callout that is due to be sent: a call, a failure, or nothing.

All that a batch needs is loaded together: extensions, URLs, and one call to each owner.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.extensions import extension_store, registry
from ostiary.extensions.callouts import Callout
from ostiary.extensions.calls import Outgoing
from ostiary.extensions.credentials import credential
from ostiary.extensions.endpoints import unresolved
from ostiary.extensions.extensions import Extension
from ostiary.extensions.owners import Owners


@dataclass(frozen=True, slots=True)
class Send:
    """Call the endpoint."""

    outgoing: Outgoing


@dataclass(frozen=True, slots=True)
class Fail:
    """The callout cannot be sent, and why."""

    reason: str


@dataclass(frozen=True, slots=True)
class Drop:
    """The owner is gone."""


Plan = Send | Fail | Drop


@dataclass(frozen=True, slots=True, kw_only=True)
class Addresses:
    """What the server is called from outside, and where Logic Apps are that nobody registered."""

    base_url: str
    logic_app_template: str | None = None


async def plan(
    conn: AsyncConnection, owners: Owners, callouts: Sequence[Callout], *, addresses: Addresses
) -> dict[str, Plan]:
    """Say what to do with each callout, by id."""
    extensions = await extension_store.read(conn, {c.extension_id for c in callouts})
    urls = await _urls(conn, extensions, addresses)
    bodies = await _bodies(conn, owners, callouts, addresses)
    return {
        c.id: _plan(
            c,
            extensions.get(c.extension_id),
            url=urls.get(c.extension_id),
            body=bodies.get(c.id),
            app_id=owners[c.owner_kind].app_id,
        )
        for c in callouts
    }


async def _urls(
    conn: AsyncConnection, extensions: Mapping[str, Extension], addresses: Addresses
) -> dict[str, str | None]:
    endpoints = [extension.endpoint for extension in extensions.values()]
    template = addresses.logic_app_template
    urls = await registry.resolved(conn, endpoints, template=template)
    return dict(zip(extensions, urls, strict=True))


async def _bodies(
    conn: AsyncConnection, owners: Owners, callouts: Sequence[Callout], addresses: Addresses
) -> dict[str, Mapping[str, Any]]:
    bodies: dict[str, Mapping[str, Any]] = {}
    for owner, own in owners.split(callouts):
        bodies |= await owner.payloads(conn, own, base_url=addresses.base_url)
    return bodies


def _plan(
    callout: Callout,
    extension: Extension | None,
    *,
    url: str | None,
    body: Mapping[str, Any] | None,
    app_id: str,
) -> Plan:
    if body is None:
        return Drop()
    if extension is None:
        return Fail(f"The custom extension {callout.extension_id} no longer exists.")
    if url is None:
        return Fail(unresolved(extension.endpoint))
    proof = credential(extension.endpoint, extension.authentication, url=url, app_id=app_id)
    return Send(
        Outgoing(
            callout_id=callout.id,
            extension_id=extension.id,
            url=url,
            body=msgspec.json.encode(body),
            credential=proof,
            timeout=extension.timeout,
            retries=extension.retries,
            keeps_reply=extension.replies,
        )
    )
