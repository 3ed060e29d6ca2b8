"""A request as it came, before anything about it is believed."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from ostiary.graph.errors import BadRequest, NotFound
from ostiary.graph.types import Version

METHODS = frozenset({"GET", "POST", "PATCH", "PUT", "DELETE"})


class Incoming(msgspec.Struct, frozen=True, kw_only=True):
    """A request as it came. ``path`` is still encoded and begins with the version."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes
    base_url: str
    request_id: str

    @property
    def client_id(self) -> str:
        """The caller's own id for the request where it can be repeated, else the server's."""
        own = self.headers.get("client-request-id")
        return own if own and len(own) <= 128 and own.isprintable() else self.request_id


def split_version(path: str) -> tuple[Version, str]:
    """Split a path into its version and the rest.

    :raises BadRequest: the version is none that there is.
    :raises NotFound: the path is empty.
    """
    name, _, below = path.lstrip("/").partition("/")
    for version in Version:
        if name.lower() == version.value:
            return version, below
    if name:
        raise BadRequest(f"Invalid version: {name[:40]}. Paths start with /v1.0 or /beta.")
    raise NotFound("Paths of the API start with /v1.0 or /beta.")
