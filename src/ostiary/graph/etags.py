"""Entity tags: a weak hash of what an entity says, for callers that write only what they have read.

The tag does not depend on the root, the selection or the expansions of the request.
"""

from __future__ import annotations

import hashlib
import re

import msgspec

from ostiary.graph.edm import describe
from ostiary.graph.errors import BadRequest, PreconditionFailed
from ostiary.graph.types import UNSET, Complex, Entity, Version
from ostiary.graph.writing import Writer

_TAG = re.compile(r'^(?:W/)?"[^"]*"$')
_writer = Writer(Version.V1, include_unknown=True, metadata="none")


def etag(entity: Entity) -> str:
    """Give the tag of an entity in its present state."""
    navigations = {p.name for p in describe(type(entity)).properties.values() if p.nav}
    written = {n: v for n, v in _writer.entity(entity).items() if n not in navigations}
    digest = hashlib.blake2b(msgspec.json.encode(written), digest_size=12).hexdigest()
    return f'W/"{digest}"'


def matches(header: str, tag: str) -> bool:
    """Say whether ``If-Match`` or ``If-None-Match`` names the tag, compared weakly.

    :raises BadRequest: the header is neither ``*`` nor a list of quoted tags.
    """
    names = [name.strip() for name in header.split(",")]
    for name in names:
        if name != "*" and not _TAG.match(name):
            raise BadRequest(f"'{name}' is no entity tag: tags stand in quotation marks.")
    return "*" in names or tag.removeprefix("W/") in {n.removeprefix("W/") for n in names}


def require(header: str, entity: Entity) -> None:
    """Let a write pass only when the caller has seen the present state.

    :raises PreconditionFailed: the entity has changed since.
    """
    if not matches(header, etag(entity)):
        raise PreconditionFailed()


def require_unchanged(seen: Entity, present: Complex) -> None:
    """Let a write go on only when what it is about to change is still what the tag was made of.

    ``present`` is read in the transaction of the write. It may leave out what others work out, and
    hold what readers do not see, so only what both say is compared.

    :raises PreconditionFailed: another write came between.
    """
    for prop in describe(type(seen)).properties.values():
        if prop.nav is None:
            before, now = getattr(seen, prop.python), getattr(present, prop.python, UNSET)
            if UNSET not in (before, now) and before != now:
                raise PreconditionFailed()
